"""Pictures of one network: the weights of its first layer, its confusions, its worst mistakes."""

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from nnexp.plots.style import DIM, FAINT, INK, SHADES, SMALL, TICK, Picture, contrast, panel, picture

Floats = NDArray[np.floating]
Labels = NDArray[np.integer]
MOST_NEURONS = 100
WORST, IN_A_ROW = 24, 8
MISTAKES = ListedColormap(["white", *SHADES.reversed()(np.linspace(0, 1, 255))], "mistakes")


def first_layer(weights: Floats, image_shape: tuple[int, int], of: str = "") -> Picture:
    """The weights into each hidden neuron as an image, all on one scale that is symmetric about 0.

    From blue (negative) by grey (0) to yellow (positive), which is dark to light. The 0.2 % largest weights
    share the ends of the scale.

    Args:
        weights: (hidden_size, height * width); the first 100 rows are shown.
        image_shape: (height, width) of an input.
        of: whose weights they are, for the title.
    """
    shown = weights[:MOST_NEURONS]
    columns = int(np.ceil(np.sqrt(len(shown) * 2)))
    largest = float(np.quantile(np.abs(shown), 0.998)) or 1.0
    notes = ["One image per hidden neuron, row by row"]
    if len(shown) < len(weights):
        notes.append(f"The first {len(shown)} of {len(weights)} neurons")
    figure = picture(f"Weights of the first layer{of and f', {of}'}", notes, height=5)
    axes = panel(figure, "", "")
    axes.set_axis_off()
    tiles = _tiled(shown.reshape(-1, *image_shape), columns)
    image = axes.imshow(tiles, cmap="cividis", norm=Normalize(-largest, largest), interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, extend="both", shrink=0.8)
    bar.set_label("weight", fontsize=TICK)
    bar.ax.tick_params(labelsize=SMALL)
    return figure


def confusion_matrix(labels: Labels, outputs: Floats, of: str = "", part: str = "validation") -> Picture:
    """How often each class was read as each other one; only the mistakes are shaded.

    Args:
        labels: (n,), the true classes.
        outputs: (n, C), the network's outputs; the largest is its answer.
        of: whose mistakes they are, for the title.
        part: the examples' part of the data.
    """
    classes = outputs.shape[1]
    answers = outputs.argmax(1)
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, answers), 1)
    mistakes = np.where(np.eye(classes, dtype=bool), 0, counts)
    wrong, n = int(mistakes.sum()), len(labels)
    right = 100 * (1 - wrong / max(n, 1))
    notes = [f"{wrong:,} of {n:,} {part} examples read wrongly (accuracy {right:.2f} %); shaded: mistakes"]
    side = max(6.5, 2.2 + 0.5 * classes)
    figure = picture(f"Confusion matrix{of and f', {of}'}", notes, side + 0.6, side)
    axes = panel(figure, "read as", "true class")
    axes.grid(visible=False)
    axes.imshow(mistakes, cmap=MISTAKES, norm=Normalize(0, max(mistakes.max(), 1)))
    axes.set_xticks(range(classes))
    axes.set_yticks(range(classes))
    for row, column in zip(*np.nonzero(counts), strict=True):
        shade = MISTAKES(mistakes[row, column] / max(mistakes.max(), 1))
        axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=SMALL,
                  color=DIM if row == column else contrast(shade))  # fmt: skip
    return figure


def worst_mistakes(
    labels: Labels, outputs: Floats, images: Floats, of: str = "", part: str = "validation"
) -> Picture:
    """The 24 mistakes in which the network was surest: largest margin of its answer over the true class.

    Args:
        labels: (n,), the true classes.
        outputs: (n, C), the network's outputs.
        images: (n, height, width).
        of: whose mistakes they are, for the title.
        part: the examples' part of the data.
    """
    rows = np.arange(len(labels))
    answers = outputs.argmax(1)
    wrong = rows[answers != labels]
    margin = outputs[wrong, answers[wrong]] - outputs[wrong, labels[wrong]]
    worst = wrong[np.argsort(-margin, kind="stable")][:WORST]
    notes = ["Above: true class → the network's answer; below: its output for that answer"]
    title = f"The {len(worst)} worst of {len(wrong):,} mistakes" if len(wrong) else "No mistakes"
    lines = max(1, -(-len(worst) // IN_A_ROW))
    heading = f"{title} on {part} data{of and f', {of}'}"
    figure = picture(heading, notes if len(worst) else [], height=1.0 + 1.4 * lines)
    axes = panel(figure, "", "")
    axes.set_axis_off()
    for number, row in enumerate(worst):
        top, left = 1.65 * (number // IN_A_ROW), 1.25 * (number % IN_A_ROW)
        axes.imshow(
            images[row], cmap="gray_r", interpolation="nearest", extent=(left, left + 1, top + 1, top)
        )
        axes.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=FAINT))
        words: dict[str, Any] = {"ha": "center", "color": INK}
        told = f"{labels[row]} → {answers[row]}"
        axes.text(left + 0.5, top - 0.06, told, va="bottom", fontsize=TICK, **words)
        sure = f"{outputs[row, answers[row]]:.3f}"
        axes.text(left + 0.5, top + 1.06, sure, va="top", fontsize=SMALL, **words)
    axes.set_xlim(0, 1.25 * IN_A_ROW - 0.25)
    axes.set_ylim(1.65 * lines - 0.35, -0.35)
    return figure


def _tiled(images: Floats, columns: int) -> Floats:
    """Images (K, height, width) side by side, `columns` in a row, one empty pixel between them."""
    count, height, width = images.shape
    rows = -(-count // columns)
    gap = max(1, height // 14)
    tiles = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        tiles[top : top + height, left : left + width] = image
    return tiles

"""Pictures of one network: the weights of its first layer, its confusions, its worst mistakes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize, PowerNorm
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from nnexp.plots.style import (
    DIM,
    FAINT,
    INK,
    SHADES,
    SMALL,
    TICK,
    Picture,
    contrast,
    panel,
    picture,
    write_notes,
)

Floats = NDArray[np.floating]
Labels = NDArray[np.integer]
MOST_NEURONS = 100
WORST, IN_A_ROW = 24, 8
MISTAKES = ListedColormap(["white", *SHADES(np.linspace(0, 1, 255))], "mistakes")
SHARES = PowerNorm(0.5, 0, 100)  # of a class's examples, %; fixed, so that pictures compare


def first_layer(weights: Floats, image_shape: tuple[int, int], of: str = "") -> Picture:
    """The weights into each hidden neuron as an image, all on one scale that is symmetric about 0.

    From yellow (negative) by grey (0) to blue (positive), which is light to dark. The 0.2 % largest weights
    share the ends of the scale.

    Args:
        weights: (hidden_size, height * width); the first 100 rows are shown.
        image_shape: (height, width) of an input.
        of: whose weights they are, for the title.
    """
    part = weights[:MOST_NEURONS]
    columns = int(np.ceil(np.sqrt(len(part) * 2)))
    largest = float(np.quantile(np.abs(part), 0.998)) or 1.0
    notes = ["One image per hidden neuron, row by row. Blue: positive, yellow: negative"]
    if len(part) < len(weights):
        notes.append(f"The first {len(part)} of {len(weights)} neurons")
    beyond = float((np.abs(part) > largest).mean())
    if beyond:
        notes.append(f"{100 * beyond:.1f} % of the weights lie beyond the scale, in the shades of its ends")
    figure = picture(f"Weights of the first layer{of and f', {of}'}", height=5)
    axes = panel(figure, "", "")
    axes.set_axis_off()
    tiles = _tiles(part.reshape(-1, *image_shape), columns)
    image = axes.imshow(tiles, cmap="cividis_r", norm=Normalize(-largest, largest), interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, extend="both" if beyond else "neither", shrink=0.8)
    bar.set_label("weight", fontsize=TICK)
    bar.ax.tick_params(labelsize=SMALL)
    write_notes(figure, notes)
    return figure


def confusion_matrix(labels: Labels, outputs: Floats, of: str = "", part: str = "validation") -> Picture:
    """How often each class was read as each other one; the mistakes are shaded by their share of the class.

    The scale of shades is the same in every picture, so that a single mistake stays light. It goes with the
    root of the share, for most are small.

    Args:
        labels: (n,), the true classes.
        outputs: (n, C), the network's outputs; the largest is its answer.
        of: whose mistakes they are, for the title.
        part: the examples' part of the data.
    """
    classes = outputs.shape[1]
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, outputs.argmax(1)), 1)
    mistakes = np.where(np.eye(classes, dtype=bool), 0, counts)
    shares = 100 * mistakes / np.maximum(counts.sum(1, keepdims=True), 1)
    wrong, n = int(mistakes.sum()), len(labels)
    right = 100 * (1 - wrong / max(n, 1))
    side = max(6.5, 2.2 + 0.5 * classes)
    figure = picture(f"Confusion matrix{of and f', {of}'}", side + 1.4, side)
    axes = panel(figure, "read as", "true class")
    axes.grid(visible=False)
    image = axes.imshow(shares, cmap=MISTAKES, norm=SHARES)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 1, 5, 20, 50, 100])
    bar.set_label("mistakes (% of the true class)", fontsize=TICK)
    bar.ax.tick_params(labelsize=SMALL)
    axes.set_xticks(range(classes))
    axes.set_yticks(range(classes))
    for row, column in zip(*np.nonzero(counts), strict=True):
        color = DIM if row == column else contrast(MISTAKES(SHARES(shares[row, column])))
        axes.text(
            column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=SMALL, color=color
        )
    write_notes(figure, [f"{wrong:,} of {n:,} {part} examples read wrongly (accuracy {right:.2f} %)"])
    return figure


def worst_mistakes(
    labels: Labels, outputs: Floats, images: Floats, of: str = "", part: str = "validation"
) -> Picture:
    """The 24 mistakes in which the network was surest: largest margin of its answer over the true class.

    The worst comes first, row by row; below each image stand the two outputs that make its margin.

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
    title = f"The {len(worst)} worst of {len(wrong):,} mistakes" if len(wrong) else "No mistakes"
    lines = max(1, -(-len(worst) // IN_A_ROW))
    figure = picture(f"{title} on {part} data{of and f', {of}'}", height=1.2 + 1.4 * lines)
    axes = panel(figure, "", "")
    axes.set_axis_off()
    for number, row in enumerate(worst):
        place = (1.25 * (number % IN_A_ROW), 1.65 * (number // IN_A_ROW))
        above = f"{labels[row]} → {answers[row]}"
        below = f"{outputs[row, answers[row]]:.2f}:{outputs[row, labels[row]]:.2f}"
        _draw_mistake(axes, images[row], place, above, below)
    axes.set_xlim(0, 1.25 * IN_A_ROW - 0.25)
    axes.set_ylim(1.65 * lines - 0.35, -0.35)
    if len(worst):
        below = "Below: its output for that answer : its output for the true class"
        order = "The larger their difference the worse, the worst first"
        write_notes(figure, ["Above: true class → the network's answer", below, order])
    return figure


def _draw_mistake(axes: Axes, image: Floats, place: tuple[float, float], above: str, below: str) -> None:
    """An image in a frame, one unit wide, with a line above and one below."""
    left, top = place
    axes.imshow(image, cmap="gray_r", interpolation="nearest", extent=(left, left + 1, top + 1, top))
    axes.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=FAINT))
    words: dict[str, Any] = {"ha": "center", "color": INK}
    axes.text(left + 0.5, top - 0.06, above, va="bottom", fontsize=TICK, **words)
    axes.text(left + 0.5, top + 1.06, below, va="top", fontsize=SMALL, **words)


def _tiles(images: Floats, columns: int) -> Floats:
    """Images (K, height, width) side by side, `columns` in a row, one empty pixel between them."""
    count, height, width = images.shape
    rows = -(-count // columns)
    gap = max(1, height // 14)
    tiles = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        tiles[top : top + height, left : left + width] = image
    return tiles

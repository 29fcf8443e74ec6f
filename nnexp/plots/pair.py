"""The learning curves of single runs, over each other."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from nnexp.files import replacing
from nnexp.nn.result import History
from nnexp.plots.style import WIDTH, Picture, legend, lines, measure, panel, picture, png, svg

PARTS = ("training", "validation")


def run_curves(histories: Mapping[str, History]) -> Picture:
    """Accuracy and cost of runs against the epoch, on training and validation data: name -> history."""
    longest = max(map(len, histories))
    figure = picture("Learning curves", [], WIDTH + 2.5 + 0.07 * longest)
    looks = lines(len(PARTS) * len(histories))
    for column, what in enumerate(("accuracy", "cost"), start=1):
        told = measure(what)
        axes = panel(figure, "epoch", told.label, (1, 2, column))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        for number, (name, history) in enumerate(histories.items()):
            epochs = np.array(history.get("epoch", []), dtype=float)
            for place, part in enumerate(PARTS):
                values = np.array(history.get(f"{part}_{what}", []), dtype=float)
                step = max(len(values) // 6, 1)
                axes.plot(
                    epochs,
                    told.factor * values,
                    **looks[len(PARTS) * number + place],
                    markevery=step,
                    markersize=5,
                    label=f"{name}, {part}",
                )
    legend(figure.axes[1])
    return figure


def save_curves(path: Path, histories: Mapping[str, History]) -> None:
    """Write the picture of `run_curves` to a file, PNG or SVG by its name."""
    figure = run_curves(histories)
    content = png(figure) if path.suffix == ".png" else svg(figure, path.stem)
    with replacing(path) as file:
        file.write(content)

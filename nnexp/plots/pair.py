"""The learning curves of single runs, over each other."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nnexp.files import replacing
from nnexp.nn.result import History
from nnexp.plots.measures import measure_of
from nnexp.plots.metric_scales import metric_scale, set_scale
from nnexp.plots.style import WIDTH, Picture, legend, lines, panel, picture, png, svg, write_notes

PARTS = ("training", "validation")


def run_curves(histories: Mapping[str, History]) -> Picture:
    """Accuracy and cost of runs against the epoch, on training and validation data: name -> history."""
    longest = max(map(len, histories))
    figure = picture("Learning curves", WIDTH + 2.5 + 0.07 * longest)
    notes = []
    for column, what in enumerate(("accuracy", "cost"), start=1):
        measure = measure_of(what)
        axes = panel(figure, "epoch", measure.label, (1, 2, column))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        curves = {
            f"{name}, {part}": (
                _column(history, "epoch"),
                measure.factor * _column(history, f"{part}_{what}"),
            )
            for name, history in histories.items()
            for part in PARTS
        }
        for (name, (epochs, values)), look in zip(curves.items(), lines(len(curves)), strict=True):
            axes.plot(epochs, values, **look, markevery=max(len(values) // 6, 1), markersize=5, label=name)
        scale = metric_scale(measure, np.concatenate([values for _, values in curves.values()]))
        set_scale(axes.yaxis, scale)
        notes += scale.notes(measure)
    legend(figure.axes[1])
    write_notes(figure, notes)
    return figure


def _column(history: History, name: str) -> NDArray[np.float64]:
    return np.array(history.get(name, []), dtype=float)


def save_curves(path: Path, histories: Mapping[str, History]) -> None:
    """Write the picture of `run_curves` to a file, PNG or SVG by its name."""
    figure = run_curves(histories)
    content = png(figure) if path.suffix == ".png" else svg(figure, path.stem)
    with replacing(path) as file:
        file.write(content)

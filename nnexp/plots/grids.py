"""A metric over two axes, as a heat map with its values."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from nnexp.plots.along_axis import compared, mean_low_high, notes_on_points, on_axes, on_data
from nnexp.plots.scales import categories
from nnexp.plots.style import (
    BROKEN,
    HEIGHT,
    SHADES,
    SMALL,
    TICK,
    WIDTH,
    Picture,
    contrast,
    measure,
    panel,
    picture,
)
from nnexp.results.by_point import accuracy_metric
from nnexp.sweep.question.plan import Plan

Floats = NDArray[np.float64]


def heat_map(plan: Plan, runs: pd.DataFrame, summary: pd.DataFrame, metric: str | None = None) -> Picture:
    """A metric over the two axes of a sweep: the mean of each point by shade and as a number.

    Below the mean stands half the width of its interval. The best point is framed once all runs have ended.
    A point without a finished run says how its runs ended.

    Args:
        plan: of exactly two axes; the first runs along x.
        runs, summary: the frames of runs.csv and summary.csv.
        metric: a metric of summary.csv; by default the validation accuracy that points are compared by.
    """
    metric = metric or accuracy_metric(plan)
    told, best = measure(metric), compared(plan, runs).best
    x, y = (categories([point[axis] for point in plan.points]) for axis in plan.axes)
    cell = max(0.9, *(0.1 * len(label) + 0.15 for label in x.ticks.values()))  # inches
    figure = picture(
        f"{told.name}{on_axes(plan)}{on_data(plan)}",
        [*notes_on_points(metric, summary), *["Framed: the best point"] * (best is not None)],
        width=max(WIDTH, 3 + cell * len(x.ticks)),
        height=max(HEIGHT, 2 + 0.5 * len(y.ticks)),
    )
    axes = panel(figure, plan.axes[0], plan.axes[1])
    axes.grid(visible=False)
    axes.set_xticks(list(x.ticks), list(x.ticks.values()))
    axes.set_yticks(list(y.ticks), list(y.ticks.values()))
    mean = mean_low_high(summary, metric, told.factor)[0]
    grid = np.full((len(y.ticks), len(x.ticks)), np.nan)
    grid[y.places.astype(int), x.places.astype(int)] = mean
    norm = norm_of(mean)
    axes.pcolormesh(*map(np.arange, grid.shape[::-1]), grid, cmap=SHADES, norm=norm, edgecolors="white")
    shade_bar(figure, axes, norm, mean, told.label)
    words = _words(summary, metric, told.factor)
    for number, place in enumerate(zip(x.places, y.places, strict=True)):
        color = contrast("white" if np.isnan(mean[number]) else SHADES(norm(mean[number])))
        axes.text(*place, words[number], ha="center", va="center", fontsize=SMALL, color=color)
        if number == best:
            corner = (place[0] - 0.47, place[1] - 0.45)
            axes.add_patch(Rectangle(corner, 0.94, 0.9, fill=False, edgecolor=BROKEN, linewidth=3))
    return figure


def norm_of(values: Floats) -> Normalize:
    """Shades from the lowest to the highest value; values far below the others share the darkest one."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Normalize(0, 1)
    low, high = np.quantile(known, [0.25, 0.75])
    lowest = max(known.min(), low - 3 * (high - low))
    return Normalize(lowest, known.max() if known.max() > lowest else lowest + 1)


def shade_bar(figure: Figure, axes: Axes, norm: Normalize, values: Floats, label: str) -> None:
    """What the shades mean, right of the picture."""
    below = bool((norm(values) < 0).any())
    bar = figure.colorbar(ScalarMappable(norm, SHADES), ax=axes, extend="min" if below else "neither")
    bar.set_label(label, fontsize=TICK)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)


def _words(summary: pd.DataFrame, metric: str, factor: float) -> list[str]:
    """Of each point: mean and half an interval, then the runs that have no part in them."""
    mean, low, high = mean_low_high(summary, metric, factor)
    digits = 2 if factor == 100 else 3
    words = []
    for number, half in enumerate((high - low) / 2):
        told = [] if np.isnan(mean[number]) else [f"{mean[number]:.{digits}f}"]
        told += [] if np.isnan(half) else [f"± {half:.{digits}f}"]
        for kind in ("diverged", "failed"):
            count = summary[kind].iloc[number]
            told += [f"{count} {kind}"] if count else []
        words.append("\n".join(told))
    return words

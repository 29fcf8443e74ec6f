"""A metric over more than two axes, as parallel coordinates."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nnexp.plots.along_axis import compared, mean_low_high, notes_on_points, on_axes, on_data
from nnexp.plots.grids import norm_of
from nnexp.plots.scales import Scale, categories
from nnexp.plots.style import BROKEN, DIM, INK, LABEL, SHADES, SMALL, WIDTH, Picture, measure, panel, picture
from nnexp.results.by_point import accuracy_metric
from nnexp.sweep.question.plan import Plan

Floats = NDArray[np.float64]
MANY = 300  # lines from which on they are pixels in an SVG file too
MOST_TICKS = 12
SPREAD, WIDEST = 0.55, 0.12  # of the room of a value, and of an axis, that the lines of a value take at most
PLATE = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5}


def parallel_coordinates(
    plan: Plan, runs: pd.DataFrame, summary: pd.DataFrame, metric: str | None = None
) -> Picture:
    """A line per point through its values on every axis to its mean of the metric.

    The values of an axis are evenly spaced; where lines meet in a value they lie side by side, in order of
    the metric. The darker, the higher; thick is the best point. Points without a finished run end in a cross
    below.

    Args:
        plan: of one axis or more.
        runs, summary: the frames of runs.csv and summary.csv.
        metric: a metric of summary.csv; by default the validation accuracy that points are compared by.
    """
    metric = metric or accuracy_metric(plan)
    told, best = measure(metric), compared(plan, runs).best
    mean = mean_low_high(summary, metric, told.factor)[0]
    scales = [categories([point[axis] for point in plan.points]) for axis in plan.axes]
    notes = [
        *notes_on_points(metric, summary, bars=False),
        "A line is a point; dark: high" + "; thick: the best" * (best is not None),
    ]
    figure = picture(f"{told.name}{on_axes(plan)}{on_data(plan)}", notes,
                     width=max(WIDTH, 2.2 + 1.9 * len(plan.axes)), height=5)  # fmt: skip
    axes = panel(figure, "", "")
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks(range(len(plan.axes) + 1), [*plan.axes, told.label], fontsize=LABEL)
    axes.tick_params(axis="x", length=0, pad=10)
    heights = np.column_stack([*(_heights(scale, mean) for scale in scales), _result(mean)])
    _draw_lines(axes, heights, norm_of(mean)(mean), best)
    for column, scale in enumerate(scales):
        _draw_values(axes, column, scale)
    _draw_results(axes, len(scales), mean)
    axes.set_xlim(-0.35, len(scales) + 0.3)
    return figure


def _heights(scale: Scale, mean: Floats) -> Floats:
    """Where each point crosses an axis, 0 to 1: at its value, a little higher the better the point is."""
    rank = np.argsort(np.argsort(np.nan_to_num(mean, nan=-np.inf), kind="stable"))
    beside = rank / max(len(mean) - 1, 1) - 0.5
    room = 1 / len(scale.ticks)
    heights: Floats = (scale.places + 0.5) * room + min(SPREAD * room, WIDEST) * beside
    return heights


def _result(mean: Floats) -> Floats:
    """Where each point ends, 0 to 1 from the lowest mean to the highest, below 0 where it has none."""
    low, high = _range(mean)
    return np.where(np.isnan(mean), -0.12, (mean - low) / (high - low))


def _range(mean: Floats) -> tuple[float, float]:
    known = mean[~np.isnan(mean)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _draw_lines(axes: Axes, heights: Floats, shades: Floats, best: int | None) -> None:
    """The worst points first, the best one last and thick."""
    order = sorted(range(len(heights)), key=lambda k: (k == best, heights[k, -1]))
    columns = np.arange(heights.shape[1])
    thin = 1.3 if len(order) <= MANY else 0.5
    known = heights[:, -1] >= 0
    axes.add_collection(
        LineCollection(
            [np.column_stack([columns, heights[k]]) for k in order],
            colors=[SHADES(1 - shades[k]) if known[k] else BROKEN for k in order],
            linewidths=[4 if k == best else thin for k in order],
            linestyles=["-" if known[k] else (0, (2, 2)) for k in order],
            rasterized=len(order) > MANY,
            zorder=2,
        )
    )


def _draw_values(axes: Axes, column: int, scale: Scale) -> None:
    """An upright axis with its values, as many as there is room for."""
    axes.plot([column, column], [0, 1], color=DIM, linewidth=1, zorder=1)
    step = -(-len(scale.ticks) // MOST_TICKS)
    for place, label in [*scale.ticks.items()][::step]:
        axes.text(column - 0.03, (place + 0.5) / len(scale.ticks), label, ha="right", va="center",
                  fontsize=SMALL, color=INK, zorder=4, bbox=PLATE)  # fmt: skip


def _draw_results(axes: Axes, column: int, mean: Floats) -> None:
    """The last axis: the metric itself, and a cross for points without any."""
    low, high = _range(mean)
    axes.plot([column, column], [0, 1], color=DIM, linewidth=1, zorder=1)
    ticks = [tick for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high]
    for tick in ticks:
        axes.text(
            column + 0.04, (tick - low) / (high - low), f"{tick:g}", va="center", fontsize=SMALL, color=INK
        )
    if np.isnan(mean).any():
        axes.plot(column, -0.12, "X", color=BROKEN, markersize=9, zorder=5)
        axes.text(column + 0.06, -0.12, "no run\nfinished", va="center", fontsize=SMALL, color=INK)

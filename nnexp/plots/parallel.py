"""A metric over more than two axes, as parallel coordinates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from nnexp.plots.metric_scales import MetricScale, tick_text
from nnexp.plots.point_values import PointValues, by_axes, meaning_of_signs, on_data, point_values
from nnexp.plots.scales import categories
from nnexp.plots.style import (
    CROSS,
    DIM,
    INK,
    LABEL,
    MARKS,
    NO_RESULT,
    SHADES,
    SMALL,
    WIDTH,
    Picture,
    panel,
    picture,
    write_notes,
)
from nnexp.sweep.question.plan import Plan

Floats = NDArray[np.float64]
MANY = 300  # lines from which on they are pixels in an SVG file too
MOST_BARS = 12  # points up to which each has its interval
MOST_TICKS = 12
SPREAD, WIDEST = 0.55, 0.12  # of the room of a value, and of an axis, that the lines of a value take at most
BESIDE = 0.2  # of the room between axes: what the intervals take, right of the last one
NOWHERE = -0.12  # where points without a value end
PLATE = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5}


def parallel_coordinates(plan: Plan, runs: pd.DataFrame, metric: str | None = None) -> Picture:
    """A line per point through its values on every axis to its mean of the metric, with mark and interval.

    The values of an axis are evenly spaced; where lines meet in a value they lie side by side, in order of
    the metric. The darker, the higher; thick is the best point. Points without a finished run end in a cross
    below. With more than 12 points there is no room for intervals.

    Args:
        plan: of one axis or more.
        runs: the frame of runs.csv.
        metric: a metric of runs.csv; by default the validation accuracy that points are compared by.
    """
    points = point_values(plan, runs, metric, intervals=len(plan.points) <= MOST_BARS)
    plan = points.plan
    scales = [categories([point[axis] for point in plan.points]) for axis in plan.axes]
    title = f"{points.measure.name}{by_axes(plan)}{on_data(plan)}"
    figure, axes = coordinates(title, [*plan.axes, points.measure.label])
    scale = points.scale()
    ends = height(scale, points.mean)
    rooms = [1 / len(axis.ticks) for axis in scales]
    columns = [
        side_by_side((axis.places + 0.5) * room, room, ends) for axis, room in zip(scales, rooms, strict=True)
    ]
    draw_lines(axes, columns, ends, [mark == "best" for mark in points.marks])
    for column, (axis, room) in enumerate(zip(scales, rooms, strict=True)):
        draw_values(axes, column, {(place + 0.5) * room: label for place, label in axis.ticks.items()})
    draw_results(axes, len(scales), scale, "no run\nfinished" if np.isnan(ends).any() else "")
    _draw_marks(axes, len(scales), scale, points)
    notes = [*points.notes, *meaning_of_signs(points.marks), *scale.notes(points.measure)]
    write_notes(figure, [*notes, "A line is a point; dark: high"])
    return figure


def coordinates(title: str, names: Sequence[str]) -> tuple[Picture, Axes]:
    """An empty picture with an upright axis for each name, the last one for results."""
    figure = picture(title, width=max(WIDTH, 0.3 + 1.9 * len(names)), height=5)
    axes = panel(figure, "", "")
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks(range(len(names)), names, fontsize=LABEL)
    axes.tick_params(axis="x", length=0, pad=10)
    axes.set_xlim(-0.35, len(names) - 1 + BESIDE + 0.25)
    return figure, axes


def height(scale: MetricScale, values: Any) -> Floats:
    """Where values lie on an axis, 0 to 1."""
    low, high = scale.forward([scale.low, scale.high])
    return np.asarray((scale.forward(values) - low) / (high - low))


def side_by_side(places: Floats, room: float, ends: Floats) -> Floats:
    """Where lines cross an axis of values one by one that have such a `room` each: a little above their
    value the better their end is."""
    rank = np.argsort(np.argsort(np.nan_to_num(ends, nan=-np.inf), kind="stable"))
    beside = rank / max(len(ends) - 1, 1) - 0.5
    heights: Floats = places + min(SPREAD * room, WIDEST) * beside
    return heights


def draw_lines(
    axes: Axes, columns: Sequence[Floats], ends: Floats, thick: Sequence[bool], dotted: Sequence[bool] = ()
) -> None:
    """Lines through these heights to their ends, the worst first and the thick ones last; a height that is
    missing lies below the axis."""
    heights = np.nan_to_num(np.column_stack([*columns, ends]), nan=NOWHERE)
    ends = heights[:, -1]
    order = sorted(range(len(heights)), key=lambda k: (thick[k], ends[k]))
    places = np.arange(heights.shape[1])
    thin = 1.3 if len(order) <= MANY else 0.5
    broken = [ends[k] < 0 or bool(dotted and dotted[k]) for k in order]
    axes.add_collection(
        LineCollection(
            [np.column_stack([places, heights[k]]) for k in order],
            colors=[SHADES(ends[k]) if ends[k] >= 0 else NO_RESULT for k in order],
            linewidths=[4 if thick[k] else thin for k in order],
            linestyles=[(0, (2, 2)) if each else "-" for each in broken],
            rasterized=len(order) > MANY,
            zorder=2,
        )
    )


def draw_values(axes: Axes, column: int, ticks: Mapping[float, str]) -> None:
    """An upright axis with its values (height -> label), as many as there is room for."""
    axes.plot([column, column], [0, 1], color=DIM, linewidth=1, zorder=1)
    step = -(-len(ticks) // MOST_TICKS)
    for place, label in [*ticks.items()][::step]:
        axes.text(column - 0.03, place, label, ha="right", va="center", fontsize=SMALL, color=INK, zorder=4,
                  bbox=PLATE)  # fmt: skip


def draw_results(axes: Axes, column: int, scale: MetricScale, without: str) -> None:
    """The last axis: the metric itself, its figures right of the intervals; below, what lines end in that are
    `without` a result, if any are."""
    axes.plot([column, column], [0, 1], color=DIM, linewidth=1, zorder=1)
    for tick in scale.ticks():
        axes.text(
            column + BESIDE,
            float(height(scale, tick)),
            tick_text(tick),
            va="center",
            fontsize=SMALL,
            color=INK,
        )
    if without:
        axes.plot(column, NOWHERE, **CROSS, zorder=5)
        axes.text(column + BESIDE, NOWHERE, without, va="center", fontsize=SMALL, color=INK)


def _draw_marks(axes: Axes, column: int, scale: MetricScale, points: PointValues) -> None:
    """At the end of each line its mark, and right of it its interval."""
    ends, lows, highs = (height(scale, values) for values in (points.mean, points.low, points.high))
    places = column + np.linspace(0, BESIDE - 0.05, len(ends) + 1)[1:]
    for place, end, low, high, name in zip(places, ends, lows, highs, points.marks, strict=True):
        if np.isnan(end):
            continue
        color = SHADES(end)
        axes.plot([place, place], [low, high], color=color, linewidth=2, zorder=1.5, label="_interval")
        look = {"color": color, "markeredgecolor": color, "clip_on": False} | MARKS[name].look
        look["markersize"] *= 1 if len(ends) <= MOST_BARS else 0.6
        axes.plot(column, end, **look, zorder=5, label=f"_{name}")

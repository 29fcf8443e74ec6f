"""A metric at every point along a sweep's leading axis, with its interval."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Transform, blended_transform_factory, offset_copy

from nnexp.plots.metric_scales import set_scale
from nnexp.plots.point_values import (
    PointValues,
    by_axes,
    leading_axis,
    notes_on_axes,
    on_data,
    point_values,
)
from nnexp.plots.scales import Scale, along_x, axis_scale, labels_with_room
from nnexp.plots.style import (
    CROSS,
    HEIGHT,
    INK,
    MARKS,
    POINT,
    SEED,
    SMALL,
    Picture,
    legend,
    panel,
    picture,
    write_notes,
)
from nnexp.sweep.question.plan import Plan

LENGTH = 4.6  # inches that the x axis has at least


def metric_by_axis(
    plan: Plan, runs: pd.DataFrame, summary: pd.DataFrame, metric: str | None = None
) -> Picture:
    """A metric along the leading axis of a sweep: mean and 95 % interval per point, and every run as a dot.

    Numbers lie along x, on the scale that suits them; other values are rows, one below the other. The best
    point on validation, and those not distinguishable from it, are marked once all runs have ended. A cross
    at the edge says how many runs of a point diverged or failed.

    Args:
        plan: with a `leading_axis`.
        runs, summary: the frames of runs.csv and summary.csv.
        metric: a metric of summary.csv; by default the validation accuracy that points are compared by.
    """
    axis = leading_axis(plan)
    assert axis is not None
    points = point_values(plan, runs, summary, metric)
    scale = axis_scale([point[axis] for point in plan.points])
    upright = scale.kind != "categories"
    height = HEIGHT if upright else max(2.6 + 0.45 * len(plan.points), 3.6)
    figure = picture(f"{points.measure.name}{by_axes(plan)}{on_data(plan)}", height=height)
    label = points.measure.label
    axes = panel(figure, axis, label) if upright else panel(figure, label, axis)
    notes = [*points.notes, *notes_on_axes(plan), *points.scale().notes(points.measure)]
    if upright:
        if without_label := along_x(axes, scale, LENGTH):
            notes.append(f"There is no room to name {axis}={', '.join(without_label)}")
    else:
        axes.set_yticks(list(scale.ticks), list(scale.ticks.values()))
        axes.set_ylim(len(scale.ticks) - 0.5, -0.5)
    set_scale(axes.yaxis if upright else axes.xaxis, points.scale())
    _draw_runs(axes, scale, points)
    _draw_means(axes, scale, points)
    _draw_without_result(axes, scale, summary)
    legend(axes)
    write_notes(figure, notes)
    return figure


def _at(scale: Scale, along: Any, value: Any) -> tuple[Any, Any]:
    """x and y of a value at a place along the axis."""
    return (value, along) if scale.kind == "categories" else (along, value)


def _draw_runs(axes: Axes, scale: Scale, points: PointValues) -> None:
    """A dot per run, a little beside its point's mean; large where they fall into two groups."""
    if points.runs.shape[1] == 1:
        return
    x, y = (0, -8) if scale.kind == "categories" else (8, 0)
    beside = offset_copy(axes.transData, axes.get_figure(root=True), x, y, units="points")
    for two, size, color in ((False, 6, SEED), (True, 9, INK)):
        members = points.bimodal == two
        look: dict[str, Any] = {"marker": ".", "linestyle": "none", "color": color, "markersize": size}
        for seed, values in enumerate(points.runs[members].T if members.any() else ()):
            label = "_" * (two or seed > 0) + "a run"
            x, y = _at(scale, scale.places[members], values)
            axes.plot(x, y, **look, transform=beside, zorder=2, label=label)


def _draw_means(axes: Axes, scale: Scale, points: PointValues) -> None:
    """Error bars, a line where places are numbers, and markers by how points compare with the best."""
    mean, low, high = points.mean, points.low, points.high
    if scale.kind != "categories":
        order = [k for k in np.argsort(scale.places, kind="stable") if not np.isnan(mean[k])]
        axes.plot(scale.places[order], mean[order], color=POINT, linewidth=1.2, alpha=0.6, label="_line")
    bars = np.flatnonzero(~np.isnan(low))
    error = np.array([mean[bars] - low[bars], high[bars] - mean[bars]])
    look: dict[str, Any] = {"ecolor": POINT, "elinewidth": 2, "capsize": 5, "zorder": 3}
    look["xerr" if scale.kind == "categories" else "yerr"] = error
    axes.errorbar(*_at(scale, scale.places[bars], mean[bars]), fmt="none", **look)
    for name, mark in MARKS.items():
        members = [k for k, own in enumerate(points.marks) if own == name and not np.isnan(mean[k])]
        if members:
            x, y = _at(scale, scale.places[members], mean[members])
            look = {"linestyle": "none", "color": POINT, "markeredgecolor": POINT, "markeredgewidth": 1.6}
            axes.plot(x, y, **(look | mark.look), zorder=5, label=name.replace(" from ", "\nfrom "))


def _draw_without_result(axes: Axes, scale: Scale, summary: pd.DataFrame) -> None:
    """Below the values, a cross for each point with runs that diverged or failed, and how many."""
    count = summary["diverged"] + summary["failed"]
    words = {
        float(scale.places[k]): f"{count[k]}/{count[k] + summary['n'][k]}" for k in np.flatnonzero(count)
    }
    if not words:
        return
    upright = scale.kind != "categories"
    edge = _room_below(axes, upright)
    places = np.array(list(words))
    label = "diverged or failed,\nof all runs"
    axes.plot(*_at(scale, places, np.full(len(places), 0.05)), **CROSS, transform=edge, label=label)
    widths = {place: 0.1 * len(word) + 0.12 for place, word in words.items()}
    for place in labels_with_room(axes, widths, LENGTH) if upright else words:
        axes.annotate(
            words[place], _at(scale, place, 0.05), xycoords=edge,
            xytext=(0, 8) if upright else (9, 0), textcoords="offset points", fontsize=SMALL,
            color=INK, ha="center" if upright else "left", va="bottom" if upright else "center",
        )  # fmt: skip


def _room_below(axes: Axes, upright: bool) -> Transform:
    """Make room under the lowest value; coordinates there: data along the sweep's axis, share across it."""
    across = axes.yaxis if upright else axes.xaxis
    forward = across.get_transform()
    low, high = forward.transform(np.array(across.get_view_interval()))
    lowest = forward.inverted().transform(np.array([low - 0.2 * (high - low)]))[0]
    (axes.set_ylim if upright else axes.set_xlim)(lowest, None)
    parts = (axes.transData, axes.transAxes)
    return blended_transform_factory(*(parts if upright else parts[::-1]))

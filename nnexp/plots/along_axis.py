"""A metric at every point along a sweep's leading axis, with its interval."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from matplotlib.transforms import Transform, blended_transform_factory, offset_copy
from numpy.typing import NDArray

from nnexp.plots.metric_scales import set_scale, tick_text
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
    DIM,
    HEIGHT,
    INK,
    MARKS,
    POINT,
    SEED,
    SMALL,
    STUCK,
    WIDTH,
    Picture,
    legend,
    panel,
    picture,
    write_notes,
)
from nnexp.sweep.question.plan import Plan

Floats = NDArray[np.float64]
TO_BEST = "to the best (points)"
FAR = 4  # times the widest interval of a point that may be best: from there on differences are logarithmic
LENGTH = 4.6  # inches that the x axis has at least


def metric_by_axis(plan: Plan, runs: pd.DataFrame, metric: str | None = None) -> Picture:
    """A metric along the leading axis of a sweep: mean and 95 % interval per point, and every run as a dot.

    Numbers lie along x, on the scale that suits them; other values are rows, one below the other. The best
    point on validation, and those that may be the best, are marked once all runs have ended. A cross at the
    edge says how many runs of a point diverged or failed. Where points were compared, a second panel has the
    differences to the best: paired means, and Hsu's intervals, which hold for all points at once.

    Args:
        plan: with a `leading_axis`.
        runs: the frame of runs.csv.
        metric: a metric of runs.csv; by default the validation accuracy that points are compared by.
    """
    points = point_values(plan, runs, metric)
    plan, axis = points.plan, leading_axis(points.plan)
    assert axis is not None
    scale = axis_scale([point[axis] for point in plan.points])
    figure, axes, below = _panels(plan, points, axis, scale)
    notes = [*points.notes, *notes_on_axes(plan), *points.scale().notes(points.measure)]
    for each in filter(None, (axes, below)):
        if without_label := _set_places(each, scale):
            notes.append(f"There is no room to name {axis}={', '.join(without_label)}")
    set_scale(axes.yaxis if scale.kind != "categories" else axes.xaxis, points.scale())
    _draw_runs(axes, scale, points)
    _draw_means(axes, scale, (points.mean, points.low, points.high), points.marks)
    _draw_without_result(axes, scale, points.counts)
    legend(below if below and scale.kind == "categories" else axes, source=axes)
    if below and points.to_best is not None:
        notes += _draw_to_best(below, scale, points.to_best, points.marks)
    write_notes(figure, list(dict.fromkeys(notes)))
    return figure


def _panels(plan: Plan, points: PointValues, axis: str, scale: Scale) -> tuple[Picture, Axes, Axes | None]:
    """The figure, the panel of the metric, and the one of the differences to the best, if there are any."""
    title, label = f"{points.measure.name}{by_axes(plan)}{on_data(plan)}", points.measure.label
    two, rows = points.to_best is not None, max(2.6 + 0.45 * len(plan.points), 3.6)
    if scale.kind == "categories":
        figure = picture(title, WIDTH + 3 * two, rows)
        axes = panel(figure, label, axis, (1, 5, (1, 3)) if two else (1, 1, 1))
        beside = panel(figure, TO_BEST, "", (1, 5, (4, 5))) if two else None
        if beside:
            beside.tick_params(labelleft=False)
            beside.xaxis.set_major_locator(MaxNLocator(4))  # it is narrow
        return figure, axes, beside
    figure = picture(title, height=HEIGHT + 1.8 * two)
    axes = panel(figure, "" if two else axis, label, (3, 1, (1, 2)) if two else (1, 1, 1))
    if two:
        axes.tick_params(labelbottom=False)
    return figure, axes, panel(figure, axis, TO_BEST.replace(" (", "\n("), (3, 1, 3)) if two else None


def _set_places(axes: Axes, scale: Scale) -> list[str]:
    """Put the sweep's axis on its scale; the values for whose names there is no room."""
    if scale.kind != "categories":
        return along_x(axes, scale, LENGTH)
    axes.set_yticks(list(scale.ticks), list(scale.ticks.values()))
    axes.set_ylim(len(scale.ticks) - 0.5, -0.5)
    return []


def _at(scale: Scale, along: Any, value: Any) -> tuple[Any, Any]:
    """x and y of a value at a place along the axis."""
    return (value, along) if scale.kind == "categories" else (along, value)


def _draw_runs(axes: Axes, scale: Scale, points: PointValues) -> None:
    """A dot per run, a little beside its point's mean; another mark where it did not learn."""
    if points.runs.shape[1] == 1:
        return
    x, y = (0, -8) if scale.kind == "categories" else (8, 0)
    beside = offset_copy(axes.transData, axes.get_figure(root=True), x, y, units="points")
    dot: dict[str, Any] = {"marker": ".", "linestyle": "none", "color": SEED}
    for name, look, values in (("a run", dot, points.runs), ("a stuck run", STUCK, points.stuck)):
        for seed, of_seed in enumerate(values.T if not np.isnan(values).all() else ()):
            x, y = _at(scale, scale.places, of_seed)
            axes.plot(x, y, **look, transform=beside, zorder=2, label="_" * (seed > 0) + name)


def _draw_means(
    axes: Axes, scale: Scale, values: tuple[Floats, Floats, Floats], marks: Sequence[str]
) -> None:
    """Error bars of mean, low and high, a line where places are numbers, and markers by how points stand."""
    mean, low, high = values
    if scale.kind != "categories":
        order = [k for k in np.argsort(scale.places, kind="stable") if not np.isnan(mean[k])]
        axes.plot(scale.places[order], mean[order], color=POINT, linewidth=1.2, alpha=0.6, label="_line")
    bars = np.flatnonzero(~np.isnan(low))
    error = np.array([mean[bars] - low[bars], high[bars] - mean[bars]])
    look: dict[str, Any] = {"ecolor": POINT, "elinewidth": 2, "capsize": 5, "zorder": 3}
    look["xerr" if scale.kind == "categories" else "yerr"] = np.maximum(error, 0)
    axes.errorbar(*_at(scale, scale.places[bars], mean[bars]), fmt="none", **look)
    for key, mark in MARKS.items():
        members = [k for k, own in enumerate(marks) if own == key and not np.isnan(mean[k])]
        if members:
            x, y = _at(scale, scale.places[members], mean[members])
            look = {"linestyle": "none", "color": POINT, "markeredgecolor": POINT, "markeredgewidth": 1.6}
            axes.plot(x, y, **(look | mark.look), zorder=5, label=mark.name)


def _draw_to_best(axes: Axes, scale: Scale, to_best: Floats, marks: Sequence[str]) -> list[str]:
    """Differences with their intervals; logarithmic beyond those of points that may be best. What to note."""
    notes = ["Differences to the best: paired means, with intervals that hold for all points at once"]
    across = axes.xaxis if scale.kind == "categories" else axes.yaxis
    near = np.nanmax(abs(to_best[:, [mark != "worse" for mark in marks]]), initial=0)
    if near and np.nanmax(abs(to_best), initial=0) > FAR * near:
        edge = float(f"{near:.1g}")
        sideways = scale.kind == "categories"
        set_across = axes.set_xscale if sideways else axes.set_yscale
        set_across("symlog", linthresh=edge, linscale=1)
        least = (5 if sideways else 2) * edge  # side by side, labels take more room
        across.set_major_locator(FixedLocator([*_steps(least, -np.nanmin(to_best)), -edge, 0, edge]))
        across.set_minor_locator(NullLocator())
        across.set_major_formatter(tick_text)
        notes.append(f"Beyond {edge:g} points they lie on a logarithmic scale")
    (axes.axvline if scale.kind == "categories" else axes.axhline)(0, color=DIM, linewidth=1)
    _draw_means(axes, scale, (to_best[0], to_best[1], to_best[2]), marks)
    return notes


def _steps(low: float, high: float) -> list[float]:
    """At most three of -1, -2, -5 times powers of ten, from -`low` to -`high`."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = [
        -digit * 10.0**power for power in powers for digit in (1, 2, 5) if low <= digit * 10.0**power <= high
    ]
    return steps[::-1][:: -(-len(steps) // 3) or 1]


def _draw_without_result(axes: Axes, scale: Scale, counts: Mapping[str, NDArray[np.int64]]) -> None:
    """Below the values, a cross for each point with runs that diverged or failed, and how many."""
    lost, total = counts["diverged"] + counts["failed"], np.sum([*counts.values()], axis=0)
    words = {float(scale.places[k]): f"{lost[k]}/{total[k]}" for k in np.flatnonzero(lost)}
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

"""A metric at every point along a sweep's leading axis, with its interval."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Transform, blended_transform_factory, offset_copy
from numpy.typing import NDArray

from nnexp.plots.scales import Scale, along_x, fitting_labels, scale_of
from nnexp.plots.style import (
    BROKEN,
    HEIGHT,
    INK,
    SHADES,
    SMALL,
    Picture,
    legend,
    limits,
    measure,
    panel,
    picture,
)
from nnexp.results.by_point import accuracy_metric, samples
from nnexp.statistics.intervals import LEAST_SEEDS, Comparison, compare_with_best
from nnexp.sweep.question.plan import Plan
from nnexp.text import spelled

HERE = SHADES(0.25)
LENGTH = 4.6  # inches that the x axis has at least
GROUPS: dict[str, dict[str, Any]] = {  # how a point compares with the best one -> look of its marker
    "best": {"marker": "*", "markersize": 17, "markerfacecolor": HERE, "markeredgecolor": "none"},
    "not distinguishable\nfrom the best": {"marker": "o", "markersize": 8, "markerfacecolor": HERE},
    "worse than the best": {"marker": "o", "markersize": 8, "markerfacecolor": "white"},
    "mean": {"marker": "o", "markersize": 8, "markerfacecolor": HERE},
}


def metric_by_axis(
    plan: Plan, runs: pd.DataFrame, summary: pd.DataFrame, metric: str | None = None
) -> Picture:
    """A metric along the leading axis of a sweep: mean and 95 % interval per point, and every seed as a dot.

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
    metric = metric or accuracy_metric(plan)
    told, scale = measure(metric), scale_of([point[axis] for point in plan.points])
    upright = scale.kind != "categories"
    height = HEIGHT if upright else max(2.2 + 0.45 * len(plan.points), 3.2)
    title = f"{told.name}{on_axes(plan)}{on_data(plan)}"
    figure = picture(title, notes_on_points(metric, summary, dots=True), height=height)
    axes = panel(figure, axis, told.label) if upright else panel(figure, told.label, axis)
    comparison = compared(plan, runs)
    if upright:
        along_x(axes, scale, LENGTH, [] if comparison.best is None else [scale.places[comparison.best]])
    else:
        axes.set_yticks(list(scale.ticks), list(scale.ticks.values()))
        axes.set_ylim(len(scale.ticks) - 0.5, -0.5)
    values = told.factor * samples(plan, runs, [metric])[0]
    figures = mean_low_high(summary, metric, told.factor)
    _draw_seeds(axes, scale, values)
    _draw_means(axes, scale, figures, comparison)
    known = [*figures[~np.isnan(figures)], *values[~np.isnan(values)]]
    if known:
        limits(axes, told, min(known), max(known), upright)
    _draw_broken(axes, scale, summary)
    legend(axes)
    return figure


def leading_axis(plan: Plan) -> str | None:
    """The axis that tells all points apart: the only one, or the first of several that change together."""
    values = {spelled(point[axis]) for axis in plan.axes[:1] for point in plan.points}
    return plan.axes[0] if plan.axes and len(values) == len(plan.points) else None


def compared(plan: Plan, runs: pd.DataFrame) -> Comparison:
    """Every point against the best on validation; no best before all runs have ended."""
    values = samples(plan, runs, [accuracy_metric(plan)])[0]
    return compare_with_best(values if len(runs) == len(plan.runs) else np.full_like(values, np.nan))


def mean_low_high(summary: pd.DataFrame, metric: str, factor: float) -> NDArray[np.float64]:
    """Mean and interval of every point, (3, points), NaN where there is none."""
    columns = [f"{metric}_{part}" for part in ("mean", "low", "high")]
    return factor * summary[columns].to_numpy(np.float64, na_value=np.nan).T


def on_data(plan: Plan) -> str:
    """` on mnist`, or nothing where data is an axis."""
    names = {run.data.name for run in plan.runs}
    return f" on {names.pop()}" if len(names) == 1 else ""


def on_axes(plan: Plan) -> str:
    """` by batch_size and hidden_size`, or nothing without axes."""
    return (
        f" by {', '.join(plan.axes[:-1])}{' and ' * (len(plan.axes) > 1)}{plan.axes[-1]}" if plan.axes else ""
    )


def seeds_told(counts: Sequence[int]) -> str:
    """`5 seeds`, `3 to 5 seeds`."""
    few, most = min(counts, default=0), max(counts, default=0)
    return f"{few} to {most} seeds" if few < most else f"{most} seed{'s' * (most != 1)}"


def notes_on_points(metric: str, summary: pd.DataFrame, bars: bool = True, dots: bool = False) -> list[str]:
    """When a metric was taken, and over how many seeds; `bars`, `dots`: intervals and seeds are shown."""
    n = [int(count) for count in summary["n"] if count]
    when = {"final": "After the last epoch", "best": "At the best epoch"}.get(metric.split("_")[0])
    if not n:
        return ["No run finished"]
    many = "Mean and 95 % interval" if bars and max(n) >= LEAST_SEEDS else "Mean"
    over = f"{many} over {seeds_told(n)}" if max(n) > 1 else "One seed"
    return [*([when] if when else []), over + "; dots: each seed" * (dots and max(n) > 1)]


def _at(scale: Scale, along: Any, value: Any) -> tuple[Any, Any]:
    """x and y of a value at a place along the axis."""
    return (value, along) if scale.kind == "categories" else (along, value)


def _draw_seeds(axes: Axes, scale: Scale, values: Any) -> None:
    """A dot per run, a little beside its point's mean."""
    x, y = (0, -8) if scale.kind == "categories" else (8, 0)
    beside = offset_copy(axes.transData, axes.get_figure(root=True), x, y, units="points")
    for seeds in values.T if values.shape[1] > 1 else ():
        x, y = _at(scale, scale.places, seeds)
        axes.plot(x, y, ".", color="0.55", markersize=5, zorder=2, label="_seed", transform=beside)


def _draw_means(axes: Axes, scale: Scale, figures: Any, comparison: Comparison) -> None:
    """Error bars, a line where places are numbers, and markers by group."""
    mean, low, high = figures
    if scale.kind != "categories":
        order = [k for k in np.argsort(scale.places, kind="stable") if not np.isnan(mean[k])]
        axes.plot(scale.places[order], mean[order], color=HERE, linewidth=1.2, alpha=0.6, label="_line")
    bars = [k for k in range(len(mean)) if not np.isnan(low[k])]
    error = np.array([mean[bars] - low[bars], high[bars] - mean[bars]])
    look: dict[str, Any] = {"ecolor": HERE, "elinewidth": 2, "capsize": 5, "zorder": 3}
    look["xerr" if scale.kind == "categories" else "yerr"] = error
    axes.errorbar(*_at(scale, scale.places[bars], mean[bars]), fmt="none", **look)
    groups = [_group(k, comparison) for k in range(len(mean))]
    for name, look in GROUPS.items():
        members = [k for k, group in enumerate(groups) if group == name and not np.isnan(mean[k])]
        if members:
            x, y = _at(scale, scale.places[members], mean[members])
            edge: dict[str, Any] = {"linestyle": "none", "markeredgecolor": HERE, "markeredgewidth": 1.6}
            axes.plot(x, y, **(edge | look), zorder=5, label=name)


def _group(number: int, comparison: Comparison) -> str:
    if comparison.best is None or len(comparison.p) == 1:
        return "mean"
    if number == comparison.best:
        return "best"
    if comparison.worse[number]:
        return "worse than the best"
    return "not distinguishable\nfrom the best" if comparison.alike[number] else "mean"


def _draw_broken(axes: Axes, scale: Scale, summary: pd.DataFrame) -> None:
    """Below the values, a cross for each point with runs that diverged or failed, and how many."""
    broken = summary["diverged"] + summary["failed"]
    words = {
        float(scale.places[k]): f"{broken[k]}/{broken[k] + summary['n'][k]}" for k in np.flatnonzero(broken)
    }
    if not words:
        return
    upright = scale.kind != "categories"
    edge = _room_below(axes, upright)
    places = np.array(list(words))
    look: dict[str, Any] = {
        "linestyle": "none",
        "marker": "X",
        "color": BROKEN,
        "markersize": 9,
        "transform": edge,
    }
    axes.plot(
        *_at(scale, places, np.full(len(places), 0.05)), **look, label="diverged or failed,\nof all runs"
    )
    for place in fitting_labels(axes, words, LENGTH) if upright else words:
        axes.annotate(
            words[place], _at(scale, place, 0.05), xycoords=edge,
            xytext=(0, 8) if upright else (9, 0), textcoords="offset points", fontsize=SMALL,
            color=INK, ha="center" if upright else "left", va="bottom" if upright else "center",
        )  # fmt: skip


def _room_below(axes: Axes, upright: bool) -> Transform:
    """Make room under the lowest value; coordinates there: data along the sweep's axis, share across it."""
    across = axes.yaxis if upright else axes.xaxis
    low, high = across.get_view_interval()
    ticks = [tick for tick in across.get_majorticklocs() if low <= tick <= high]
    (axes.set_ylim if upright else axes.set_xlim)(low - 0.2 * (high - low), high)
    across.set_ticks(ticks)
    parts = (axes.transData, axes.transAxes)
    return blended_transform_factory(*(parts if upright else parts[::-1]))

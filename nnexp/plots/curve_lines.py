"""The lines of a picture of curves: means with their intervals, and runs one by one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy

from nnexp.plots.histories import PointCurve, PointHistory, RunCurve, mean_curve
from nnexp.plots.measures import Measure
from nnexp.plots.metric_scales import LOG_FROM, metric_scale, set_scale
from nnexp.plots.point_values import note_on_cut
from nnexp.plots.scales import set_log_x
from nnexp.plots.style import CROSS, INK, NO_RESULT, lines

MOST_BANDS = 4  # bands that do not hide each other
Look = dict[str, Any]


class PointLine(NamedTuple):
    """A point of the picture. `name`: of its line in the legend, None for a thin line without a name."""

    history: PointHistory
    name: str | None
    best: bool = False


class Way(NamedTuple):
    """How all lines of a picture are drawn: against seconds or epochs, with bands or bars at the end."""

    measure: Measure
    over_time: bool
    bands: bool

    def x(self, curve: PointCurve | RunCurve) -> Any:
        """Where the values of a curve lie."""
        return curve.seconds if self.over_time else curve.epochs


def draw_lines(axes: Axes, measure: Measure, points: Sequence[PointLine], over_time: bool) -> list[str]:
    """A line per point, with a band or bar where it is named, and its runs without a result up to a cross.

    Returns what to note of the scale and of the intervals.
    """
    way = Way(measure, over_time, bands=sum(point.name is not None for point in points) <= MOST_BANDS)
    means = [mean_curve(p.history, measure) if p.history.finished else None for p in points]
    scale = metric_scale(measure, np.concatenate([*(mean.metric for mean in means if mean), []]),
                         np.concatenate([*_ends(points, means, way), []]))  # fmt: skip
    set_scale(axes.yaxis, scale)
    axes.margins(x=0.05 if way.bands else 0.08)  # room for the bars
    rank = 0
    for point, mean, look in zip(points, means, lines(len(points)), strict=True):
        if point.name is None:
            if mean:
                axes.plot(way.x(mean), mean.metric, color=look["color"], linewidth=0.9, label="_thin")
        elif mean is None:
            axes.plot([], [], **CROSS, label=f"{point.name} (none finished)")
        else:
            _draw_mean(axes, point, mean, look, way, rank)
            rank += 1
        for status, run in point.history.unfinished:
            _draw_unfinished(axes, status, run, look, way)
    _scale_x(axes, over_time)
    cut = [mean.cut for point, mean in zip(points, means, strict=True) if mean and point.name is not None]
    notes = [*([note_on_cut(measure)] if any(cut) else []), *scale.notes(measure)]
    return notes + ["The scale of time is logarithmic, 0 lies left of it"] * (axes.get_xscale() == "log")


def _ends(points: Sequence[PointLine], means: Sequence[PointCurve | None], way: Way) -> list[Any]:
    """All values beside the means that are drawn."""
    parts = slice(None) if way.bands else slice(-1, None)
    ends = [end[parts] for mean in means if mean for end in (mean.low, mean.high)]
    for point in points:
        ends += [way.measure.factor * run.metric for _, run in point.history.unfinished]
    return ends


def _draw_mean(axes: Axes, point: PointLine, mean: PointCurve, look: Look, way: Way, rank: int) -> None:
    """A line with some markers, at other places than its neighbours', and its interval."""
    x, color = way.x(mean), look["color"]
    step = max(len(x) // 6, 1)
    width = 2.6 if point.best else 1.6
    marks = (rank % step, step)
    axes.plot(x, mean.metric, **look, markevery=marks, markersize=6, linewidth=width, label=point.name)
    if way.bands:
        axes.fill_between(x, mean.low, mean.high, color=color, alpha=0.18, linewidth=0)
    else:
        beside = offset_copy(axes.transData, axes.get_figure(root=True), 4 + 2 * rank, units="points")
        bar: Look = {"color": color, "linewidth": 2, "transform": beside, "label": "_bar"}
        axes.plot([x[-1], x[-1]], [mean.low[-1], mean.high[-1]], **bar)


def _draw_unfinished(axes: Axes, status: str, run: RunCurve, look: Look, way: Way) -> None:
    """A single run, thin, up to a cross where it diverged, failed, ran out of time, or got stuck."""
    x, y = way.x(run), way.measure.factor * run.metric
    label = f"{status.replace('_', ' ')} run"
    first = label not in axes.get_legend_handles_labels()[1]
    axes.plot(x, y, color=look["color"], linestyle=look["linestyle"], linewidth=0.8, label="_run")
    cross = CROSS | {"color": NO_RESULT if status == "diverged" else INK}
    axes.plot(x[-1:], y[-1:], **cross, zorder=5, label="_" * (not first) + label)


def _scale_x(axes: Axes, over_time: bool) -> None:
    """The x axis: whole epochs, or seconds on a scale that suits them."""
    ends = [float(np.max(x)) for line in axes.lines if len(x := np.asarray(line.get_xdata()))]
    if not over_time:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    elif ends and max(ends) > LOG_FROM * min(ends):
        axes.set_xscale("log")
        set_log_x(axes, *axes.get_xlim())

"""Curves over a training: a metric against epochs or training seconds, one line per point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from nnexp.plots.along_axis import compared, on_axes, on_data, seeds_told
from nnexp.plots.histories import PointCurve, PointHistory, RunCurve, histories, together
from nnexp.plots.scales import WIDE, label_of, scale_of
from nnexp.plots.style import (
    BROKEN,
    INK,
    WIDTH,
    Measure,
    Picture,
    legend,
    limits,
    lines,
    measure,
    panel,
    picture,
)
from nnexp.statistics.intervals import LEAST_SEEDS, Interval
from nnexp.sweep.question.plan import Plan

MOST_LINES = 10


def learning_curves(
    plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str = "validation_accuracy"
) -> Picture:
    """A metric against the epoch: a line per point, the mean over its finished runs, with a band.

    The band is the 95 % interval at each epoch, from 3 seeds on. A run that stopped early counts on with its
    last value. Runs that did not finish are drawn one by one, up to a cross. Of more than 10 points, 10 are
    shown.

    Args:
        plan: the sweep.
        runs, history: the frames of runs.csv and history.csv.
        metric: a column of the history.
    """
    return _by_point(plan, runs, history, metric, over_time=False)


def accuracy_over_time(
    plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str = "validation_accuracy"
) -> Picture:
    """As `learning_curves`, against the seconds that training took, as a mean over the seeds.

    The axis is logarithmic where the points' times differ by more than a factor of 20. Runs of one stack
    share its time.
    """
    return _by_point(plan, runs, history, metric, over_time=True)


def training_and_validation(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame) -> Picture:
    """The learning curves of a sweep without axes: accuracy and cost, on training and validation data."""
    figure = picture(f"Learning curves{on_data(plan)}", _notes(plan, runs, 1), WIDTH + 1.5)
    for column, what in enumerate(("accuracy", "cost"), start=1):
        told = measure(what)
        axes = panel(figure, "epoch", told.label, (1, 2, column))
        found = [histories(plan, runs, history, f"{part}_{what}")[0] for part in ("training", "validation")]
        _draw(axes, told, found, ["training", "validation"], None, over_time=False)
    legend(figure.axes[0 if not figure.axes[1].get_legend_handles_labels()[0] else 1])
    return figure


def shown_points(plan: Plan, best: int | None, most: int = MOST_LINES) -> list[int]:
    """The points that get a line: all, or `most` of them evenly spaced and the best one among them.

    Along a single axis of numbers they ascend.
    """
    order = list(range(len(plan.points)))
    if len(plan.axes) == 1:
        places = scale_of([point[plan.axes[0]] for point in plan.points]).places
        order.sort(key=lambda number: places[number])
    if len(order) <= most:
        return order
    chosen = np.linspace(0, len(order) - 1, most).round().astype(int)
    if best is not None and order.index(best) not in chosen:
        chosen[np.argmin(abs(chosen - order.index(best)))] = order.index(best)
    return [order[k] for k in chosen]


def _by_point(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str, over_time: bool) -> Picture:
    best = compared(plan, runs).best if len(plan.points) > 1 else None
    shown, told = shown_points(plan, best), measure(metric)
    names = [_name(plan, number) + " (best)" * (number == best) for number in shown]
    heading = ",\n".join(plan.axes)
    room = max(len(line) for line in [*names, *heading.split("\n")])
    title = f"{told.name} over time" if over_time else "Learning curves"
    notes = _notes(plan, runs, len(shown))
    figure = picture(f"{title}{on_axes(plan)}{on_data(plan)}", notes, WIDTH + 0.085 * max(0, room - 12))
    axes = panel(figure, _seconds(runs) if over_time else "epoch", told.label)
    found = histories(plan, runs, history, metric)
    thick = None if best is None else shown.index(best)
    _draw(axes, told, [found[number] for number in shown], names, thick, over_time)
    legend(axes, heading)
    return figure


def _name(plan: Plan, number: int) -> str:
    return ", ".join(label_of(value) for value in plan.points[number].values()) or "mean"


def _notes(plan: Plan, runs: pd.DataFrame, shown: int) -> list[str]:
    finished = runs[runs["status"] == "finished"]
    counts = finished.groupby([*plan.axes] or (lambda _: 0), dropna=False).size().tolist()
    if not counts:
        return ["No run finished"]
    band = ", band: 95 % interval" if max(counts) >= LEAST_SEEDS else ""
    told = [f"Mean over {seeds_told(counts)}{band}" if max(counts) > 1 else "One seed"]
    if shown < len(plan.points):
        told.append(f"{shown} of {len(plan.points)} points, evenly spaced, the best among them")
    if (finished["epochs_done"] < finished["epochs"]).any():
        told.append("Runs that stopped early count on with their last value")
    return told


def _seconds(runs: pd.DataFrame) -> str:
    shared = bool((runs["seconds_shared_by"] > 1).any())
    return f"training time of a run (s{', its share of a stack' * shared})"


def _draw(
    axes: Axes,
    told: Measure,
    points: Sequence[PointHistory],
    names: Sequence[str],
    thick: int | None,
    over_time: bool,
) -> None:
    """A line and a band per point, and its broken runs; the line number `thick` is the best point's."""
    means = [together(point.finished) if point.finished else None for point in points]
    for number, (mean, look) in enumerate(zip(means, lines(len(points)), strict=True)):
        if mean is None:
            axes.plot([], [], "X", color=BROKEN, label=f"{names[number]} (none finished)")
        else:
            look |= {"linewidth": 2.6 if number == thick else 1.6, "label": names[number]}
            _draw_mean(axes, told, mean, look, over_time, number)
    for point, look in zip(points, lines(len(points)), strict=True):
        _draw_broken(axes, told, point.broken, look, over_time)
    known = [told.factor * part for mean in means if mean for part in _late(mean.interval)]
    known += [told.factor * run.metric for point in points for _, run in point.broken]
    if known:
        limits(axes, told, min(map(np.nanmin, known)), max(map(np.nanmax, known)))
    _tidy(axes, over_time)


def _late(curve: Interval) -> list[NDArray[np.float64]]:
    """What must be seen: the mean but for its first tenth, whose steepness would flatten all the rest, and
    the band at the end."""
    n = len(curve.mean)
    band = [limit[-1:] for limit in (curve.low, curve.high) if not np.isnan(limit[-1])]
    return [curve.mean[n // 10 :], *band]


def _draw_mean(
    axes: Axes, told: Measure, mean: PointCurve, look: dict[str, Any], over_time: bool, number: int
) -> None:
    """A line with some markers, at other places than its neighbours', and its band."""
    x = mean.seconds if over_time else mean.epochs
    step = max(len(x) // 6, 1)
    middle, low, high = (told.factor * values for values in mean.interval[:3])
    axes.plot(x, middle, markevery=(number % step, step), markersize=6, **look)
    axes.fill_between(x, low, high, color=look["color"], alpha=0.18, linewidth=0)


def _draw_broken(
    axes: Axes, told: Measure, runs: Sequence[tuple[str, RunCurve]], look: dict[str, Any], over_time: bool
) -> None:
    """Single runs, thin, each up to a cross where it diverged, failed or ran out of time."""
    for status, run in runs:
        x, y = run.seconds if over_time else run.epochs, told.factor * run.metric
        label = f"{status.replace('_', ' ')} run"
        first = label not in axes.get_legend_handles_labels()[1]
        cross: dict[str, Any] = {
            "color": BROKEN if status == "diverged" else INK,
            "markersize": 8,
            "zorder": 5,
            "label": "_" * (not first) + label,
        }
        axes.plot(x, y, color=look["color"], linestyle=look["linestyle"], linewidth=0.8, label="_run")
        axes.plot(x[-1:], y[-1:], "X", **cross)


def _tidy(axes: Axes, over_time: bool) -> None:
    """The x axis: whole epochs, or seconds on a scale that suits them."""
    ends = [float(np.max(x)) for line in axes.lines if len(x := np.asarray(line.get_xdata()))]
    if not over_time:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    elif ends and max(ends) > WIDE * min(ends):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=_subs(axes)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _subs(axes: Axes) -> Sequence[float]:
    """Ticks at 1, 2, 5 in each decade, where there are few decades."""
    low, high = axes.get_xlim()
    return (1.0, 2.0, 5.0) if high < 3000 * low else (1.0,)

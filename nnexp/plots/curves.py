"""Curves over a training: a metric against epochs or training seconds, one line per point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter
from matplotlib.transforms import offset_copy

from nnexp.plots.histories import PointCurve, PointHistory, RunCurve, histories, mean_curve
from nnexp.plots.measures import Measure, measure_of
from nnexp.plots.metric_scales import LOG_FROM, MetricScale, metric_scale, set_scale
from nnexp.plots.point_values import (
    best_point,
    comparison_of,
    leading_axis,
    notes_on_axes,
    notes_on_seconds,
    number_of_seeds,
    on_axes,
    on_data,
)
from nnexp.plots.scales import label_of, scale_of
from nnexp.plots.style import (
    CROSS,
    INK,
    MARKS,
    NO_RESULT,
    WIDTH,
    Picture,
    legend,
    lines,
    panel,
    picture,
    write_notes,
)
from nnexp.statistics.intervals import LEAST_SEEDS
from nnexp.sweep.question.plan import Plan

MOST_LINES = 40
MOST_NAMES = 8  # lines that a reader can tell apart
MOST_BANDS = 4  # bands that do not hide each other


def learning_curves(
    plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str = "validation_accuracy"
) -> Picture:
    """A metric against the epoch: a line per point, the mean over its finished runs, with a band.

    The band is the 95 % interval at each epoch, from 3 seeds on; of more than 4 points each line has a bar at
    its end instead. A run that stopped early counts on with its last value. Runs that did not finish are
    drawn one by one, up to a cross. Of more than 8 points 8 are named, and the others are thin lines; of more
    than 40 points 40 are drawn.

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
    figure = picture(f"Learning curves{on_data(plan)}", WIDTH + 1.5)
    notes = _notes(plan, runs, bands=True)
    for column, what in enumerate(("accuracy", "cost"), start=1):
        measure = measure_of(what)
        axes = panel(figure, "epoch", measure.label, (1, 2, column))
        parts = [histories(plan, runs, history, f"{part}_{what}")[0] for part in ("training", "validation")]
        scale = _draw(
            axes, measure, parts, dict(enumerate(("training", "validation"))), None, over_time=False
        )
        notes += scale.notes(measure)
    legend(figure.axes[0 if not figure.axes[1].get_legend_handles_labels()[0] else 1])
    write_notes(figure, notes)
    return figure


def choose_points(plan: Plan, best: int | None, most: int) -> list[int]:
    """All points, or `most` of them evenly spaced and the best one among them.

    Along an axis of numbers that tells all points apart they ascend.
    """
    order = list(range(len(plan.points)))
    if axis := leading_axis(plan):
        places = scale_of([point[axis] for point in plan.points]).places
        order.sort(key=lambda number: places[number])
    if len(order) <= most:
        return order
    chosen = np.linspace(0, len(order) - 1, most).round().astype(int)
    if best is not None and order.index(best) not in chosen:
        chosen[np.argmin(abs(chosen - order.index(best)))] = order.index(best)
    return [order[k] for k in chosen]


def _by_point(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str, over_time: bool) -> Picture:
    best = best_point(comparison_of(plan, runs))
    numbers, measure = choose_points(plan, best, MOST_LINES), measure_of(metric)
    names = {number: _name(plan, number, best) for number in choose_points(plan, best, MOST_NAMES)}
    heading = leading_axis(plan) or ",\n".join(plan.axes)
    room = max(len(line) for line in [*names.values(), *heading.split("\n")])
    title = f"{measure.name} over time" if over_time else "Learning curves"
    figure = picture(f"{title}{on_axes(plan)}{on_data(plan)}", WIDTH + 0.085 * max(0, room - 12))
    axes = panel(figure, "training time of a run (s)" if over_time else "epoch", measure.label)
    points = histories(plan, runs, history, metric)
    places = {k: names[number] for k, number in enumerate(numbers) if number in names}
    thick = numbers.index(best) if best in numbers else None
    scale = _draw(axes, measure, [points[number] for number in numbers], places, thick, over_time)
    legend(axes, heading)
    notes = [*_notes(plan, runs, len(names) <= MOST_BANDS), *notes_on_axes(plan), *scale.notes(measure)]
    notes += _notes_on_choice(len(names), len(numbers), len(plan.points))
    notes += notes_on_seconds(plan, runs) if over_time else []
    write_notes(figure, notes)
    return figure


def _name(plan: Plan, number: int, best: int | None) -> str:
    axes = [axis] if (axis := leading_axis(plan)) else plan.axes
    name = ", ".join(label_of(plan.points[number][axis]) for axis in axes) or "mean"
    return f"{name} {MARKS['best'].sign} best" if number == best else name


def _notes(plan: Plan, runs: pd.DataFrame, bands: bool) -> list[str]:
    finished = runs[runs["status"] == "finished"]
    counts = finished.groupby([*plan.axes] or (lambda _: 0), dropna=False).size().tolist()
    if not counts:
        return ["No run finished"]
    band = f", {'band' if bands else 'bar at the end'}: 95 % interval" if max(counts) >= LEAST_SEEDS else ""
    notes = [f"Mean over {number_of_seeds(counts)}{band}" if max(counts) > 1 else "One seed"]
    if (finished["epochs_done"] < finished["epochs"]).any():
        notes.append("Runs that stopped early count on with their last value")
    return notes


def _notes_on_choice(names: int, lines: int, points: int) -> list[str]:
    """Which points have a name, and which a line."""
    if names == points:
        return []
    if lines == points:
        return [f"{names} points are named, the others of {points} are thin lines"]
    return [f"{names} points are named, others are thin lines, {points - lines} of {points} are not drawn"]


def _draw(
    axes: Axes,
    measure: Measure,
    points: Sequence[PointHistory],
    names: dict[int, str],
    thick: int | None,
    over_time: bool,
) -> MetricScale:
    """A line per point, with a band where it is named, and its runs without a result; number `thick` is the
    best point's. Returns the scale of the metric."""
    means = [mean_curve(point.finished, measure) if point.finished else None for point in points]
    alone = [(status, run, k) for k, point in enumerate(points) for status, run in point.unfinished]
    centres = [mean.metric for mean in means if mean]
    bands = len(names) <= MOST_BANDS
    kept = slice(None) if bands else slice(-1, None)
    others = [end[kept] for mean in means if mean for end in (mean.low, mean.high)]
    others += [measure.factor * run.metric for _, run, _ in alone]
    scale = metric_scale(measure, np.concatenate([*centres, []]), np.concatenate([*others, []]))
    set_scale(axes.yaxis, scale)
    looks = lines(len(points))
    for rank, (number, name) in enumerate(names.items()):
        if mean := means[number]:
            look = looks[number] | {"linewidth": 2.6 if number == thick else 1.6, "label": name}
            _draw_mean(axes, mean, look, over_time, rank)
            (_draw_band if bands else _draw_bar)(axes, mean, look["color"], over_time, rank)
        else:
            axes.plot([], [], **CROSS, label=f"{name} (none finished)")
    for number, mean in enumerate(means):
        if mean and number not in names:
            x = mean.seconds if over_time else mean.epochs
            axes.plot(x, mean.metric, color=looks[number]["color"], linewidth=0.9, label="_thin")
    for status, run, number in alone:
        _draw_unfinished(axes, status, run, measure.factor, looks[number], over_time)
    _tidy(axes, over_time)
    return scale


def _draw_mean(axes: Axes, mean: PointCurve, look: dict[str, Any], over_time: bool, number: int) -> None:
    """A line with some markers, at other places than its neighbours'."""
    x = mean.seconds if over_time else mean.epochs
    step = max(len(x) // 6, 1)
    axes.plot(x, mean.metric, markevery=(number % step, step), markersize=6, **look)


def _draw_band(axes: Axes, mean: PointCurve, color: Any, over_time: bool, _: int) -> None:
    """The interval at each epoch."""
    x = mean.seconds if over_time else mean.epochs
    axes.fill_between(x, mean.low, mean.high, color=color, alpha=0.18, linewidth=0)


def _draw_bar(axes: Axes, mean: PointCurve, color: Any, over_time: bool, number: int) -> None:
    """The interval at the end, a little right of its neighbour's."""
    x = (mean.seconds if over_time else mean.epochs)[-1]
    beside = offset_copy(axes.transData, axes.get_figure(root=True), 4 + 2 * number, units="points")
    ends = [mean.low[-1], mean.high[-1]]
    axes.plot([x, x], ends, color=color, linewidth=2, transform=beside, clip_on=False, label="_bar")


def _draw_unfinished(
    axes: Axes, status: str, run: RunCurve, factor: float, look: dict[str, Any], over_time: bool
) -> None:
    """A single run, thin, up to a cross where it diverged, failed or ran out of time."""
    x, y = run.seconds if over_time else run.epochs, factor * run.metric
    label = f"{status.replace('_', ' ')} run"
    first = label not in axes.get_legend_handles_labels()[1]
    axes.plot(x, y, color=look["color"], linestyle=look["linestyle"], linewidth=0.8, label="_run")
    cross = CROSS | {"color": NO_RESULT if status == "diverged" else INK}
    axes.plot(x[-1:], y[-1:], **cross, zorder=5, label="_" * (not first) + label)


def _tidy(axes: Axes, over_time: bool) -> None:
    """The x axis: whole epochs, or seconds on a scale that suits them."""
    ends = [float(np.max(x)) for line in axes.lines if len(x := np.asarray(line.get_xdata()))]
    if not over_time:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    elif ends and max(ends) > LOG_FROM * min(ends):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=_subs(axes)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _subs(axes: Axes) -> Sequence[float]:
    """Ticks at 1, 2, 5 in each decade, where there are few decades."""
    low, high = axes.get_xlim()
    return (1.0, 2.0, 5.0) if high < 3000 * low else (1.0,)

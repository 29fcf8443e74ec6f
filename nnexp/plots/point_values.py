"""The points of a sweep as pictures show them: values, intervals, marks, and what to note of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nnexp.plots.measures import Measure, measure_of
from nnexp.plots.metric_scales import MetricScale, metric_scale
from nnexp.plots.scales import label_of
from nnexp.plots.style import MARKS
from nnexp.results.by_point import accuracy_metric, compare_points, samples
from nnexp.statistics.intervals import LEAST_GAP, LEAST_SEEDS, Comparison, two_groups
from nnexp.sweep.question.plan import Plan
from nnexp.text import spelled

Floats = NDArray[np.float64]
MOST_NAMES = 3  # values that a note lists


class PointValues(NamedTuple):
    """A metric of every point, in the measure's units; arrays of shape (points,), NaN where there is none.

    `low`, `high`: the ends of the interval, without what cannot be; `runs`: (points, seeds), each run;
    `marks`: how each point compares with the best one, a key of `MARKS`; `bimodal`: whether its runs fall
    into two groups, where neither their mean nor its interval describes them; `cut`: whether an interval ends
    where no value can lie beyond.
    """

    measure: Measure
    mean: Floats
    low: Floats
    high: Floats
    runs: Floats
    marks: list[str]
    bimodal: NDArray[np.bool_]
    cut: bool
    notes: list[str]

    def scale(self) -> MetricScale:
        """The scale that shows the means apart, and holds every run and interval."""
        return metric_scale(self.measure, self.mean, [*self.runs.ravel(), *self.low, *self.high])


def point_values(
    plan: Plan,
    runs: pd.DataFrame,
    summary: pd.DataFrame,
    metric: str | None = None,
    intervals: bool = True,
) -> PointValues:
    """A metric of summary.csv; by default the validation accuracy that points are compared by.

    `intervals`: whether there is room for them in the picture.
    """
    metric = metric or accuracy_metric(plan)
    measure = measure_of(metric)
    values = samples(plan, runs, [metric])[0]
    columns = [f"{metric}_{part}" for part in ("mean", "low", "high")]
    mean, low, high = measure.factor * summary[columns].to_numpy(np.float64, na_value=np.nan).T
    bimodal = two_groups(values, LEAST_GAP) & (measure.most == 100)
    if not intervals:
        low, high = np.full((2, len(mean)), np.nan)
    low[bimodal] = high[bimodal] = np.nan
    ends = measure.clip(low), measure.clip(high)
    cut = bool((ends[0] > low).any() or (ends[1] < high).any())
    marks = marks_of(plan, runs)
    marks = ["mean of two groups of runs" if two else mark for two, mark in zip(bimodal, marks, strict=True)]
    notes = [
        *_notes_on_means(metric, summary, intervals),
        *([note_on_cut(measure)] if cut else []),
        *_notes_on_best(compare_points(plan, runs)),
        *note_on_groups(plan, np.flatnonzero(bimodal).tolist()),
        *(notes_on_seconds(plan, runs) if "seconds" in metric else []),
    ]
    return PointValues(measure, mean, *ends, measure.factor * values, marks, bimodal, cut, notes)


def marks_of(plan: Plan, runs: pd.DataFrame) -> list[str]:
    """How each point compares with the best on validation: keys of `MARKS`.

    Only means before all runs have ended, where no point stands out, and where the runs of the best point
    fall into two groups.
    """
    comparison = compare_points(plan, runs)
    marks = ["mean"] * len(plan.points)
    best = _best_point(comparison)
    if best is None or two_groups(samples(plan, runs, [accuracy_metric(plan)])[0, best], LEAST_GAP):
        return marks
    for number in np.flatnonzero(comparison.worse):
        marks[number] = "worse than the best"
    for number in np.flatnonzero(comparison.alike):
        marks[number] = "not distinguishable from the best"
    marks[best] = "best"
    return marks


def _best_point(comparison: Comparison) -> int | None:
    """The number of the best point, where a test tells it from any other one, or where there was no test."""
    if len(comparison.p) == 1 or (_has_test(comparison) and not comparison.worse.any()):
        return None
    return comparison.best


def _has_test(comparison: Comparison) -> bool:
    return not np.isnan(comparison.p).all()


def meaning_of_signs(marks: Sequence[str]) -> list[str]:
    """A note on what the signs of these marks mean: `★ best, ○ worse than the best`; none without signs."""
    names = [f"{mark.sign} {name}" for name, mark in MARKS.items() if mark.sign and name in marks]
    return [", ".join(names)] if names else []


def by_axes(plan: Plan) -> str:
    """` by batch_size and hidden_size`, or nothing without axes."""
    if axis := leading_axis(plan):
        return f" by {axis}"
    return f" by {', '.join(plan.axes[:-1])} and {plan.axes[-1]}" if plan.axes else ""


def on_data(plan: Plan) -> str:
    """` on mnist`, or nothing where data is an axis."""
    names = {run.data.name for run in plan.runs}
    return f" on {names.pop()}" if len(names) == 1 else ""


def leading_axis(plan: Plan) -> str | None:
    """The axis that tells all points apart: the only one, or the first of several that change together."""
    values = {spelled(point[axis]) for axis in plan.axes[:1] for point in plan.points}
    return plan.axes[0] if plan.axes and len(values) == len(plan.points) else None


def notes_on_axes(plan: Plan) -> list[str]:
    """Which axes change along with the leading one."""
    others = plan.axes[1:] if leading_axis(plan) else ()
    return [f"{', '.join(plan.axes[:-1])} and {plan.axes[-1]} change together"] if others else []


def number_of_seeds(counts: Sequence[int]) -> str:
    """`5 seeds`, `3 to 5 seeds`."""
    few, most = min(counts, default=0), max(counts, default=0)
    return f"{few} to {most} seeds" if few < most else f"{most} seed{'s' * (most != 1)}"


def note_on_groups(plan: Plan, numbers: Sequence[int]) -> list[str]:
    """At which points, by number, runs fall into two groups."""
    if not numbers:
        return []
    names = "; ".join(point_name(plan, number) for number in numbers[:MOST_NAMES])
    more = f" and {len(numbers) - MOST_NAMES} more points" if len(numbers) > MOST_NAMES else ""
    return [f"Runs fall into two groups at {names}{more}: their mean describes neither"]


def note_on_cut(measure: Measure) -> str:
    """Where intervals are cut."""
    limits = "0 and 100 %" if measure.most == 100 else "0"
    return f"Intervals are cut at {limits}, beyond which no value can lie"


def notes_on_seconds(plan: Plan, runs: pd.DataFrame) -> list[str]:
    """What seconds are worth."""
    if plan.timing:
        return ["Runs were timed one at a time"]
    share = ", each with its share of a stack's time" if (runs["seconds_shared_by"] > 1).any() else ""
    return [f"Seconds are shared: runs trained side by side{share}. sweep.timing=true times them alone"]


def point_name(plan: Plan, number: int) -> str:
    """`batch_size=10, learning_rate=0.5`; of axes that change together the first alone."""
    axes = [axis] if (axis := leading_axis(plan)) else plan.axes
    return ", ".join(f"{axis}={label_of(plan.points[number][axis])}" for axis in axes)


def _notes_on_best(comparison: Comparison) -> list[str]:
    """Why no point is marked as the best, or only one of them has a mark."""
    if comparison.best is None or len(comparison.p) == 1:
        return []
    if _best_point(comparison) is None:
        return ["No point is distinguishable from the highest mean, so none is marked as the best"]
    if _has_test(comparison):
        return []
    return [f"Fewer than {LEAST_SEEDS} seeds: no test says which points are worse than the best"]


def _notes_on_means(metric: str, summary: pd.DataFrame, intervals: bool) -> list[str]:
    """When a metric was taken, and over how many seeds."""
    n = [int(count) for count in summary["n"] if count]
    if not n:
        return ["No run finished"]
    when = {"final": ["After the last epoch"], "best": ["At the best epoch"]}.get(metric.split("_")[0], [])
    if max(n) == 1:
        return [*when, "One seed"]
    interval = " and 95 % interval" if intervals and max(n) >= LEAST_SEEDS else ""
    return [*when, f"Mean{interval} over {number_of_seeds(n)}"]

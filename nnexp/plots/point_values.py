"""The points of a sweep as pictures show them: values, intervals, marks, and what to note of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nnexp.plots.measures import Measure, measure_of
from nnexp.plots.metric_scales import MetricScale, metric_scale
from nnexp.plots.scales import label_of
from nnexp.plots.style import MARKS
from nnexp.results.by_point import STUCK, Standing, samples, standing, stuck_runs
from nnexp.results.tables import summary_table
from nnexp.statistics.intervals import LEAST_SEEDS, mean_interval
from nnexp.statistics.shares import share_interval
from nnexp.sweep.question.plan import Plan
from nnexp.text import count, spelled

Floats = NDArray[np.float64]
MOST_NAMES = 3  # values that a note lists


class PointValues(NamedTuple):
    """A metric of every point, in the measure's units; arrays of shape (points,), NaN where there is none.

    `plan`: the points, which differ in settings alone. `low`, `high`: the ends of the interval, without what
    cannot be; `runs`, `stuck`: (points, seeds), each run that learnt, and each that did not; `marks`: how
    each point stands, a key of `MARKS`; `to_best`: the paired difference to the best and Hsu's interval,
    (3, points); `counts`: column of summary.csv -> runs (points,).
    """

    plan: Plan
    measure: Measure
    mean: Floats
    low: Floats
    high: Floats
    runs: Floats
    stuck: Floats
    marks: tuple[str, ...]
    to_best: Floats | None
    counts: Mapping[str, NDArray[np.int64]]
    cut: bool
    notes: list[str]

    def scale(self) -> MetricScale:
        """The scale that shows the means apart, and holds every run and interval."""
        ends = [*self.runs.ravel(), *self.stuck.ravel(), *self.low, *self.high]
        return metric_scale(self.measure, self.mean, ends)


def point_values(
    plan: Plan, runs: pd.DataFrame, metric: str | None = None, intervals: bool = True
) -> PointValues:
    """A metric of runs.csv; by default the validation accuracy that points are compared by.

    `intervals`: whether there is room for them in the picture.
    """
    stand = standing(plan, runs)
    plan, metric = stand.plan, metric or stand.metric
    summary, measure = summary_table(plan, stand.runs), measure_of(metric)
    columns = [f"{metric}_{part}" for part in ("mean", "low", "high")]
    mean, low, high = measure.factor * summary[columns].to_numpy(np.float64, na_value=np.nan).T
    if stand.crossing or not intervals:
        low, high = np.full((2, len(mean)), np.nan)
    ends = measure.clip(low), measure.clip(high)
    cut = bool((ends[0] > low).any() or (ends[1] < high).any())
    counts = {name: summary[name].to_numpy(np.int64) for name in ("n", "diverged", "failed", "pruned")}
    counts["stuck"] = stuck_runs(plan, stand.runs)
    notes = [
        *_notes_on_means(stand, metric, summary, not np.isnan(ends[0]).all()),
        *([note_on_cut(measure)] if cut else []),
        *notes_on_marks(stand),
        *_notes_on_stuck(plan, counts),
        *(notes_on_seconds(plan, runs) if "seconds" in metric else []),
    ]
    return PointValues(
        plan=plan,
        measure=measure,
        mean=mean,
        low=ends[0],
        high=ends[1],
        runs=measure.factor * samples(plan, stand.runs, [metric])[0],
        stuck=measure.factor * samples(plan, stand.runs, [metric], (STUCK,))[0],
        marks=stand.marks,
        to_best=_to_best(stand) if metric == stand.metric else None,
        counts=counts,
        cut=cut,
        notes=notes,
    )


def _to_best(stand: Standing) -> Floats | None:
    """In points; None where no point was tested."""
    best = stand.comparison.best
    if best is None or np.isnan(stand.comparison.p).all():
        return None
    values = samples(stand.plan, stand.runs, [stand.metric])[0]
    difference = mean_interval(values - values[best]).mean
    return 100 * np.array([difference, stand.comparison.low, stand.comparison.high])


def notes_on_marks(stand: Standing) -> list[str]:
    """What the marks hold for; why there is none, or only one."""
    if stand.comparison.best is None or len(stand.marks) == 1:
        return []
    if stand.crossing:
        return ["Runs with crossed seeds are not independent: no interval, and no test of the best"]
    best = f"the best {stand.scope}".rstrip()
    if "worse" in stand.marks:
        which = "is among ★ and ●" if "alike" in stand.marks else "is ★"
        return [f"With 95 % confidence {best} {which}"]
    if "alike" in stand.marks:
        return [f"No point is told from {best}"]
    if stand.plan.until and stand.scope:
        return ["Points with stuck runs are not compared"]
    return [f"Fewer than {LEAST_SEEDS} seeds: no test says which points are worse than the best"]


def _notes_on_stuck(plan: Plan, counts: Mapping[str, NDArray[np.int64]]) -> list[str]:
    """At which points runs did not learn, and what share of all seeds that may be."""
    numbers = np.flatnonzero(counts["stuck"]).tolist()
    if not numbers:
        return []
    names = []
    for number in numbers[:MOST_NAMES]:
        stuck, n = counts["stuck"][number], counts["stuck"][number] + counts["n"][number]
        _, low, high, _ = share_interval(stuck, n)
        names.append(f"{stuck} of {n} at {point_name(plan, number)} ({100 * low:.2g} to {100 * high:.2g} %)")
    more = f" and at {len(numbers) - MOST_NAMES} more points" if len(numbers) > MOST_NAMES else ""
    return [f"Stuck, and not in the mean: {', '.join(names)}{more}"]


def meaning_of_signs(marks: Sequence[str]) -> list[str]:
    """A note on what the signs of these marks mean: `★ best, ○ worse`; none without signs."""
    names = [f"{mark.sign} {mark.name}" for key, mark in MARKS.items() if mark.sign and key in marks]
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


def number_of_seeds(counts: Sequence[int], noun: str = "seed") -> str:
    """`5 seeds`, `3 to 5 seeds`; of crossed seeds, `16 runs`."""
    few, most = min(counts, default=0), max(counts, default=0)
    return (f"{few} to " if few < most else "") + count(most, noun)


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


def name_of_interval(plan: Plan) -> str:
    """What the interval on a mean is, in words."""
    return "95 % interval" + " for all looks" * (plan.until is not None)


def noun_of(stand: Standing) -> str:
    """What means are over: runs, where each seed is in several."""
    return "run" if stand.crossing else "seed"


def _notes_on_means(stand: Standing, metric: str, summary: pd.DataFrame, intervals: bool) -> list[str]:
    """When a metric was taken, and over how many seeds."""
    n = [int(count) for count in summary["n"] if count]
    if not n:
        return ["No run finished"]
    when = {"final": ["After the last epoch"], "best": ["At the best epoch"]}.get(metric.split("_")[0], [])
    if max(n) == 1:
        return [*when, "One seed"]
    interval = f" and {name_of_interval(stand.plan)}" if intervals else ""
    return [*when, f"Mean{interval} over {number_of_seeds(n, noun_of(stand))}"]

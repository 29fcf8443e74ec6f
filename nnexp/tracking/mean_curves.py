"""The mean curve of each point, which a sweep's page in MLflow holds: its charts draw at most 100 runs.

A name is `validation/accuracy mean/batch_size:10 n:5`: MLflow puts what stands before the last slash above
the charts as their heading, and each point in a chart of its own. With more seeds the name is another one,
since a value that MLflow was told cannot be taken back.
"""

import re
from collections.abc import Mapping, Sequence
from statistics import fmean

from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from nnexp.text import spelled
from nnexp.tracking.record_fields import Measurement, metric_name, milliseconds

COLUMNS = ("validation_accuracy", "training_accuracy", "training_cost")
MOST_CURVES = 100  # more would slow every page on which MLflow lists a sweep; then the best points have one
MOST_VALUES = 100  # of a curve
MOST_LINES = 10  # in one chart
LONGEST_NAME = 250  # characters, as MLflow takes them


def mean_curves(plan: Plan, records: Mapping[str, Record]) -> list[Measurement]:
    """Means over the finished seeds of each point, the best points first; none for a sweep without axes.

    Of an epoch that not all of these seeds reached there is no mean.
    """
    if not plan.axes:
        return []
    finished: list[list[Record]] = [[] for _ in plan.points]
    for run in plan.runs:
        record = records.get(run.run_id)
        if record is not None and record.status == "finished":
            finished[run.point].append(record)
    first = {point: _mean(of_point, COLUMNS[0]) for point, of_point in enumerate(finished) if of_point}
    best = sorted((point for point in first if first[point]), key=lambda point: -first[point][-1][1])
    points = best[:MOST_CURVES]
    columns = COLUMNS[: max(1, MOST_CURVES // max(1, len(points)))]
    curves = []
    for column in columns:
        for point in points:
            name, time = _name(plan, point, column, len(finished[point])), _end(finished[point])
            curves += [
                Measurement(name, value, time, epoch) for epoch, value in _mean(finished[point], column)
            ]
    return curves


def names_to_compare(curves: Sequence[Measurement]) -> list[str]:
    """The curves that one chart shows together: of the first metric, the best points first."""
    heading = f"{metric_name(COLUMNS[0])} "
    return list(dict.fromkeys(curve.name for curve in curves if curve.name.startswith(heading)))[:MOST_LINES]


def _mean(records: Sequence[Record], column: str) -> list[tuple[int, float]]:
    """Epoch and mean, for the epochs that every record has a value of; of many, some that lie evenly."""
    values: dict[int, list[float]] = {}
    for record in records:
        for epoch, value in zip(record.history.get("epoch", []), record.history.get(column, []), strict=True):
            if value is not None:
                values.setdefault(int(epoch or 0), []).append(float(value))
    shared = [(epoch, found) for epoch, found in sorted(values.items()) if len(found) == len(records)]
    last = len(shared) - 1
    steps = max(1, min(last, MOST_VALUES - 1))
    kept = [shared[round(step * last / steps)] for step in range(min(last, steps) + 1)]
    return [(epoch, fmean(found)) for epoch, found in kept]


def _name(plan: Plan, point: int, column: str, seeds: int) -> str:
    at = " ".join(f"{axis}:{spelled(value)}" for axis, value in plan.points[point].items())
    plain = re.sub(r"[^\w.\-: ]+", "-", at).strip("-")
    heading, size = f"{metric_name(column)} mean/", f" n:{seeds}"
    room = LONGEST_NAME - len(heading) - len(size)
    return f"{heading}{plain if len(plain) <= room else f'point:{point + 1}'}{size}"


def _end(records: Sequence[Record]) -> int:
    """When the last of these runs ended, in milliseconds: the same however often it is told."""
    return max(milliseconds(record.timings["ended"]) for record in records)

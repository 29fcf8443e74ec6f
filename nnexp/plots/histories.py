"""The histories of a sweep's runs, as arrays per point."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nnexp.plots.measures import Measure
from nnexp.results.by_point import Standing, point_numbers
from nnexp.results.means import interval_of_mean
from nnexp.sweep.question.plan import Plan

Floats = NDArray[np.float64]


class RunCurve(NamedTuple):
    """A metric of one run: rows in order of epochs, missing values left out."""

    epochs: Floats
    seconds: Floats
    metric: Floats


class PointCurve(NamedTuple):
    """The finished runs of a point taken together: epochs, mean seconds, and the metric's centre and its
    limits in the measure's units, each (E,). `cut`: whether a limit would lie where no value can."""

    epochs: Floats
    seconds: Floats
    metric: Floats
    low: Floats
    high: Floats
    cut: bool = False


class PointHistory(NamedTuple):
    """The runs of a point that have a history; those that did not finish, or got stuck, by their status.

    `plan`: of the sweep; None where runs do not have seeds of their own, so that there is no interval.
    """

    finished: list[RunCurve]
    unfinished: list[tuple[str, RunCurve]]
    plan: Plan | None


def histories(stand: Standing, history: pd.DataFrame, metric: str) -> dict[int, PointHistory]:
    """The curves of a metric, by the number of the point, in plan order."""
    plan, runs = stand.plan, stand.runs
    rows = history.groupby("run_id", sort=False).indices
    columns = history[["epoch", "seconds", metric]].to_numpy(np.float64, na_value=np.nan)
    of_intervals = None if stand.crossing else plan
    points = {number: PointHistory([], [], of_intervals) for number in range(len(plan.points))}
    for point, run_id, status in zip(point_numbers(plan, runs), runs["run_id"], runs["status"], strict=True):
        if run_id in rows:
            table = columns[rows[run_id]]
            curve = RunCurve(*table[~np.isnan(table[:, 2])].T)
            if len(curve.epochs):
                if status == "finished":
                    points[point].finished.append(curve)
                else:
                    points[point].unfinished.append((status, curve))
    return points


def mean_curve(point: PointHistory, measure: Measure) -> PointCurve:
    """The mean of finished runs, and its interval. A run that ended early counts on with its last value."""
    epochs, seconds, values = _values(point.finished, measure)
    mean, low, high = values.mean(0), *np.full((2, len(epochs)), np.nan)
    if point.plan:
        mean, low, high, _ = interval_of_mean(point.plan, values.T)
    ends = measure.clip(low), measure.clip(high)
    cut = bool((ends[0] > low).any() or (ends[1] < high).any())
    return PointCurve(epochs, seconds, mean, *ends, cut)


def median_curve(curves: list[RunCurve], measure: Measure) -> PointCurve:
    """The same with the median, the lowest and the highest run."""
    epochs, seconds, values = _values(curves, measure)
    return PointCurve(epochs, seconds, np.median(values, axis=0), values.min(0), values.max(0))


def _values(curves: list[RunCurve], measure: Measure) -> tuple[Floats, Floats, Floats]:
    """All epochs (E,), the mean seconds to them (E,), and the metric of each run there (runs, E)."""
    epochs = np.unique(np.concatenate([curve.epochs for curve in curves]))
    values = np.array([np.interp(epochs, curve.epochs, curve.metric) for curve in curves])
    seconds = np.array([np.interp(epochs, curve.epochs, curve.seconds) for curve in curves])
    return epochs, seconds.mean(0), measure.factor * values

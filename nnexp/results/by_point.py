"""The runs of a sweep by point and seed: their figures, and which point and run did best on validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnexp.statistics.intervals import Comparison, compare_with_best
from nnexp.sweep.question.plan import Plan, Run

if TYPE_CHECKING:
    import pandas as pd


def accuracy_metric(plan: Plan) -> str:
    """The validation accuracy by which points are compared: that of the kept networks, if all keep alike."""
    kept = "best" if all(run.hyperparameters.keeps_best for run in plan.runs) else "final"
    return f"{kept}_validation_accuracy"


def samples(plan: Plan, runs: pd.DataFrame, metrics: Sequence[str]) -> NDArray[np.float64]:
    """The metrics of the finished runs as an array (metrics, points, seeds); NaN where there is none."""
    finished = runs[runs["status"] == "finished"]
    column = {seed: number for number, seed in enumerate(plan.seeds)}
    seeds = [column[seed] for seed in finished["seed"]]
    array = np.full((len(metrics), len(plan.points), len(plan.seeds)), np.nan)
    array[:, point_numbers(plan, finished), seeds] = (
        finished[list(metrics)].to_numpy(np.float64, na_value=np.nan).T
    )
    return array


def point_numbers(plan: Plan, runs: pd.DataFrame) -> NDArray[np.int64]:
    """The number of each row's point."""
    points = {run.run_id: run.point for run in plan.runs}
    return np.array([points[run_id] for run_id in runs["run_id"]], dtype=np.int64)


def compare_points(plan: Plan, runs: pd.DataFrame) -> Comparison:
    """Every point against the best one; none is best before all runs have ended, since more may change it."""
    values = samples(plan, runs, [accuracy_metric(plan)])[0]
    return compare_with_best(values if len(runs) == len(plan.runs) else np.full_like(values, np.nan))


def best_run(plan: Plan, runs: pd.DataFrame) -> Run | None:
    """Of the point with the highest mean accuracy, the run with the highest; None if no run finished."""
    values = samples(plan, runs, [accuracy_metric(plan)])[0]
    best = compare_with_best(values).best
    if best is None:
        return None
    seed = plan.seeds[int(np.nanargmax(values[best]))]
    return next(run for run in plan.runs_by_point[best] if run.seed == seed)

"""The runs of a sweep by point and seed: their figures, which failed to learn, and how the points compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.results.by_source import Crossing, crossing_of
from nnexp.statistics.best import Comparison, compare_with_best
from nnexp.statistics.clusters import LEAST_GAP, chance_limit, stuck
from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, mean_interval
from nnexp.statistics.sequential import compare_at_all_looks
from nnexp.statistics.shares import share_interval
from nnexp.sweep.question.plan import Plan, Run

if TYPE_CHECKING:
    import pandas as pd

STUCK = "stuck"  # a status that no record has: finished, without having learnt what the point's others did


class Standing(NamedTuple):
    """How the points of a sweep stand.

    `plan`, `runs`: the sweep, and its frame of runs.csv where runs that failed to learn have the status
    `stuck`, so that means are over those that learnt. `comparison`: by the accuracy `metric`. None is best
    before all runs have ended, since more may change it. `marks`: of each point `best`, `alike`, `worse`, or
    nothing where it was not compared; where no point is told from the highest, that is `alike`, too, and
    where nothing was tested `highest`.
    `crossing`: the sources of variation whose seeds are the replicates of `plan`. These are not independent:
    nothing is tested then.
    """

    plan: Plan
    runs: pd.DataFrame
    metric: str
    comparison: Comparison
    marks: tuple[str, ...]
    crossing: Crossing | None

    @property
    def scope(self) -> str:
        """Which the best is the best of, where runs got stuck: `of runs that learn`. Where seeds go on until
        decided, a point with stuck runs is not compared: `without stuck runs`."""
        if not (self.runs["status"] == STUCK).any():
            return ""
        return "without stuck runs" if self.plan.until else "of runs that learn"


def standing(plan: Plan, runs: pd.DataFrame) -> Standing:
    """How the points of a sweep stand, from the frame of its runs.csv."""
    if crossing := crossing_of(plan, runs):
        plan, runs = crossing.plan, crossing.runs
    metric, runs = accuracy_metric(plan), with_stuck(plan, runs)
    ended = len(runs) == len(plan.runs)
    comparison = _comparison(plan, runs if ended else runs[:0], independent=crossing is None)
    return Standing(plan, runs, metric, comparison, _marks(comparison), crossing)


def _comparison(plan: Plan, runs: pd.DataFrame, independent: bool = True) -> Comparison:
    """Every point against the best, over the runs that learnt.

    Which may be best: points that lost the fewest runs, so that none wins by the seeds that failed, if enough
    of its runs learnt to tell. Of several that may be best, the best is one where no run got stuck, unless
    all such points are no better than chance. Where seeds go on until decided, the test is one that may be
    repeated, and points with stuck runs are not compared: they neither leave, nor make others leave.
    """
    metric = accuracy_metric(plan)
    values, every = (samples(plan, runs, [metric], of)[0] for of in (("finished",), ("finished", STUCK)))
    learnt, finished = ((~np.isnan(each)).sum(1) for each in (values, every))
    above_chance = ~points_at_chance(plan, runs)
    enough = np.minimum(LEAST_SEEDS, (learnt * above_chance).max(initial=0))
    lost = np.array([len(own) for own in plan.runs_by_point]) - finished
    candidates = (lost == lost.min()) & (learnt >= enough) & (learnt > 0)
    if not independent:
        values = mean_interval(values).mean[:, None]
    all_learnt = learnt == finished
    preferred = all_learnt if (all_learnt & above_chance).any() else None
    if plan.until:
        return compare_at_all_looks(values, level_of_best(plan), candidates, suspended=~all_learnt)
    return compare_with_best(values, candidates=candidates, preferred=preferred)


def level_of_best(plan: Plan) -> float:
    """At which points are compared with the best.

    Where seeds go on until decided, 95 % hold for all decisions together: claims have half of the errors, if
    any tests a mean.
    """
    return (1 + LEVEL) / 2 if plan.until and any(map(_tests_mean, plan.claims)) else LEVEL


def _tests_mean(claim: Mapping[str, Any]) -> bool:
    """Whether the interval on a mean decides a claim that is not read yet, as `Check.is_on_means` says."""
    checks = claim.get("check", ())
    stated = [check.get("equal", check) for check in ([checks] if isinstance(checks, Mapping) else checks)]
    return any(
        check.get("over", "mean") in ("mean", "paired") and not {"sd", "share"} & set(check.get("left", ()))
        for check in stated
    )


def _marks(comparison: Comparison) -> tuple[str, ...]:
    """As the table and the pictures show them."""
    marks = np.full(len(comparison.p), "", dtype=object)
    alike = comparison.alike & ~np.isnan(comparison.p)
    marks[comparison.worse], marks[alike] = "worse", "alike"
    if comparison.best is not None and len(marks) > 1:
        untested = "highest" if np.isnan(comparison.p).all() else "alike"
        marks[comparison.best] = "best" if comparison.worse.any() else untested
    return tuple(marks)


def accuracy_metric(plan: Plan) -> str:
    """The validation accuracy by which points are compared: that of the kept networks, if all keep alike."""
    weights = "best" if all(run.hyperparameters.keeps_best for run in plan.runs) else "final"
    return f"{weights}_validation_accuracy"


def with_stuck(plan: Plan, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs; those that failed to learn, while others of their point did not, with the status `stuck`."""
    values = samples(plan, runs, [accuracy_metric(plan)])[0]
    failed = np.array([_stuck_at_point(*each) for each in zip(values, chances(plan), strict=True)])
    seeds = {seed: number for number, seed in enumerate(plan.seeds)}
    columns = [seeds[seed] for seed in runs["seed"]]
    return runs.assign(status=runs["status"].mask(failed[point_numbers(plan, runs), columns], STUCK))


def stuck_ids(plan: Plan, runs: pd.DataFrame) -> frozenset[str]:
    """The runs that failed to learn, as `standing` has them."""
    if crossing := crossing_of(plan, runs):
        plan, runs = crossing.plan, crossing.runs
    runs = with_stuck(plan, runs)
    return frozenset(runs["run_id"][runs["status"] == STUCK])


def finished_ids(plan: Plan, runs: pd.DataFrame) -> list[str]:
    """The runs that finished and learnt, as `standing` has them."""
    stuck = stuck_ids(plan, runs)
    return [each for each in runs.loc[runs["status"] == "finished", "run_id"] if each not in stuck]


def chances(plan: Plan) -> NDArray[np.float64]:
    """At each point, the highest validation accuracy of a network that has not learnt."""
    sizes = (plan.sizes_at(point) for point in range(len(plan.points)))
    return np.array([chance_limit(of.classes, of.majority / of.validation, of.validation) for of in sizes])


def points_at_chance(plan: Plan, runs: pd.DataFrame) -> NDArray[np.bool_]:
    """The points at which runs finished, and none has learnt."""
    values = samples(plan, runs, [accuracy_metric(plan)])[0]
    unlearnt = np.isnan(values) | (values <= chances(plan)[:, None])
    mask: NDArray[np.bool_] = unlearnt.all(axis=1) & ~np.isnan(values).all(axis=1)
    return mask


def _stuck_at_point(accuracies: NDArray[np.float64], chance: float) -> NDArray[np.bool_]:
    """Which runs of a point, (seeds,); none unless others are clearly above them."""
    failed: NDArray[np.bool_] = stuck(accuracies[None], chance)[0]
    lowest = np.where(failed | np.isnan(accuracies), np.inf, accuracies).min(initial=np.inf)
    highest = np.where(failed, accuracies, -np.inf).max(initial=-np.inf)
    return failed & bool(LEAST_GAP <= lowest - highest < np.inf)


def stuck_runs(plan: Plan, runs: pd.DataFrame) -> NDArray[np.int64]:
    """At each point, how many runs have the status `stuck`."""
    return np.bincount(point_numbers(plan, runs[runs["status"] == STUCK]), minlength=len(plan.points))


def stuck_text(stuck: int, n: int, of: str = "") -> str:
    """`1 of 12 stuck (0.2 to 38 %)`: how many runs did not learn, and of what share that is a sample.

    `of`: which, where that does not stand beside it, such as ` runs at batch_size=10`.
    """
    share = share_interval(stuck, n)
    return f"{stuck} of {n}{of} stuck ({100 * float(share.low):.2g} to {100 * float(share.high):.2g} %)"


def samples(
    plan: Plan, runs: pd.DataFrame, metrics: Sequence[str], status: Sequence[str] = ("finished",)
) -> NDArray[np.float64]:
    """The metrics of the finished runs as an array (metrics, points, seeds); NaN where there is none.

    `status`: of other runs, where these are wanted.
    """
    finished = runs[runs["status"].isin(status)]
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


def best_run(plan: Plan, runs: pd.DataFrame) -> Run | None:
    """Of the point with the highest mean accuracy, the run with the highest; None if no run finished."""
    runs = with_stuck(plan, runs)
    best = _comparison(plan, runs).best
    if best is None:
        return None
    values = samples(plan, runs, [accuracy_metric(plan)])[0]
    seed = plan.seeds[int(np.nanargmax(values[best]))]
    return next(run for run in plan.runs_by_point[best] if run.seed == seed)

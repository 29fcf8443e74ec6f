"""What was tried before points were compared: how each setting did, and which ones are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.results.by_point import accuracy_metric, chances, point_numbers, samples
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.points import Question
from nnexp.text import spelled

if TYPE_CHECKING:
    import pandas as pd


# How a setting did, by the run of it that did worst: learnt, stayed at chance, was pruned, diverged or
# failed, or has not ended.
OUTCOMES = LEARNT, AT_CHANCE, PRUNED, LOST, PENDING = ("learnt", "at chance", "pruned", "lost", "pending")


class Trials(NamedTuple):
    """A sweep of trials as the sweep sees it that rests on it.

    `plan`: that of the trials, whose points are settings, `budget` at each point of the other sweep.
    `accuracy` (points, settings): mean validation accuracy over the seeds; NaN where a run did not finish.
    `lost` (points, settings): how many runs diverged or ended at chance; `runs`: how many have ended in all.
    `outcome` (points, settings): one of `OUTCOMES`; `reached`: as `accuracy`, with what a run had when a
    pruner ended it.
    """

    plan: Plan
    accuracy: NDArray[np.float64]
    lost: NDArray[np.int64]
    runs: int
    outcome: NDArray[np.str_]
    reached: NDArray[np.float64]

    def ranking(self, point: int) -> NDArray[np.intp]:
        """The numbers of the settings that finished at a point, best first; of equal ones the first tried."""
        accuracy = self.accuracy[point]
        order: NDArray[np.intp] = np.argsort(-accuracy, kind="stable")
        return order[: np.isfinite(accuracy).sum()]

    @property
    def chosen(self) -> list[int]:
        """The numbers, in the plan, of each point's best setting, or of a search's finalists, best first.

        A point at which no setting finished has none.
        """
        assert self.plan.tuning
        points, most = len(self.accuracy), self.plan.tuning.finalists or 1
        return [points * int(k) + point for point in range(points) for k in self.ranking(point)[:most]]


def trials_in(plan: Plan, runs: pd.DataFrame) -> Trials:
    """How settings did, from the plan of a sweep of trials and the frame of its runs.csv."""
    assert plan.tuning
    metric = accuracy_metric(plan)
    each, reached = (samples(plan, runs, [metric], of)[0] for of in (("finished",), ("finished", "pruned")))
    chance = each <= chances(plan)[:, None]
    diverged, ended = _counts(plan, runs[runs["status"] == "diverged"]), _counts(plan, runs)
    unfinished, lost = np.isnan(each).any(axis=1), np.isnan(reached).any(axis=1)
    outcome = np.select(
        [ended < len(plan.seeds), lost, unfinished, chance.any(axis=1)],
        [PENDING, LOST, PRUNED, AT_CHANCE],
        LEARNT,
    )
    columns = each.mean(axis=1), diverged + chance.sum(axis=1), outcome, reached.mean(axis=1)
    shape = (-1, 1 if plan.tuning.finalists else len(plan.points) // plan.tuning.budget)
    accuracy, bad, outcome, reached = (column.reshape(shape).T for column in columns)
    return Trials(plan, accuracy, bad, len(runs), outcome, reached)


def _counts(plan: Plan, runs: pd.DataFrame) -> NDArray[np.int64]:
    """How many of the runs each point has."""
    return np.bincount(point_numbers(plan, runs), minlength=len(plan.points)).astype(np.int64)


def accuracies(plan: Plan, runs: pd.DataFrame) -> NDArray[np.float64]:
    """What a search hears of each of its settings: the mean validation accuracy over the seeds.

    Of a run that a pruner ended, what it had then; 0 for one that diverged or failed.
    """
    each = samples(plan, runs, [accuracy_metric(plan)], ("finished", "pruned"))[0]
    return np.asarray(np.nan_to_num(each).mean(axis=1))


def with_choice(question: Question, trials: Trials) -> Question:
    """The question with what its trials chose: the best setting of each point, or a search's finalists.

    Raises:
        LookupError: at a point no setting finished.
    """
    name = f"{trials.plan.name}/{trials.plan.sweep_id}"
    tuning = trials.plan.tuning
    assert tuning
    for point, accuracy in enumerate(trials.accuracy):
        if np.isnan(accuracy).all():
            values = trials.plan.points[point]
            where = ", ".join(f"{n}={spelled(v)}" for n, v in values.items() if n not in tuning.names)
            raise LookupError(
                f"none of {trials.accuracy.shape[1]} settings finished{' at ' * bool(where)}{where}"
            )
    chosen = [{name: trials.plan.points[number][name] for name in tuning.names} for number in trials.chosen]
    if tuning.finalists is not None:
        return replace(question, points=chosen, trials=name)
    return replace(question, settings=chosen, trials=name)

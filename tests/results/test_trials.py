"""What trials choose: the best setting that finished, and of a search the finalists."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnexp.data import DataSpec, load
from nnexp.nn import Hyperparameters
from nnexp.results.tables import runs_table
from nnexp.results.trials import Trials, trials_in, with_choice
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.tuning import trials_of, tuning_of
from tests.results.sweeps import make_record, make_records

RATES = {"learning_rate": {"low": 0.01, "high": 10, "scale": "log"}, "budget": 4}
BASE = Run("", Hyperparameters(), DataSpec(), 0).settings


def tuned(**parts: Any) -> Question:
    axes = {"batch_size": [1, 10]} if "nuisance" in parts else {}
    question = Question("sample", "What does it do?", axes, range(3))
    return replace(question, tuning=tuning_of(question, parts.get("nuisance"), parts.get("search")))


def plan_of(question: Question) -> Plan:
    assert question.tuning
    return make_plan(trials_of(question, question.tuning, BASE), Hyperparameters(), DataSpec(), load)


def trials(question: Question, accuracies: Sequence[Sequence[float | None]]) -> Trials:
    plan = plan_of(question)
    return trials_in(plan, runs_table(plan, make_records(plan, accuracies), {}))


# Of 4 settings at 2 points, one setting after the other, each with 2 seeds.
TWO_SEEDS = [
    [0.5, 0.7],
    [0.2, 0.3],
    [0.8, 0.9],
    [0.6, 0.6],
    [0.95, None],
    [0.4, 0.4],
    [0.85, 0.85],
    [0.1, 0.1],
]


def test_each_point_gets_the_setting_with_the_best_mean_over_its_seeds() -> None:
    question = tuned(nuisance=RATES | {"seeds": 2})
    made = trials(question, TWO_SEEDS)
    expected = [[0.6, 0.85, np.nan, 0.85], [0.25, 0.6, 0.4, 0.1]]
    assert np.allclose(made.accuracy, expected, equal_nan=True)
    choice = with_choice(question, made)
    assert choice.settings == [made.settings(0)[1], made.settings(1)[1]]  # of two equal ones the first
    assert choice.trials == f"sample/trials/{made.plan.sweep_id}"
    assert choice.seeds == range(3)


def test_a_setting_of_which_a_run_did_not_finish_is_not_chosen() -> None:
    question = tuned(nuisance=RATES | {"seeds": 2})
    made = trials(question, TWO_SEEDS)
    assert 2 not in made.ranking(0)
    assert list(made.ranking(1)) == [1, 2, 0, 3]


def test_runs_that_diverge_or_stay_at_chance_are_counted() -> None:
    plan = plan_of(tuned(nuisance=RATES))
    records = make_records(plan, [[0.9], [0.01], [0.9], [0.9], [0.9], [0.9], [0.02], [0.9]])
    records[plan.runs[0].run_id] = make_record(plan.runs[0], None, "diverged")
    made = trials_in(plan, runs_table(plan, records, {}))
    assert (made.lost, made.runs) == (3, 8)


def test_a_search_ends_with_its_finalists_best_first() -> None:
    question = tuned(search=RATES | {"finalists": 2})
    made = trials(question, [[0.5], [0.9], [None], [0.7]])
    choice = with_choice(question, made)
    assert list(choice.points) == [made.settings(0)[1], made.settings(0)[3]]
    assert choice.settings == ()


def test_a_point_at_which_nothing_finished_is_named() -> None:
    question = tuned(nuisance=RATES)
    made = trials(question, [[0.5], [None]] * 4)
    with pytest.raises(LookupError, match="none of 4 settings finished at batch_size=10"):
        with_choice(question, made)

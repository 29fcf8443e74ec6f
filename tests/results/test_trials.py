"""What trials choose: the best setting that finished, and of a search the finalists."""

import numpy as np
import pytest

from nnexp.results.tables import runs_table
from nnexp.results.trials import trials_in, with_choice
from tests.results.sweeps import make_record, make_records
from tests.results.tuned import RATES, plan_of, trials, tuned

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
    rates = [point["learning_rate"] for point in made.plan.points]
    assert [each["learning_rate"] for each in choice.settings] == [
        rates[2],
        rates[3],
    ]  # of two, the first
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
    assert made.lost.tolist() == [[1, 0, 0, 1], [1, 0, 0, 0]]
    assert made.runs == 8


def test_a_search_ends_with_its_finalists_best_first() -> None:
    question = tuned(search=RATES | {"finalists": 2})
    made = trials(question, [[0.5], [0.9], [None], [0.7]])
    choice = with_choice(question, made)
    assert list(choice.points) == [made.plan.points[1], made.plan.points[3]]
    assert choice.settings == ()


def test_a_point_at_which_nothing_finished_is_named() -> None:
    question = tuned(nuisance=RATES)
    made = trials(question, [[0.5], [None]] * 4)
    with pytest.raises(LookupError, match="none of 4 settings finished at batch_size=10"):
        with_choice(question, made)

"""Tuned questions: which settings are tried, with which seeds, and what cannot be asked."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

from nnexp.data import DataSpec, load
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.samplers import SEQUENCES, places
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.question.trials import trials_of
from nnexp.sweep.question.tuning import FIRST_SEED, Tuning, as_written, check_seeds, read_tuning, tuning_of

RATES = {"learning_rate": {"low": 0.01, "high": 10, "scale": "log"}}
BASE = Run("", Hyperparameters(), DataSpec(), 0).settings
SIZES = Question("sample", "What does it do?", {"batch_size": [1, 10, 100]}, range(3))


def tuned(given: Mapping[str, Any], question: Question = SIZES) -> Tuning:
    tuning = tuning_of(question, given, None)
    assert tuning
    return tuning


def trials(budget: int, **given: Any) -> Plan:
    data = DataSpec(name="synthetic")
    question = trials_of(SIZES, tuned(RATES | {"budget": budget} | given), BASE)
    return make_plan(question, Hyperparameters(), data, load)


@pytest.mark.parametrize("sampler", SEQUENCES)
def test_a_larger_budget_begins_with_the_settings_of_a_smaller_one(sampler: str) -> None:
    few, many = trials(5, sampler=sampler), trials(11, sampler=sampler)
    assert many.points[: len(few.points)] == few.points
    assert {run.run_id for run in few.runs} < {run.run_id for run in many.runs}


def test_places_fill_the_cube_more_evenly_than_random_ones() -> None:
    spread = {name: qmc.discrepancy(places(name, 64, 3)) for name in SEQUENCES}
    assert spread["halton"] < 0.5 * spread["random"]
    assert spread["sobol"] < 0.5 * spread["random"]
    assert all(((cube >= 0) & (cube < 1)).all() for cube in (places(name, 64, 3) for name in SEQUENCES))


def test_every_point_tries_the_same_settings_with_seeds_that_judge_nothing() -> None:
    plan = trials(4, seeds=2)
    by_point = [[point["learning_rate"] for point in plan.points[k::3]] for k in range(3)]
    assert by_point[0] == by_point[1] == by_point[2]
    assert len(set(by_point[0])) == 4
    assert plan.seeds == (FIRST_SEED, FIRST_SEED + 1)
    assert plan.name == "sample/trials"
    assert plan.axes == ("batch_size", "learning_rate")


def test_settings_differ_where_whole_numbers_are_few() -> None:
    given = {"hidden_size": {"low": 3, "high": 8}, "budget": 6}
    points = trials_of(SIZES, tuned(given), BASE).points
    assert sorted(point["hidden_size"] for point in points[::3]) == [3, 4, 5, 6, 7, 8]
    with pytest.raises(UserError, match=r"must have 7 different settings, got 6 at \{'batch_size': 1\}"):
        trials_of(SIZES, tuned(given | {"budget": 7}), BASE)


def test_a_slip_in_a_key_beside_the_ranges_names_that_key() -> None:
    with pytest.raises(
        UserError, match=r"unknown hyperparameter in sweep\.nuisance 'bugdet'; did you mean 'budget'"
    ):
        trials_of(SIZES, tuned({"learning_rate": {"low": 0.1, "high": 1}, "bugdet": 6}), BASE)


def test_another_budget_range_or_sampler_is_another_question() -> None:
    ids = {
        trials(4).sweep_id,
        trials(5).sweep_id,
        trials(4, seeds=2).sweep_id,
        trials(4, sampler="sobol").sweep_id,
        trials(4, learning_rate={"low": 0.01, "high": 5, "scale": "log"}).sweep_id,
    }
    assert len(ids) == 5


def test_what_is_written_is_read_back() -> None:
    for key, given in (("nuisance", RATES | {"budget": 4}), ("search", RATES | {"budget": 4})):
        tuning = read_tuning(key, given, [])
        assert as_written(tuning).keys() == {key}
        assert read_tuning(key, as_written(tuning)[key], []) == tuning


@pytest.mark.parametrize(
    ("nuisance", "search", "message"),
    [
        ({}, None, "sweep.nuisance must name at least one hyperparameter"),
        ("rates", None, "sweep.nuisance must give hyperparameters with their ranges"),
        (RATES, None, "sweep.nuisance.budget is missing: it must be a whole number >= 1"),
        (RATES | {"budget": 0}, None, "sweep.nuisance.budget must be a whole number >= 1, got 0"),
        (RATES | {"budget": 3 * 10**8}, None, "sweep.nuisance must try at most 100000 runs, got 900000000"),
        (RATES | {"budget": 4, "seeds": True}, None, "sweep.nuisance.seeds must be a whole number >= 1"),
        (RATES | {"budget": 4, "sampler": "halon"}, None, "did you mean 'halton'"),
        (RATES | {"budget": 4}, RATES | {"budget": 4}, "sweep.search has no nuisance beside it"),
        (None, RATES | {"budget": 4}, "sweep.search takes no axes beside it, got batch_size"),
    ],
)
def test_a_tuned_question_that_cannot_be_asked_is_told(nuisance: Any, search: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        tuning_of(SIZES, nuisance, search)
    assert message in str(error.value)


def test_a_search_takes_at_least_one_finalist_and_at_most_its_budget() -> None:
    for finalists in (0, 5):
        with pytest.raises(UserError, match=r"sweep.search.finalists must be"):
            read_tuning("search", RATES | {"budget": 4, "finalists": finalists}, [])


def test_seeds_that_choose_are_refused_as_seeds_that_judge() -> None:
    question = Question("sample", "", {"batch_size": [1, 10]}, [0, FIRST_SEED])
    with pytest.raises(UserError, match=f"sweep.seeds must be < {FIRST_SEED}, got {FIRST_SEED}"):
        check_seeds(question)


def test_a_search_takes_no_seeds_until_decided() -> None:
    question = Question("sample", "", {}, UntilDecided(6, 12))
    with pytest.raises(UserError, match=r"sweep\.search takes a fixed number of seeds"):
        tuning_of(question, None, RATES | {"budget": 4})


def test_a_range_may_differ_by_numbers_and_is_read_back() -> None:
    rates = {"by": "batch_size", 1: {"low": 0.01, "high": 1}, 10: [0.1, 1], 100: [1, 2]}
    tuning = tuned({"learning_rate": rates, "budget": 2})
    plan = make_plan(trials_of(SIZES, tuning, BASE), Hyperparameters(), DataSpec(name="synthetic"), load)
    assert {point["learning_rate"] for point in plan.points[1::3]} == {0.1, 1}
    written = json.loads(json.dumps(as_written(tuning)))
    assert (
        read_tuning("nuisance", written["nuisance"], [{"batch_size": size} for size in (1, 10, 100)])
        == tuning
    )


def test_what_is_tuned_beside_crossed_seeds_is_refused() -> None:
    question = Question("sample", "", {"seed_weights": [0, 1]}, [0])
    with pytest.raises(UserError, match=r"takes no sweep\.nuisance beside it"):
        tuned(RATES | {"budget": 4}, question)


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ("halton", [0.70722484, 0.46907967, 0.20722484, 0.80241300, 0.95722484, 0.13574634]),
        ("sobol", [0.40994959, 0.96412022, 0.72191166, 0.10752478, 0.90486641, 0.52855152]),
        ("random", [0.63696169, 0.26978671, 0.04097352, 0.01652764, 0.81327024, 0.91275558]),
    ],
)
def test_places_are_those_that_were_published_with(sampler: str, expected: list[float]) -> None:
    """Published tuned sweeps rest on them: another version of SciPy or NumPy must not move them."""
    assert np.allclose(places(sampler, 3, 2).ravel(), expected, atol=1e-8)

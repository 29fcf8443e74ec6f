"""A chosen value is at the border of its range within a step of the trials, on the range's own scale."""

from dataclasses import replace
from typing import Any

import pytest

from nnexp.results.borders import borders
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.stages import FIRST_SEED
from nnexp.sweep.question.tuning import Tuning, read_tuning
from tests.results.sweeps import make_plan


def plan_of(ranges: dict[str, Any], budget: int = 16, **chosen: Any) -> Plan:
    """Two optimizers with these settings, as if they had been chosen for both."""
    plan = make_plan({"optimizer": ["sgd", "adam"]}, **chosen)
    tuning: Tuning = read_tuning("nuisance", ranges | {"budget": budget}, plan.points)
    return replace(plan, tuning=tuning, trials="known/trials/00000000")


def found(plan: Plan) -> list[tuple[int, str, str]]:
    return [(each.point, each.end, each.key) for each in borders(plan, range(len(plan.points)))]


RATE = {"learning_rate": {"low": 0.01, "high": 100, "scale": "log"}}


@pytest.mark.parametrize(
    ("budget", "rate", "end"),
    [  # of 4 decades 1/16 is a quarter of one, and 1/20 a fifth
        (16, 0.0177, "low"),
        (16, 0.0179, ""),
        (16, 57.0, "high"),
        (16, 56.0, ""),
        (64, 0.0158, "low"),
        (64, 0.0159, ""),
    ],
)
def test_near_is_a_step_of_the_budget_and_at_least_a_twentieth(budget: int, rate: float, end: str) -> None:
    key = f"sweep.nuisance.learning_rate.{end}"
    expected = [(0, end, key), (1, end, key)] if end else []
    assert found(plan_of(RATE, budget, learning_rate=rate)) == expected


def test_of_fewer_than_ten_settings_nothing_is_said() -> None:
    """One in five or more would lie so near an end by chance."""
    assert found(plan_of(RATE, 9, learning_rate=0.01)) == []
    assert len(found(plan_of(RATE, 10, learning_rate=0.01))) == 2


def test_a_range_of_an_axis_value_has_a_border_of_its_own() -> None:
    ranges = {
        "learning_rate": {
            "by": "optimizer",
            "sgd": {"low": 0.01, "high": 10, "scale": "log"},
            "adam": {"low": 0.0001, "high": 0.1, "scale": "log"},
        }
    }
    plan = plan_of(ranges, learning_rate=0.09)
    assert found(plan) == [(1, "high", "sweep.nuisance.learning_rate.adam.high")]


def test_an_end_that_no_value_may_pass_is_no_border() -> None:
    assert found(plan_of({"dropout": {"low": 0, "high": 0.5}}, dropout=0.01)) == []
    assert len(found(plan_of({"dropout": {"low": 0, "high": 0.5}}, dropout=0.49))) == 2
    assert found(plan_of({"hidden_size": {"low": 1, "high": 50}}, hidden_size=1)) == []
    assert len(found(plan_of({"hidden_size": {"low": 2, "high": 50}}, hidden_size=2))) == 2


def test_a_list_has_no_border_and_neither_has_what_is_not_drawn() -> None:
    assert found(plan_of({"batch_size": [1, 10, 100]}, batch_size=1)) == []
    only_sgd = {"lambda_l2": {"low": 0.1, "high": 10, "when": {"optimizer": "sgd"}}}
    assert found(plan_of(only_sgd, lambda_l2=0.1)) == [(0, "low", "sweep.nuisance.lambda_l2.low")]


def test_in_a_stage_the_key_is_one_of_the_stage() -> None:
    plan = plan_of(RATE, learning_rate=0.011)
    stage = replace(plan, name="study/rates", seeds=(FIRST_SEED,))
    (key,) = {each.key for each in borders(stage, [0])}
    assert key == "nuisance.learning_rate.low of the stage rates"

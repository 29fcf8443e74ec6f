"""Spaces of settings: values lie in their ranges, evenly on the scale that was asked for."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.sweep.question.space import Choices, Range, setting_at
from nnexp.sweep.question.space_file import space_of

OPTIMIZERS = {"optimizer": ["sgd", "adam"]}
BY_OPTIMIZER = {
    "by": "optimizer",
    "sgd": {"low": 0.01, "high": 10, "scale": "log"},
    "adam": {"low": 0.0001, "high": 0.1, "scale": "log"},
}


@pytest.mark.parametrize("log", [False, True])
def test_equal_parts_of_the_unit_interval_are_equal_parts_of_the_range(log: bool) -> None:
    drawn = [Range(0.01, 10, log).value(u) for u in np.linspace(0, 1, 1001)[:-1]]
    scale = np.log if log else np.asarray
    shares = (scale(drawn) - scale(0.01)) / (scale(10.0) - scale(0.01))
    assert np.allclose(shares, np.linspace(0, 1, 1001)[:-1], atol=1e-3)
    assert min(drawn) >= 0.01
    assert max(drawn) <= 10


def test_each_whole_number_of_a_linear_range_is_as_likely_as_the_others() -> None:
    counts = Counter(Range(2, 6, whole=True).value(u) for u in (np.arange(1000) + 0.5) / 1000)
    assert counts == dict.fromkeys(range(2, 7), 200)


def test_a_logarithmic_range_of_whole_numbers_reaches_both_ends() -> None:
    drawn = [Range(1, 300, log=True, whole=True).value(u) for u in (0, 0.5, 0.9999)]
    assert drawn == [1, 12, 300]
    assert all(isinstance(value, int) for value in drawn)


def test_a_list_is_chosen_from_evenly() -> None:
    assert [Choices(("a", "b", "c")).value(u) for u in (0, 0.34, 0.99)] == ["a", "b", "c"]


def test_a_range_may_differ_by_a_value_of_an_axis() -> None:
    space = space_of("sweep.nuisance", {"learning_rate": BY_OPTIMIZER}, OPTIMIZERS)
    assert setting_at(space, [0], {"optimizer": "sgd"}) == {"learning_rate": 0.01}
    assert setting_at(space, [0], {"optimizer": "adam"}) == {"learning_rate": 0.0001}


def test_a_hyperparameter_may_be_drawn_at_some_values_of_another_alone() -> None:
    given = {"optimizer": ["sgd", "adam"], "momentum": {"low": 0, "high": 0.9, "when": {"optimizer": "sgd"}}}
    space = space_of("sweep.search", given, {})
    assert setting_at(space, [0, 0.5], {}) == {"optimizer": "sgd", "momentum": 0.45}
    assert setting_at(space, [0.5, 0.5], {}) == {"optimizer": "adam"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batch_size": {"low": 1, "high": 9}}, "sweep.nuisance.batch_size must not be an axis"),
        ({"seed": [0, 1]}, "seed must not be an axis: every setting gets the same seeds"),
        ({"learning_rte": [0.1, 1]}, "did you mean 'learning_rate'"),
        ({"learning_rate": {"low": 1, "high": 1}}, "must have low < high, got low=1 high=1"),
        ({"learning_rate": {"low": 0, "high": 1, "scale": "log"}}, "low must be > 0 on a log scale"),
        ({"learning_rate": {"low": 0.1}}, "must be a list or a range {low, high, scale}"),
        ({"learning_rate": {"low": 0.1, "high": 1, "count": 3}}, "unknown key in"),
        ({"learning_rate": [0.1]}, "a list of two values or more"),
        ({"learning_rate": [0.1, 0.1]}, "must list different values"),
        ({"activation": {"low": 0, "high": 1}}, "activation is no number"),
        ({"momentum": {"low": 0, "high": 1, "when": {"optimizr": "sgd"}}}, "unknown setting in"),
        ({"momentum": {"by": "batch_size", 1: {"low": 0, "high": 1}}}, "got none for 10"),
        ({"momentum": {"low": 0, "high": 1, "when": {"batch_size": [1, 11]}}}, "unknown value of batch_size"),
        (
            {
                "optimizer": ["sgd", "adam"],
                "momentum": {"by": "optimizer", "sdg": [0, 1], "sgd": [0, 1], "adam": [0, 1]},
            },
            "did you mean 'sgd'",
        ),
        ({"optimizer": ["sgd", "adam"], "momentum": {"by": "optimizer", "sgd": [0, 1]}}, "got none for adam"),
        (
            {"dropout": {"low": 0, "high": 0.5}, "momentum": {"low": 0, "high": 1, "when": {"dropout": [0]}}},
            "must name an axis or a hyperparameter with a list, and dropout has a range",
        ),
        ({"seed_weights": {"low": 0, "high": 9}}, "seed_weights is no setting to choose"),
        ({"dropout": {"low": 0, "high": 1}}, "dropout.high: dropout must be a number >= 0 and < 1, got 1"),
        (
            {"learning_rate": {"low": 0, "high": 1}},
            "rate.low: learning_rate must be a finite number > 0, got 0",
        ),
        ({"hidden_size": {"low": 0, "high": 9}}, "hidden_size.low: hidden_size must be a whole number >= 1"),
        (
            {"rotation": {"low": 0, "high": 400}},
            "rotation.high: data.rotation must be a number >= 0 and < 360",
        ),
        ({"train_size": {"low": 0, "high": 9}}, "train_size.low: train_size must be an integer >= 1"),
        ({"activation": ["tanh", "rleu"]}, "sweep.nuisance.activation: unknown activation 'rleu'"),
        (
            {"dropout": {"by": "batch_size", 1: [0.1, 0.2], 10: {"low": 0.1, "high": 1}}},
            "sweep.nuisance.dropout.10.high: dropout must be a number >= 0 and < 1, got 1",
        ),
    ],
)
def test_a_space_that_cannot_be_used_is_told_in_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=r"sweep\.nuisance") as error:
        space_of("sweep.nuisance", given, {"batch_size": [1, 10]})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_value_lies_on_the_scale_of_its_range() -> None:
    assert Range(1, 100, log=True).place(10) == pytest.approx(0.5)
    assert Range(0, 10).place(2.5) == 0.25
    assert [Range(1, 5, whole=True).place(value) for value in (1, 5)] == [0, 1]


def test_a_value_beyond_an_end_is_on_the_other_side_of_it() -> None:
    assert Range(1, 100, log=True).beyond("high") == pytest.approx(100**1.01)
    assert Range(1, 100, log=True).beyond("low") == pytest.approx(100**-0.01)
    assert [Range(1, 5, whole=True).beyond(end) for end in ("low", "high")] == [0, 6]
    assert Range(0, 10).beyond("low") < 0

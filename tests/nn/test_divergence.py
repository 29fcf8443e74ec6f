"""A run that diverges ends, keeps what was finite, and disturbs nobody. Warnings are errors."""

from dataclasses import replace

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, train
from tests.nn.driving import random_data

DATA = random_data(np.random.default_rng(0), n=20, d=4, classes=3)
# Linear units and a step too large: the weights grow by some factor in every epoch until they overflow.
GROWING = Hyperparameters(
    activation="identity", output="identity", cost="quadratic", hidden_layers=0, learning_rate=10.0,
    batch_size=10, epochs=200, monitor=("weight_norm", "test"),
)  # fmt: skip
TAME = replace(GROWING, learning_rate=0.01, epochs=200)


def columns(result) -> dict:
    return {**result.history, "seconds": None}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_history_reaches_up_to_the_epoch_before(dtype):
    h = replace(GROWING, dtype=dtype)
    [result] = train([h], DATA)
    last = result.history["epoch"][-1]
    assert result.status == "diverged"
    assert 5 < last < 199, "the case must grow for a while"
    for column in result.history.values():
        assert len(column) == last + 1
        assert np.isfinite(column).all()
    [until_then] = train([replace(h, epochs=last)], DATA)
    assert until_then.status == "finished"
    assert columns(until_then) == columns(result)
    assert train([replace(h, epochs=last + 1)], DATA)[0].status == "diverged"


def test_the_last_finite_weights_are_kept_and_the_test_set_is_left_alone():
    [result] = train([GROWING], DATA)
    last = result.history["epoch"][-1]
    assert result.kept_epoch == last
    [until_then] = train([replace(GROWING, epochs=last)], DATA)
    assert all((W == V).all() for W, V in zip(result.weights, until_then.weights, strict=True))
    assert result.test_cost is None
    assert result.test_accuracy is None


def test_the_best_weights_are_kept_where_they_were_asked_for():
    [result] = train([replace(GROWING, keep="best")], DATA)
    accuracies = result.history["validation_accuracy"][1:]  # row 0 is before training
    assert result.status == "diverged"
    assert result.kept_epoch == 1 + accuracies.index(max(accuracies))


def test_a_run_that_diverges_in_its_first_epoch_keeps_its_initial_weights():
    wild = replace(GROWING, learning_rate=1e38, epochs=3, monitor=())
    [result] = train([wild], DATA)
    assert (result.status, result.kept_epoch) == ("diverged", 0)
    assert result.history["epoch"] == []
    [start] = train([replace(wild, learning_rate=1e-38, epochs=1)], DATA)
    assert all((W == V).all() for W, V in zip(result.weights, start.weights, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop", "adam", "adamw"])
def test_mates_are_undisturbed(optimizer):
    """Before, between and after runs that diverge at different epochs."""
    base = replace(TAME, optimizer=optimizer, epochs=30, lambda_l2=0.1, dropout=0.1, hidden_layers=1)
    wild = [replace(base, learning_rate=rate) for rate in (1e38, 300.0)]
    tame = [replace(base, seed=seed) for seed in range(3)]
    results = train([wild[0], tame[0], wild[1], tame[1], tame[2]], DATA)
    assert results[0].status == "diverged"
    for run, result in zip(tame, (results[1], results[3], results[4]), strict=True):
        [alone] = train([run], DATA)
        assert result.status == "finished"
        assert columns(result) == columns(alone)
        assert all((W == V).all() for W, V in zip(result.weights, alone.weights, strict=True))


def test_a_stack_of_which_every_run_diverges_ends():
    calls = []
    results = train(
        [replace(GROWING, seed=seed, epochs=10**9) for seed in range(3)],
        DATA,
        progress=lambda epoch, metrics: calls.append(epoch),
    )
    assert [result.status for result in results] == ["diverged"] * 3
    assert len(calls) == 2 + max(result.history["epoch"][-1] for result in results)


def test_divergence_is_seen_without_evaluation():
    """A run whose weights overflow between two rows of history ends there."""
    [result] = train([replace(GROWING, evaluate_every=0, monitor=())], DATA)
    [evaluated] = train([replace(GROWING, monitor=())], DATA)
    assert result.status == "diverged"
    assert result.history["epoch"] == []
    assert result.kept_epoch >= evaluated.history["epoch"][-1]
    assert all(np.isfinite(W).all() for W in result.weights)


def test_inputs_that_are_not_finite_are_a_divergence_too():
    spoiled = DATA.training.inputs.copy()
    spoiled[3, 1] = np.nan
    data = DATA._replace(training=DATA.training._replace(inputs=spoiled))
    [result] = train([replace(TAME, monitor=())], data)
    assert (result.status, result.history["epoch"]) == ("diverged", [])


def test_a_penalty_that_overflows_before_the_weights_do_is_divergence_too():
    """Decay with a step too large makes weights grow without end, while sigmoids keep the cost finite."""
    growing = Hyperparameters(dtype="float64", lambda_l2=1e3, learning_rate=1e3, epochs=200, batch_size=20)
    [result] = train([growing], DATA)
    assert result.status == "diverged"
    assert np.isfinite(result.history["penalty"]).all()
    assert max(result.history["penalty"]) > 1e290, "the penalty must come near the largest float"

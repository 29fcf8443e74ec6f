"""Dropout of hidden units and of inputs, seen from outside.

With W2 = 0, b2 = 0 and y = one-hot(i) for example i, linear outputs have the error delta_i = -y_i. So one
step over all n examples at learning rate n leaves in row i of W2 the hidden activations of example i. In a
single layer these are its inputs.
"""

import numpy as np
import pytest

from nnexp.nn import Data, Hyperparameters, train
from nnexp.nn.streams import stream
from tests import reference
from tests.nn.driving import data_of, layers_of, random_layers, read_only, stack_of

N, UNITS = 20, 300
INPUTS = np.random.default_rng(0).standard_normal((N, 4))
DATA = data_of(INPUTS, np.arange(N), classes=N)
HIDDEN = np.random.default_rng(1).standard_normal((UNITS, 4))
NETWORK = [(HIDDEN, np.zeros(UNITS)), (np.zeros((N, UNITS)), np.zeros(N))]
ACTIVATIONS = 1 / (1 + np.exp(-INPUTS @ HIDDEN.T))


def hidden_activations(rate: float, seed: int = 0, epochs: int = 1, **knobs) -> np.ndarray:
    """The hidden activations (N, UNITS) of one step, as dropout passed them on."""
    h = Hyperparameters(
        output="identity", cost="quadratic", learning_rate=N, batch_size=N, epochs=epochs, dropout=rate,
        seed=seed, dtype="float64", **knobs,
    )  # fmt: skip
    order = read_only(np.tile(np.arange(N), (epochs, 1)))
    return train([h], DATA, initial=stack_of([NETWORK]), order=order)[0].weights[1]


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_a_unit_is_dropped_or_scaled_by_the_inverse_of_its_chance(rate):
    """Each unit of each example on its own, with the probability that the rate says."""
    activations = hidden_activations(rate)
    alive = activations != 0
    np.testing.assert_allclose(activations[alive], ACTIVATIONS[alive] / (1 - rate), rtol=1e-6)
    spread = np.sqrt(rate * (1 - rate))
    assert abs(alive.mean() - (1 - rate)) < 4 * spread / np.sqrt(alive.size)
    for axis in (0, 1):  # no example and no unit is favoured
        shares = alive.mean(axis=axis)
        assert shares.std() == pytest.approx(spread / np.sqrt(alive.shape[axis]), rel=0.5)


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_dropout_keeps_the_expected_activation(rate):
    """The mean over 40 draws is the undropped activation, within 4 standard errors of its sum."""
    draws = np.mean([hidden_activations(rate, seed) for seed in range(40)], axis=0)
    error = np.sqrt(rate / (1 - rate) * (ACTIVATIONS**2).sum() / 40)
    assert abs((draws - ACTIVATIONS).sum()) < 4 * error
    assert abs(draws - ACTIVATIONS).max() < 6 * np.sqrt(rate / (1 - rate) / 40)


def test_no_dropout_is_rate_zero():
    np.testing.assert_allclose(hidden_activations(0.0), ACTIVATIONS, rtol=1e-12)


def test_masks_are_drawn_afresh_for_each_seed():
    masks = {(hidden_activations(0.5, seed) != 0).tobytes() for seed in range(5)}
    assert len(masks) == 5


def test_given_layers_are_dropped_whatever_the_knob_says_about_depth():
    """The shapes of `initial` fix the network: `hidden_layers` must not silence its dropout."""
    assert (hidden_activations(0.5, hidden_layers=0) == 0).any()
    np.testing.assert_array_equal(
        hidden_activations(0.5, hidden_layers=0), hidden_activations(0.5, hidden_layers=1)
    )


def test_evaluation_drops_nothing():
    """The cost after an epoch is that of the whole network."""
    h = Hyperparameters(output="identity", cost="quadratic", learning_rate=1e-30, epochs=1, dropout=0.9)
    network = [NETWORK[0], (np.full((N, UNITS), 1e-3), np.zeros(N))]
    [result] = train([h], DATA, initial=stack_of([network]))
    a = ACTIVATIONS @ network[1][0].T
    expected = 0.5 * ((a - np.eye(N)) ** 2).sum(axis=1).mean()
    assert result.history["training_cost"] == pytest.approx([expected], rel=1e-5)


WIDE = np.random.default_rng(2).standard_normal((N, UNITS))


def inputs_seen(rate: float, seed: int = 0, **knobs) -> np.ndarray:
    """The inputs WIDE (N, UNITS) of one step, as input dropout passed them on to a single layer."""
    h = Hyperparameters(
        output="identity", cost="quadratic", learning_rate=N, batch_size=N, epochs=1, input_dropout=rate,
        seed=seed, hidden_layers=0, **{"dtype": "float64"} | knobs,
    )  # fmt: skip
    network = [(np.zeros((N, UNITS)), np.zeros(N))]
    data = data_of(WIDE, np.arange(N), classes=N)
    return train([h], data, initial=stack_of([network]), order=[np.arange(N)])[0].weights[0]


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.9])
def test_an_input_is_left_out_or_scaled_by_the_inverse_of_its_chance(rate):
    seen = inputs_seen(rate)
    alive = seen != 0
    np.testing.assert_allclose(seen[alive], WIDE[alive] / (1 - rate), rtol=1e-12)
    spread = np.sqrt(rate * (1 - rate))
    assert abs(alive.mean() - (1 - rate)) < 4 * spread / np.sqrt(alive.size)
    for axis in (0, 1):  # no example and no input is favoured
        shares = alive.mean(axis=axis)
        assert shares.std() == pytest.approx(spread / np.sqrt(alive.shape[axis]), rel=0.5)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_input_dropout_keeps_the_expected_input(rate):
    draws = np.mean([inputs_seen(rate, seed) for seed in range(40)], axis=0)
    error = np.sqrt(rate / (1 - rate) * (WIDE**2).sum() / 40)
    assert abs((draws - WIDE).sum()) < 4 * error
    assert (abs(draws - WIDE) < 6 * np.sqrt(rate / (1 - rate) / 40) * abs(WIDE)).all()


def test_both_dtypes_leave_out_the_same_inputs():
    single, double = (inputs_seen(0.5, dtype=dtype) != 0 for dtype in ("float32", "float64"))
    assert np.array_equal(single, double)


def test_inputs_are_left_out_by_draws_of_their_own():
    """Whether hidden units are dropped or not, and other inputs for each seed."""
    wide = [(np.eye(UNITS), np.zeros(UNITS)), (np.zeros((N, UNITS)), np.zeros(N))]
    h = Hyperparameters(
        output="identity", cost="quadratic", learning_rate=N, batch_size=N, epochs=1, dtype="float64",
        activation="identity", hidden_size=UNITS, input_dropout=0.5, dropout=0.5,
    )  # fmt: skip
    data = data_of(WIDE, np.arange(N), classes=N)
    [both] = train([h], data, initial=stack_of([wide]), order=[np.arange(N)])
    passed, alive = both.weights[1] != 0, inputs_seen(0.5) != 0
    assert not (passed & ~alive).any()
    assert 0.4 < passed[alive].mean() < 0.6
    assert np.array_equal(passed, alive & (hidden_activations(0.5) != 0))
    assert len({(inputs_seen(0.5, seed) != 0).tobytes() for seed in range(5)}) == 5


def test_training_with_input_dropout_is_training_on_thinned_examples():
    """Three epochs of mini-batches of 3, 3 and 1, by the loop over single examples; one order for both."""
    rng = np.random.default_rng(3)
    inputs, labels, network = rng.standard_normal((7, 5)), np.arange(7) % 3, random_layers(rng, [5, 4, 3])
    h = Hyperparameters(
        batch_size=3, epochs=3, learning_rate=0.3, momentum=0.5, lambda_l2=0.2, dtype="float64",
        input_dropout=0.4, hidden_size=4,
    )  # fmt: skip
    order = np.array([rng.permutation(7) for _ in range(3)])
    draws = stream(0, "input_dropout")
    thinned = []
    for epoch in order:
        for batch in (epoch[:3], epoch[3:6], epoch[6:]):
            thinned += list(inputs[batch] * (draws.random((len(batch), 5), np.float32) >= 0.4) / 0.6)
    numbers = np.arange(21).reshape(3, 7)
    *_, expected = reference.train(network, np.array(thinned), labels[order.ravel()], numbers, h)
    plain = Hyperparameters(**vars(h) | {"input_dropout": 0.0})
    data = data_of(inputs, labels, classes=3)
    whole, first = train([plain, h], data, initial=stack_of([network] * 2), order=read_only(order))
    *_, usual = reference.train(network, inputs, labels, order, plain)
    for result, layers in ((first, expected), (whole, usual)):
        for (W, b), (expected_W, expected_b) in zip(layers_of(result), layers, strict=True):
            np.testing.assert_allclose(W, expected_W, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(b, expected_b, rtol=1e-12, atol=1e-12)


def test_evaluation_leaves_out_no_input():
    network = [(np.full((N, UNITS), 1e-3), np.zeros(N))]
    data: Data = data_of(WIDE, np.arange(N), classes=N)
    h = Hyperparameters(
        output="identity", cost="quadratic", learning_rate=1e-30, epochs=1, input_dropout=0.9, hidden_layers=0
    )
    [result] = train([h], data, initial=stack_of([network]))
    expected = 0.5 * ((WIDE @ network[0][0].T - np.eye(N)) ** 2).sum(axis=1).mean()
    assert result.history["training_cost"] == pytest.approx([expected], rel=1e-5)

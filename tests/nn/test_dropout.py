"""Dropout, seen from outside.

With W2 = 0, b2 = 0 and y = one-hot(i) for example i, linear outputs have the error delta_i = -y_i. So one
step over all n examples at learning rate n leaves in row i of W2 the hidden activations of example i.
"""

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, train
from tests.nn.driving import data_of, read_only, stack_of

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

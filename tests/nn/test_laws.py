"""Laws that training obeys, whatever the numbers: each follows from the objective, not from the code."""

from dataclasses import replace

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, train
from nnexp.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from tests import reference
from tests.nn.driving import (
    data_of,
    gradient,
    layers_of,
    moved_by,
    one_step,
    random_data,
    random_layers,
    read_only,
    same_bits,
    stack_of,
)

DATA = random_data(np.random.default_rng(0), n=12, d=4, classes=3)
NETWORK = random_layers(np.random.default_rng(1), [4, 5, 3])
EXACT = Hyperparameters(dtype="float64", hidden_size=5, batch_size=4, epochs=5)


def assert_close(first: reference.Layers, second: reference.Layers) -> None:
    for layer, other in zip(first, second, strict=True):
        for array, same in zip(layer, other, strict=True):
            np.testing.assert_allclose(array, same, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
def test_the_mean_of_mini_batch_gradients_is_the_full_gradient(output, cost):
    """Each run of a stack of three takes one step on its own third of the data (book, eq. 19)."""
    knobs = {"output": output, "cost": cost}
    [whole] = one_step([NETWORK], DATA, **knobs)
    h = replace(EXACT, **knobs, learning_rate=1.0, epochs=1)
    thirds = read_only(np.random.default_rng(2).permutation(12).reshape(3, 1, 4))
    parts = train([h] * 3, DATA, initial=stack_of([NETWORK] * 3), order=thirds)
    mean = [(0 * W, 0 * b) for W, b in NETWORK]
    for part in parts:
        mean = moved_by(mean, gradient(NETWORK, part), 1 / 3)
    assert_close(mean, gradient(NETWORK, whole))


BLANK = data_of(np.zeros((12, 4)), [0] * 12, classes=3)  # no input, so no gradient on the first weights


@pytest.mark.parametrize("batch_size", [1, 4, 5, 12])
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adamw"])
def test_weight_decay_per_step_does_not_depend_on_batch_size(optimizer, batch_size):
    """w -> (1 - eta lambda/n) w, n = 12 being the training set's size (book, eq. 93); biases are left."""
    h = replace(EXACT, optimizer=optimizer, batch_size=batch_size, epochs=1, learning_rate=0.3, lambda_l2=2.0)
    pull = replace(h, lambda_l2=0.0)
    network = random_layers(np.random.default_rng(1), [4, 3])
    decayed, free = train([h, pull], BLANK, initial=stack_of([network] * 2))
    steps = -(-12 // batch_size)
    np.testing.assert_allclose(decayed.weights[0], network[0][0] * (1 - 0.3 * 2 / 12) ** steps, rtol=1e-12)
    np.testing.assert_array_equal(decayed.biases[0], free.biases[0])


@pytest.mark.parametrize("batch_size", [1, 4, 5, 12])
def test_l1_per_step_does_not_depend_on_batch_size(batch_size):
    """w -> w - eta lambda/n sgn(w) (book, eq. 97), and a weight of zero stays: sgn(0) = 0."""
    h = replace(EXACT, batch_size=batch_size, epochs=1, learning_rate=0.1, lambda_l1=0.6)
    W, b = np.array([[2.0, -2.0, 0.0, 1.0]] * 3), np.zeros(3)
    [result] = train([h], BLANK, initial=stack_of([[(W, b)]]))
    steps = -(-12 // batch_size)
    expected = W - steps * 0.1 * 0.6 / 12 * np.sign(W)
    np.testing.assert_allclose(result.weights[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize(
    ("name", "values"), [("lambda_l2", (0.0, 0.1, 0.3, 1.0, 3.0)), ("lambda_l1", (0.0, 0.02, 0.05, 0.1, 0.2))]
)
def test_a_larger_lambda_gives_smaller_weights(name, values, optimizer):
    rate = 0.1 if optimizer in ("sgd", "nesterov") else 0.02
    base = replace(EXACT, epochs=40, optimizer=optimizer, learning_rate=rate)
    runs = [replace(base, **{name: value}) for value in values]
    sizes = [np.sqrt(sum((W**2).sum() for W in result.weights)) for result in train(runs, DATA)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 0.9 * sizes[0]


def test_a_batch_of_all_examples_is_gradient_descent():
    """Each epoch is one step down the full gradient, so that no shuffle matters."""
    h = replace(EXACT, batch_size=12, learning_rate=0.5, lambda_l2=0.4, lambda_l1=0.1)
    shuffled, other = train([h, replace(h, seed=1)], DATA, initial=stack_of([NETWORK] * 2))
    network = NETWORK
    for _ in range(h.epochs):
        [step] = one_step([network], DATA, lambda_l2=0.4, lambda_l1=0.1)
        network = moved_by(network, gradient(network, step), -h.learning_rate)
    assert_close(layers_of(shuffled), network)
    assert_close(layers_of(other), network)


def test_small_steps_downhill_lower_the_objective():
    h = replace(EXACT, batch_size=12, learning_rate=0.05, lambda_l2=0.4, epochs=30)
    history = train([h], DATA)[0].history
    costs = np.add(history["training_cost"], history["penalty"])
    assert (np.diff(costs) < 0).all()


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_momentum_zero_is_sgd_bit_for_bit(optimizer, dtype):
    """Also beside a run that has momentum, with everything else that a step can hold."""
    plain = replace(EXACT, dtype=dtype, lambda_l2=0.5, lambda_l1=0.1, dropout=0.2, learning_rate=0.1)
    zero = replace(plain, optimizer=optimizer)
    [expected] = train([plain], DATA)
    fast, still = train([replace(zero, momentum=0.9), zero], DATA)
    assert same_bits(still.weights, expected.weights)
    assert same_bits(train([zero], DATA)[0].weights, expected.weights)
    assert not same_bits(fast.weights, expected.weights)


NORMAL, UNIFORM = 3.0, 1.8  # fourth moment over squared variance
FAN_OUT, FAN_IN = 60, 150
VARIANCES = {
    "standard_normal": (1, NORMAL),
    "lecun_normal": (1 / FAN_IN, NORMAL),
    "glorot_normal": (2 / (FAN_IN + FAN_OUT), NORMAL),
    "glorot_uniform": (2 / (FAN_IN + FAN_OUT), UNIFORM),
    "he_normal": (2 / FAN_IN, NORMAL),
    "he_uniform": (2 / FAN_IN, UNIFORM),
    "orthogonal": (1 / FAN_IN, NORMAL),
}


def assert_moments(draws: np.ndarray, variance: float, kurtosis: float) -> None:
    """Mean 0 and the variance, within 4 standard errors; the fourth moment within a tenth."""
    assert abs(draws.mean()) < 4 * np.sqrt(variance / draws.size)
    assert abs((draws**2).mean() - variance) < 4 * variance * np.sqrt((kurtosis - 1) / draws.size)
    assert (draws**4).mean() / variance**2 == pytest.approx(kurtosis, rel=0.1)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"zeros"}))
def test_initial_weights_have_the_variance_of_their_name(name):
    draws = INITIALIZERS[name](np.random.default_rng(3), FAN_OUT, FAN_IN)
    assert draws.shape == (FAN_OUT, FAN_IN)
    assert_moments(draws, *VARIANCES[name])


def test_initial_biases_have_the_variance_of_their_name():
    rng = np.random.default_rng(4)
    assert_moments(BIAS_INITIALIZERS["standard_normal"](rng, 9000), 1, NORMAL)
    assert not BIAS_INITIALIZERS["zeros"](rng, 9000).any()


def test_zero_weights_are_zero_and_take_nothing_from_their_stream():
    rng = np.random.default_rng(4)
    assert INITIALIZERS["zeros"](rng, 3, 2).tolist() == [[0, 0]] * 3
    assert rng.random() == np.random.default_rng(4).random()


@pytest.mark.parametrize(("fan_out", "fan_in"), [(3, 8), (8, 3), (5, 5)])
def test_orthogonal_weights_are_orthonormal_and_evenly_turned(fan_out, fan_in):
    rng = np.random.default_rng(5)
    draws = np.array([INITIALIZERS["orthogonal"](rng, fan_out, fan_in) for _ in range(500)])
    products = draws @ draws.swapaxes(1, 2) if fan_out < fan_in else draws.swapaxes(1, 2) @ draws
    np.testing.assert_allclose(products - np.eye(min(fan_out, fan_in)), 0, atol=1e-12)
    assert (abs(draws.mean(axis=0)) < 4.5 * np.sqrt(draws.var() / len(draws))).all()  # no sign is preferred

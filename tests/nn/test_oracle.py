"""Training follows the book step for step: by hand, and by a loop over single examples."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, plain, train
from tests import reference
from tests.nn.driving import (
    data_of,
    layers_of,
    one_step,
    random_data,
    random_layers,
    read_only,
    same_bits,
    stack_of,
)


def test_one_update_is_the_one_worked_out_by_hand():
    """A 2-2-2 network of sigmoid neurons with cross-entropy, one example x = (1, 2) of class 1: y = (0, 1).

    Biases are chosen so that every activation is a fraction: sigma(0) = 1/2, sigma(ln 3) = 3/4.

        z1 = (1 + 1 + ln 3 - 2, -2 + 2 + 0)               = (ln 3, 0)      a1 = (3/4, 1/2)
        z2 = (6/4 - 3/2 + 0,  6/4 + 2/2 + ln 3 - 5/2)     = (0, ln 3)      a2 = (1/2, 3/4)

        cost = -ln(1 - 1/2) - ln(3/4) = ln(8/3)

        delta2 = a2 - y                                   = (1/2, -1/4)
        W2^T delta2 = (2/2 - 2/4, -3/2 - 2/4)             = (1/2, -2)
        delta1 = (1/2 x 3/4 x 1/4, -2 x 1/2 x 1/2)        = (3/32, -1/2)

        dW2 = delta2 a1^T = ((3/8, 1/4), (-3/16, -1/8))          db2 = delta2
        dW1 = delta1 x^T  = ((3/32, 3/16), (-1/2, -1))           db1 = delta1

    With eta = 1/2, lambda_l2 = 1/5, lambda_l1 = 2/5 and n = 1:
        w -> (1 - 1/10) w - 1/5 sgn(w) - 1/2 dw,    b -> b - 1/2 db
        penalty = 1/10 (1 + 1/4 + 4 + 1 + 4 + 9 + 4 + 4) + 2/5 (1 + 1/2 + 2 + 1 + 2 + 3 + 2 + 2) = 8.125
    """
    network = [
        (np.array([[1, 0.5], [-2, 1]]), np.array([log(3) - 2, 0])),
        (np.array([[2.0, -3], [2, 2]]), np.array([0, log(3) - 2.5])),
    ]
    knobs = {"learning_rate": 0.5, "lambda_l2": 0.2, "lambda_l1": 0.4}
    [result] = one_step([network], data_of([[1, 2]], [1], classes=2), **knobs)
    assert result.history["training_cost"][0] == pytest.approx(log(8 / 3), rel=0, abs=1e-12)
    assert result.history["penalty"][0] == pytest.approx(8.125, rel=0, abs=1e-12)
    assert result.history["training_accuracy"][0] == 1
    expected = [
        [[0.9 - 0.2 - 3 / 64, 0.45 - 0.2 - 3 / 32], [-1.8 + 0.2 + 1 / 4, 0.9 - 0.2 + 1 / 2]],
        [log(3) - 2 - 3 / 64, 0 + 1 / 4],
        [[1.8 - 0.2 - 3 / 16, -2.7 + 0.2 - 1 / 8], [1.8 - 0.2 + 3 / 32, 1.8 - 0.2 + 1 / 16]],
        [0 - 1 / 4, log(3) - 2.5 + 1 / 8],
    ]
    after = [array for layer in layers_of(result) for array in layer]
    for array, by_hand in zip(after, expected, strict=True):
        np.testing.assert_allclose(array, by_hand, rtol=0, atol=1e-12)


def test_two_updates_with_momentum_are_the_ones_worked_out_by_hand():
    """A 1-2 network of linear neurons, w = (1, 0), b = 0, quadratic cost, x = 2, y = (0, 1), eta 1/4, mu 1/2.

    step 1:  z = (2, 0)     delta = (2, -1)      grad w = (4, -2)     v_w = -(1, -1/2)       v_b = (-1/2, 1/4)
             w = (0, 1/2)   b = (-1/2, 1/4)
    step 2:  z = (-1/2, 5/4)  delta = (-1/2, 1/4)  grad w = (-1, 1/2)
             v_w = 1/2 (-1, 1/2) - 1/4 (-1, 1/2) = (-1/4, 1/8)     v_b = 1/2 (-1/2, 1/4) + (1/8, -1/16)
             w = (-1/4, 5/8)  b = (-1/2 - 1/8, 1/4 + 1/16)
    """
    knobs = {"output": "identity", "cost": "quadratic", "learning_rate": 0.25, "momentum": 0.5}
    h = Hyperparameters(**knobs, batch_size=1, epochs=2, dtype="float64")
    network = [(np.array([[1.0], [0.0]]), np.zeros(2))]
    [result] = train([h], data_of([[2]], [1], classes=2), initial=stack_of([network]), order=[[0], [0]])
    np.testing.assert_allclose(result.weights[0][:, 0], [-1 / 4, 5 / 8], rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.biases[0], [-5 / 8, 5 / 16], rtol=0, atol=1e-12)


def test_the_book_s_own_network_is_the_core_s_default():
    """Sigmoids and the cross-entropy cost: `plain` as it stands, with nothing taken from the tables."""
    rng = np.random.default_rng(0)
    data, network = random_data(rng, n=9, d=4, classes=3), random_layers(rng, [4, 5, 3])
    h = Hyperparameters(dtype="float64", epochs=2, batch_size=2, lambda_l2=0.3)
    order = read_only(np.array([rng.permutation(9) for _ in range(2)]))
    [result] = train([h], data, initial=stack_of([network]), order=order)
    targets = np.eye(3)[data.training.labels]
    *_, after = plain.train(
        network, list(zip(data.training.inputs, targets, strict=True)), order, h, plain.Units()
    )
    for (W, b), (expected_W, expected_b) in zip(layers_of(result), after, strict=True):
        np.testing.assert_allclose(W, expected_W, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(b, expected_b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 3, 7])
@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_training_equals_the_loop_over_single_examples(activation, output, cost, batch_size):
    """Seven examples, three epochs: 3 leaves a last batch of one. Plain, and with all that SGD knows."""
    rng = np.random.default_rng(batch_size)
    data = random_data(rng, n=7, d=3, classes=3)
    order = read_only(np.array([rng.permutation(7) for _ in range(3)]))
    network = random_layers(rng, [3, 4, 5, 3])
    common = {"activation": activation, "output": output, "cost": cost, "batch_size": batch_size}
    common |= {
        "epochs": 3,
        "learning_rate": 0.05,
        "dtype": "float64",
        "hidden_layers": 2,
        "monitor": ("test",),
    }
    full = {"lambda_l2": 0.3, "lambda_l1": 0.2, "momentum": 0.6, "learning_rate": 0.02}
    runs = [Hyperparameters(**common), Hyperparameters(**common | full)]
    for h, result in zip(runs, train(runs, data, initial=stack_of([network] * 2), order=order), strict=True):
        after = reference.train(network, *data.training, order, h)
        for (W, b), (expected_W, expected_b) in zip(layers_of(result), after[-1], strict=True):
            np.testing.assert_allclose(W, expected_W, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(b, expected_b, rtol=1e-12, atol=1e-12)
        assert_history_is_that_of(after, result.history, data, h)


@pytest.mark.parametrize("hidden_size", [[6, 2], [2, 6, 3], [1, 9]], ids=str)
def test_layers_of_unequal_size_are_drawn_and_trained_as_the_loop_does(hidden_size):
    """From the core's own first weights, which a run that takes no step at all leaves as they are."""
    rng = np.random.default_rng(0)
    data = random_data(rng, n=7, d=3, classes=4)
    order = read_only(np.array([rng.permutation(7) for _ in range(3)]))
    common = {"hidden_size": hidden_size, "dtype": "float64", "epochs": 3, "batch_size": 3, "lambda_l2": 0.3}
    runs = [
        Hyperparameters(**common, seed=seed, momentum=momentum) for seed, momentum in ((0, 0.0), (1, 0.6))
    ]
    still = [replace(run, learning_rate=1e-300, lambda_l2=0.0) for run in runs]
    starts = [layers_of(result) for result in train(still, data, order=order)]
    sizes = [3, *hidden_size, 4]
    for h, start, result in zip(runs, starts, train(runs, data, order=order), strict=True):
        assert [W.shape for W, _ in start] == list(zip(sizes[1:], sizes, strict=False))
        after = reference.train(start, *data.training, order, h)[-1]
        for (W, b), (expected_W, expected_b) in zip(layers_of(result), after, strict=True):
            np.testing.assert_allclose(W, expected_W, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(b, expected_b, rtol=1e-12, atol=1e-12)


def test_equal_sizes_in_a_list_are_the_same_network():
    data = random_data(np.random.default_rng(0), n=9, d=4, classes=3)
    [listed], [counted] = (
        train([Hyperparameters(epochs=2, batch_size=4, **sizes)], data)
        for sizes in ({"hidden_size": [5, 5]}, {"hidden_size": 5, "hidden_layers": 2})
    )
    assert same_bits([*listed.weights, *listed.biases], [*counted.weights, *counted.biases])


def assert_history_is_that_of(after, history, data, h):
    """Each epoch's costs, accuracies and penalty, computed from the loop's own networks."""
    for part in ("training", "validation", "test"):
        costs = [reference.cost(layers, *getattr(data, part), h) for layers in after]
        np.testing.assert_allclose(history[f"{part}_cost"], costs, rtol=1e-12, atol=1e-12)
        assert history[f"{part}_accuracy"] == [
            reference.accuracy(layers, *getattr(data, part), h) for layers in after
        ]
    penalties = [reference.penalty(layers, h, len(data.training.labels)) for layers in after]
    np.testing.assert_allclose(history["penalty"], penalties, rtol=1e-12)
    assert history["epoch"] == [1, 2, 3]

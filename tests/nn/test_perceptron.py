"""The perceptron's rule (book, ch. 1; Rosenblatt 1958): by hand, by theorem, by loops, by scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Perceptron

from nnexp.data import DataSpec, load
from nnexp.errors import UserError
from nnexp.nn import Data, Hyperparameters, predict, train
from tests.nn.driving import data_of, layers_of, random_data, random_layers, read_only, same_bits, stack_of

RULE = Hyperparameters(
    output="step", cost="perceptron", hidden_layers=0, batch_size=1, learning_rate=1.0, dtype="float64",
    initializer="zeros", bias_initializer="zeros",
)  # fmt: skip


def in_order(run: Hyperparameters, data: Data) -> np.ndarray:
    """The examples as they stand, in each epoch."""
    return read_only(np.tile(np.arange(len(data.training.labels)), (run.epochs, 1)))


def test_three_steps_of_the_rule_are_the_ones_worked_out_by_hand():
    """Two perceptrons on two inputs, w += eta (y - a) x and b += eta (y - a) with eta = 1/2, all 0 at first.

    1. x = (1, 2), y = (1, 0):  z = (0, 0), a = (0, 0): a perceptron that gets exactly 0 is silent.
       y - a = (1, 0)           w_1 = (1/2, 1)      b = (1/2, 0)
    2. x = (2, 1), y = (0, 1):  z = (1/2 x 2 + 1 + 1/2, 0) = (5/2, 0), a = (1, 0)
       y - a = (-1, 1)          w_1 = (-1/2, 1/2)   w_2 = (1, 1/2)    b = (0, 1/2)
    3. x = (1, 2), y = (1, 0):  z = (-1/2 + 1, 1 + 1 + 1/2) = (1/2, 5/2), a = (1, 1)
       y - a = (0, -1)          w_1 = (-1/2, 1/2)   w_2 = (1/2, -1/2) b = (0, 0)

    Then z = (1/2, -1/2) on the first example and (-1/2, 1/2) on the second: all is right and the cost is 0.
    Before step 3 the costs are 5/2 (one unit is wrong by that much) and 0 (z = (-1/2, 3)): 5/4 in the mean.
    """
    data = data_of([[1, 2], [2, 1]], [0, 1], classes=2)
    two = replace(RULE, learning_rate=0.5, epochs=2)
    [result] = train([two], data, order=[[0, 1], [0]])
    assert result.weights[0].tolist() == [[-1 / 2, 1 / 2], [1 / 2, -1 / 2]]
    assert result.biases[0].tolist() == [0, 0]
    assert result.history["training_cost"] == [5 / 4, 0]
    assert result.history["training_accuracy"] == [0.5, 1]


def test_a_mini_batch_takes_the_mean_of_its_examples_steps():
    """Both examples are seen by w = 0: y - a = (1, 0) and (0, 1), so that w = eta/2 (x_1; x_2)."""
    data = data_of([[1, 2], [2, 1]], [0, 1], classes=2)
    [result] = train([replace(RULE, batch_size=2, epochs=1)], data)
    assert result.weights[0].tolist() == [[1 / 2, 1], [1, 1 / 2]]
    assert result.biases[0].tolist() == [1 / 2, 1 / 2]


@pytest.mark.parametrize("rate", [0.125, 1.0, 8.0])
def test_nand_is_learned(rate):
    """The book computes it with the weights -2, -2 and the bias 3; here they are found."""
    data = load(DataSpec(name="nand")).data
    [result] = train([replace(RULE, learning_rate=rate, epochs=15)], data)
    assert (result.history["training_accuracy"][-1], result.test_accuracy) == (1, 1)
    assert result.history["training_cost"][-1] == 0
    fired = predict(result.weights, result.biases, data.test.inputs, output="step")
    assert fired[:, 1].tolist() == data.test.labels.tolist()
    by_hand = predict([np.array([[-2.0, -2.0]])], [np.array([3.0])], data.test.inputs, output="step")
    assert fired[:, 1].tolist() == by_hand.ravel().tolist()


def rosenblatt(x: np.ndarray, y: np.ndarray, epochs: int) -> tuple[np.ndarray, int]:
    """One perceptron, example by example, as he wrote it: its weights, the bias last, and its mistakes."""
    w, mistakes = [0.0] * x.shape[1], 0
    for _ in range(epochs):
        for example, target in zip(x, y, strict=True):
            fires = sum(w_k * x_k for w_k, x_k in zip(w, example, strict=True)) > 0
            if fires != target:
                sign = 1 if target else -1
                w = [w_k + sign * x_k for w_k, x_k in zip(w, example, strict=True)]
                mistakes += 1
    return np.array(w), mistakes


@pytest.mark.parametrize("seed", range(5))
def test_mistakes_on_separable_data_are_bounded_by_the_theorem(seed):
    """Novikoff (1962): at most (R / gamma)^2, with R >= |x| and every x at least gamma from a plane.

    Inputs are whole numbers, so that the loop and the core agree exactly; the bias is a weight on 1.
    """
    rng = np.random.default_rng(seed)
    plane = rng.standard_normal(4)
    plane /= np.linalg.norm(plane)
    x = np.column_stack([rng.integers(-9, 10, (200, 3)), np.ones(200)])
    x = x[abs(x @ plane) > 1][:60]
    y = x @ plane > 0
    gamma, R = abs(x @ plane).min(), np.linalg.norm(x, axis=1).max()
    w, mistakes = rosenblatt(x, y, epochs=40)
    assert 0 < mistakes <= (R / gamma) ** 2
    data = data_of(x[:, :3], y, classes=2)
    h = replace(RULE, epochs=40)
    [result] = train([h], data, order=in_order(h, data))
    assert result.history["training_accuracy"][-1] == 1
    assert result.history["training_cost"][-1] == 0
    assert [*result.weights[0][1], result.biases[0][1]] == w.tolist()


def test_scikit_learn_s_perceptron_learns_the_same():
    """One perceptron a class, each against the rest, in one order, from the same weights (none are 0, where
    scikit-learn's fires and is silent at once); the data cannot be separated."""
    rng = np.random.default_rng(0)
    data, network = random_data(rng, n=80, d=5, classes=4), random_layers(rng, [5, 4])
    h = replace(RULE, learning_rate=0.3, epochs=6)
    [result] = train([h], data, initial=stack_of([network]), order=in_order(h, data))
    theirs = Perceptron(eta0=0.3, shuffle=False, max_iter=6, tol=None)
    theirs.fit(*data.training, coef_init=network[0][0].copy(), intercept_init=network[0][1].copy())
    np.testing.assert_allclose(result.weights[0], theirs.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result.biases[0], theirs.intercept_, rtol=1e-9, atol=1e-12)
    assert result.test_accuracy == theirs.score(*data.test)


def test_from_zero_weights_the_learning_rate_only_scales_them():
    """a = step(z) does not see the length of w, and all of w is a sum of steps: times 4 is exact."""
    data = random_data(np.random.default_rng(1), n=40, d=6, classes=3)
    drawn = {"initializer": "lecun_normal"}
    runs = [replace(RULE, learning_rate=rate, **more) for more in ({}, drawn) for rate in (0.25, 1.0, 4.0)]
    slow, middle, fast, *from_drawn = train(runs, data)
    for small, large in ((slow, middle), (middle, fast)):
        assert same_bits((4 * small.weights[0], 4 * small.biases[0]), (large.weights[0], large.biases[0]))
        for part in ("training", "validation"):
            assert small.history[f"{part}_accuracy"] == large.history[f"{part}_accuracy"]
    assert len({tuple(result.history["training_accuracy"]) for result in from_drawn}) == 3


def test_a_deep_network_is_refused_wherever_it_comes_from():
    rng = np.random.default_rng(2)
    data = random_data(rng, n=4, d=3, classes=2)
    deep = stack_of([random_layers(rng, [3, 4, 2])])
    with pytest.raises(UserError, match="initial must be a single layer with output=step, got 2"):
        train([RULE], data, initial=deep)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_equals_a_loop_with_all_that_sgd_knows(dtype):
    """Momentum, both penalties and a last short batch: v = mu v - eta (mean (a - y) x + penalty)."""
    rng = np.random.default_rng(3)
    data, network = random_data(rng, n=7, d=3, classes=3), random_layers(rng, [3, 3])
    h = replace(
        RULE,
        batch_size=3,
        epochs=4,
        learning_rate=0.1,
        momentum=0.5,
        lambda_l2=0.3,
        lambda_l1=0.2,
        dtype=dtype,
    )
    order = in_order(h, data)
    [result] = train([h], data, initial=stack_of([network]), order=order)
    (W, b), v_W, v_b = network[0], 0.0, 0.0
    for epoch in order:
        for batch in (epoch[:3], epoch[3:6], epoch[6:]):
            x, y = data.training.inputs[batch], np.eye(3)[data.training.labels[batch]]
            delta = np.where(x @ W.T + b > 0, 1.0, 0.0) - y
            v_W = 0.5 * v_W - 0.1 * (delta.T @ x / len(batch) + 0.3 / 7 * W + 0.2 / 7 * np.sign(W))
            v_b = 0.5 * v_b - 0.1 * delta.mean(axis=0)
            W, b = W + v_W, b + v_b
    for array, expected in zip(layers_of(result)[0], (W, b), strict=True):
        np.testing.assert_allclose(array, expected, rtol=0, atol=1e-12 if dtype == "float64" else 1e-5)

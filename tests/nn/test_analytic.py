"""Claims of the book and of study notes that are mathematics: each with its published figures, by its id."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, predict, train
from tests.nn.driving import (
    data_of,
    gradient,
    inner,
    moved_by,
    objective,
    one_step,
    random_data,
    random_layers,
    stack_of,
)

RNG = np.random.default_rng


def claims(*ids: str):
    """The rows that a test settles."""
    return pytest.mark.parametrize("claim", ids)


@claims("B2-01", "S0-2")
@pytest.mark.parametrize("regulariser", [{}, {"lambda_l2": 5.0}], ids=str)
@pytest.mark.parametrize("cost", ["quadratic", "cross_entropy"])
def test_backpropagation_is_exact_on_every_layer(claim, cost, regulariser):
    """784-30-30-10, h = 1e-5: relative error under 1e-6 in each layer; a batch's gradient is the mean."""
    rng, knobs = RNG(0), {"cost": cost} | regulariser
    data, network = random_data(rng, n=3, d=784, classes=10), random_layers(rng, [784, 30, 30, 10])
    ways = []
    for layer in range(3):
        draw = [(rng.standard_normal(W.shape), rng.standard_normal(b.shape)) for W, b in network]
        ways.append([(W * (i == layer), b * (i == layer)) for i, (W, b) in enumerate(draw)])
    ends = [moved_by(network, way, end) for way in ways for end in (1e-5, -1e-5)]
    here, *around = one_step([network, *ends], data, **knobs)
    grads = gradient(network, here)
    for way, up, down in zip(ways, around[::2], around[1::2], strict=True):
        slope = (objective(up) - objective(down)) / 2e-5
        assert abs(inner(grads, way) - slope) < 1e-6 * abs(slope)

    h = Hyperparameters(
        **{**knobs, "lambda_l2": 0.0}, learning_rate=1.0, batch_size=1, epochs=1, dtype="float64"
    )
    each = train([h] * 3, data, initial=stack_of([network] * 3), order=np.arange(3).reshape(3, 1, 1))
    mean = [(0 * W, 0 * b) for W, b in network]
    for result in each:
        mean = moved_by(mean, gradient(network, result), 1 / 3)
    whole = gradient(network, one_step([network], data, cost=cost)[0])
    for (W, b), (V, c) in zip(mean, whole, strict=True):
        np.testing.assert_allclose(W, V, rtol=0, atol=1e-12)
        np.testing.assert_allclose(b, c, rtol=0, atol=1e-12)


def neurons(cost: str, zs: Sequence[tuple[float, float]], rate: float = 0.15, epochs: int = 300) -> tuple:
    """a (K, epochs + 1) of sigmoid neurons of (w, b) on x = 1, y = 0, and |dC/dz| (K,) before the first step.

    Each is output 0 of two; output 1 has nothing to learn: sigma(40) is 1 in float64, and so is its y.
    """
    h = Hyperparameters(
        cost=cost,
        learning_rate=rate,
        batch_size=1,
        epochs=epochs,
        dtype="float64",
        monitor=("gradient_norm",),
    )
    networks = [[(np.array([[w], [0.0]]), np.array([b, 40.0]))] for w, b in zs]
    results = train([h] * len(zs), data_of([[1]], [1], classes=2), initial=stack_of(networks))
    costs = np.array([result.history["training_cost"] for result in results])
    a = np.sqrt(2 * costs) if cost == "quadratic" else 1 - np.exp(-costs)
    return a, np.array([result.history["gradient_norm_bias_1"][0] for result in results])


@cache
def neuron(cost: str, w: float, b: float, rate: float = 0.15) -> tuple[np.ndarray, float]:
    """The same of a single neuron."""
    [a], [slope] = neurons(cost, [(w, b)], rate)
    return a, slope


def first_below_half(a: np.ndarray) -> int:
    return int(np.argmax(a < 0.5))


@claims("B3-01", "S4-1")
def test_a_neuron_that_is_a_little_wrong_learns_quickly(claim):
    a, _ = neuron("quadratic", 0.6, 0.9)
    assert a[[0, 50, 150, 300]] == pytest.approx([0.8176, 0.3870, 0.1527, 0.0940], abs=1e-4)
    assert first_below_half(a) == 36
    assert np.argmin(np.diff(a)) == 26


@claims("B3-02", "S4-1", "S2-1")
def test_a_neuron_that_is_badly_wrong_learns_slowly_with_the_quadratic_cost(claim):
    """Saturated is not converged: at a = 0.98 with y = 0 it is as wrong as can be."""
    a, slope = neuron("quadratic", 2.0, 2.0)
    expected = [0.9820, 0.9759, 0.9641, 0.9334, 0.7887, 0.3572, 0.2028]
    assert a[::50] == pytest.approx(expected, abs=1e-4)
    assert first_below_half(a) == 232
    assert np.argmin(np.diff(a)) == 221
    assert slope < 0.02


@claims("B3-03", "S4-1")
def test_cross_entropy_removes_the_slow_down(claim):
    """|dC/dz| = a at first, 1/(a (1-a)) times the quadratic cost's (the book's animation forgets sigma')."""
    a, slope = neuron("cross_entropy", 2.0, 2.0)
    _, quadratic_slope = neuron("quadratic", 2.0, 2.0)
    assert slope == pytest.approx(0.9820, abs=1e-4)
    assert quadratic_slope == pytest.approx(0.0173, abs=1e-4)
    assert slope / quadratic_slope == pytest.approx(56.6, abs=0.1)
    assert first_below_half(a) == 17
    assert a[50] == pytest.approx(0.0985, abs=1e-4)
    slow, _ = neurons("cross_entropy", [(2.0, 2.0), (0.6, 0.9)], rate=0.005)
    assert slow[:, 300] == pytest.approx([0.7796, 0.4177], abs=1e-4)


@claims("B2-04", "S0-1", "S2-1")
def test_a_weight_learns_slowly_from_a_silent_input_or_a_saturated_output(claim):
    """dC/dw_jk = a_k delta_j: exactly 0 at a_k = 0; for y = 0 it goes as a^2 (1 - a)."""
    network = random_layers(RNG(0), [3, 4, 2])
    [result] = one_step([network], data_of([[1, 0, 2]], [0], classes=2), cost="quadratic")
    still = result.weights[0] == network[0][0]
    assert still[:, 1].all()
    assert not still[:, [0, 2]].any()
    _, slopes = neurons("quadratic", [(0, 4), (0, 1.5)], epochs=1)
    assert slopes == pytest.approx([0.017345, 0.121938], abs=1e-6)
    assert slopes[0] / slopes[1] == pytest.approx(0.1422, abs=1e-4)


@claims("S2-4")
def test_the_error_measures_the_distance_with_cross_entropy_only(claim):
    """With it |delta| = |a - y|; with the quadratic cost the worse neuron may have the smaller delta."""
    z = np.linspace(-6, 6, 25)
    distance = 1 / (1 + np.exp(-z))
    slopes = {
        cost: neurons(cost, [(0, b) for b in z], epochs=1)[1] for cost in ("cross_entropy", "quadratic")
    }
    assert np.corrcoef(slopes["cross_entropy"], distance)[0, 1] == pytest.approx(1, abs=1e-12)
    assert np.corrcoef(slopes["quadratic"], distance)[0, 1] < 0.5
    worse, better = neurons("quadratic", [(2.0, 2.0), (0.6, 0.9)], epochs=1)[1]
    assert worse < better


def output_error(output: str, cost: str, z: Sequence[float], label: int) -> tuple[np.ndarray, np.ndarray]:
    """The core's dC/dz of a network that has only biases z, and a - y."""
    network = [(np.zeros((len(z), 1)), np.array(z))]
    data = data_of([[0]], [label], classes=len(z))
    [result] = one_step([network], data, output=output, cost=cost)
    a = predict([network[0][0]], [network[0][1]], data.test.inputs, output=output)[0]
    return gradient(network, result)[0][1], a - np.eye(len(z))[label]


@claims("B3-37", "S1-13")
def test_softmax_with_log_likelihood_has_the_error_a_minus_y(claim):
    """By differences to 1e-8; outputs sum to 1, do not change with a shift of z, and stand z = 1000."""
    z, label = RNG(2).standard_normal(5) * 3, 3
    grads, a_minus_y = output_error("softmax", "log_likelihood", z, label)
    data, knobs = data_of([[0]], [label], classes=5), {"output": "softmax", "cost": "log_likelihood"}
    ends = [[(np.zeros((5, 1)), z + end * 1e-5 * unit)] for unit in np.eye(5) for end in (1, -1)]
    around = [objective(result) for result in one_step(ends, data, **knobs)]
    np.testing.assert_allclose(np.subtract(around[::2], around[1::2]) / 2e-5, a_minus_y, rtol=0, atol=1e-8)
    np.testing.assert_allclose(grads, a_minus_y, rtol=0, atol=1e-12)

    def softmax(z):
        return predict([np.zeros((5, 1))], [z], np.zeros((1, 1)), output="softmax")[0]

    assert softmax(z).sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(softmax(z + 100), softmax(z), rtol=0, atol=1e-12)
    assert softmax(np.array([1000.0, 0, -1000, 1000, 0])).tolist() == [0.5, 0, 0, 0.5, 0]


@claims("B3-38", "S1-12")
@pytest.mark.parametrize(("output", "cost"), [("identity", "quadratic"), ("sigmoid", "cross_entropy")])
def test_an_output_with_its_own_cost_has_the_error_a_minus_y(claim, output, cost):
    for seed in range(20):
        grads, a_minus_y = output_error(output, cost, RNG(seed).standard_normal(4) * 3, seed % 4)
        np.testing.assert_allclose(grads, a_minus_y, rtol=0, atol=1e-12)

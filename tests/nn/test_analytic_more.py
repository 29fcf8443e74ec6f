"""Claims that are mathematics, continued: the sigmoid, chains of it, perceptrons, weights, mini-batches."""

from itertools import product

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, predict, train
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.initializers import INITIALIZERS
from tests.nn.driving import (
    data_of,
    gradient,
    inner,
    moved_by,
    one_step,
    random_data,
    random_layers,
    stack_of,
)
from tests.nn.test_analytic import RNG, claims

SIGMOID = ACTIVATIONS["sigmoid"]


def sigma_prime(z: np.ndarray) -> np.ndarray:
    a = SIGMOID.function(z, np.empty_like(z))
    return SIGMOID.slope(a, np.empty_like(a))


@claims("S1-3")
def test_the_sigmoid_is_flat_beyond_four(claim):
    """sigma'(4) = 0.0176627, 7.1 % of its maximum."""
    slope = sigma_prime(np.array([4.0, -4.0]))
    assert slope == pytest.approx([0.0176627] * 2, abs=1e-6)
    assert slope / 0.25 == pytest.approx([0.071] * 2, abs=5e-4)


@claims("S1-10")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_overflows_though_exp_does(claim, dtype):
    """sigma(+-1000) is finite, and cross-entropy at a = 0, y = 1 is 1000, not the greatest float."""
    z = np.array([-1000, -710, -89, 89, 710, 1000], dtype)
    assert SIGMOID.function(z, np.empty_like(z)) == pytest.approx([0, 0, 0, 1, 1, 1], abs=1e-7)
    network = [(np.zeros((2, 1)), np.array([-1000.0, -1000.0]))]
    [result] = one_step([network], data_of([[0]], [1], classes=2), dtype=dtype)
    assert result.history["training_cost"][0] == 1000


CHAIN = Hyperparameters(
    epochs=1, batch_size=1, dtype="float64", monitor=("gradient_norm",), learning_rate=1e-9, hidden_layers=3
)


def bias_gradients(chains: list, x: float) -> np.ndarray:
    """|dC/db_l| (K, 4) of chains 1-1-1-1-1, y = 1."""
    results = train([CHAIN] * len(chains), data_of([[x]], [0], classes=1), initial=stack_of(chains))
    return np.array(
        [[r.history[f"gradient_norm_bias_{layer}"][0] for layer in (1, 2, 3, 4)] for r in results]
    )


@claims("B5-08")
def test_gradients_vanish_along_a_chain_of_small_weights(claim):
    """sigma' <= 1/4, so with |w| <= 1 dC/db_1 is at most a sixteenth of dC/db_3, in each of 1,000 draws."""
    assert sigma_prime(np.zeros(1)) == 0.25
    assert (sigma_prime(np.linspace(-50, 50, 100_001)) <= 0.25).all()
    rng = RNG(0)
    chains = [[(rng.uniform(-1, 1, (1, 1)), rng.standard_normal(1)) for _ in range(4)] for _ in range(1000)]
    gradients = bias_gradients(chains, x=0.7)
    ratios = gradients[:, 0] / gradients[:, 2]
    assert (ratios <= 1 / 16).all()
    assert ratios.max() > 0.04, "some draw must come near the bound"


@claims("B5-09")
def test_gradients_explode_along_a_chain_of_large_weights(claim):
    """w = 100 and z = 0 everywhere: a factor 100 x 1/4 = 25 per layer."""
    chain = [(np.array([[100.0]]), np.array([-100 * a])) for a in (0.3, 0.5, 0.5, 0.5)]
    [gradients] = bias_gradients([chain], x=0.3)
    assert gradients[:-1] / gradients[1:] == pytest.approx([25, 25, 25], abs=1e-9)


@claims("B5-10")
def test_a_gradient_can_grow_only_in_a_narrow_range_of_inputs(claim):
    """|w sigma'(wa + b)| >= 1 needs |w| >= 4, and at most the inputs of eq. 123: 0.45 wide, at |w| = 6.9."""
    z = np.arange(0, 8, 1e-4)
    slopes = sigma_prime(z)
    assert not (3.999 * slopes >= 1).any()
    w = np.arange(4.02, 20, 0.02)
    widths = np.array([2 * np.count_nonzero(one * slopes >= 1) * 1e-4 / one for one in w])
    formula = 2 / w * np.log(w * (1 + np.sqrt(1 - 4 / w)) / 2 - 1)
    np.testing.assert_allclose(widths, formula, atol=1e-4)
    assert w[widths.argmax()] == pytest.approx(6.9, abs=0.1)
    assert widths.max() == pytest.approx(0.45, abs=0.01)


ROWS = np.array(list(product([0, 1], repeat=2)), float)


def nand(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The book's perceptron, on columns of 0 and 1."""
    return predict([np.array([[-2.0, -2.0]])], [np.array([3.0])], np.stack([u, v], axis=1), output="step")[
        :, 0
    ]


@claims("S3-1")
def test_perceptrons_compute_any_logic(claim):
    """NAND by weights -2, -2 and bias 3; from it a half adder; XOR also as one 2-2-1 network."""
    u, v = ROWS.T
    assert nand(u, v).tolist() == [1, 1, 1, 0]
    middle = nand(u, v)
    assert nand(nand(u, middle), nand(v, middle)).tolist() == [0, 1, 1, 0]  # sum
    assert nand(middle, middle).tolist() == [0, 0, 0, 1]  # carry
    weights = [np.array([[2.0, 2.0], [-2.0, -2.0]]), np.array([[2.0, 2.0]])]  # OR and NAND, then AND
    xor = predict(weights, [np.array([-1.0, 3.0]), np.array([-3.0])], ROWS, activation="step", output="step")
    assert xor.ravel().tolist() == [0, 1, 1, 0]


@claims("S3-2")
def test_small_changes_of_weights_change_a_sigmoid_output_almost_linearly(claim):
    """Halving dw divides the remainder |da - grad . dw| by 4, within 5 %: median over 3 seeds."""
    ratios = []
    for seed in range(3):
        rng = RNG(seed)
        data, network = random_data(rng, n=1, d=3, classes=1), random_layers(rng, [3, 4, 1])

        def output(layers, data=data):
            return predict(*zip(*layers, strict=True), data.training.inputs).item()

        a = output(network)
        [result] = one_step([network], data)  # cross-entropy, y = 1: dC = -da / a
        way = random_layers(rng, [3, 4, 1])
        slope = -a * inner(gradient(network, result), way)
        whole, half = (abs(output(moved_by(network, way, by)) - a - slope * by) for by in (1e-2, 5e-3))
        ratios.append(whole / half)
    assert 3.8 <= np.median(ratios) <= 4.2


@claims("B3-16")
def test_the_spread_of_z_for_large_and_for_default_weights(claim):
    """500 of 1,000 inputs on: z ~ N(0, 501) and N(0, 3/2). 100,000 draws: either half, 50,000 times."""
    for name, sd, tolerance in (("standard_normal", 22.383, 0.2), ("lecun_normal", 1.2247, 0.01)):
        rng, zs = RNG(1), []
        for _ in range(100):
            halves = INITIALIZERS[name](rng, 500, 1000).reshape(500, 2, 500)
            zs.append(halves.sum(axis=2) + rng.standard_normal((500, 2)))
        assert np.std(zs) == pytest.approx(sd, abs=tolerance)


@claims("S3-3")
def test_a_mini_batch_estimates_the_gradient_with_variance_one_over_its_size(claim):
    """The mean over a partition is the full gradient; random batches of 5 and of 20 spread as 1/m."""
    data, network = random_data(RNG(3), n=40, d=3, classes=2), random_layers(RNG(4), [3, 2])

    def estimates(order: np.ndarray) -> list[np.ndarray]:
        """The gradient on each of the mini-batches (K, m)."""
        K, m = order.shape
        h = Hyperparameters(learning_rate=1.0, batch_size=m, epochs=1, dtype="float64")
        results = train([h] * K, data, initial=stack_of([network] * K), order=order[:, np.newaxis])
        return [gradient(network, result)[0][0] for result in results]

    whole = gradient(network, one_step([network], data)[0])[0][0]
    variances = []
    for m in (5, 20):
        np.testing.assert_allclose(
            np.mean(estimates(np.arange(40).reshape(-1, m)), axis=0), whole, atol=1e-12
        )
        variances.append(np.var(estimates(RNG(5).integers(0, 40, (1000, m))), axis=0).sum())
    assert variances[0] / variances[1] == pytest.approx(4, rel=0.2)


@claims("S4-3")
def test_l2_rescales_weights_and_l1_shrinks_them_by_a_constant(claim):
    """One step without data gradient; the two pulls are equal at |w| = 1, and biases have none."""
    W, rate, lam, n = np.array([[0.25, 1.0, 4.0], [-0.25, -1.0, -4.0]]), 0.5, 0.6, 2
    data, pulls = data_of(np.zeros((n, 3)), [0, 1], classes=2), {}
    network = [(W, np.array([2.0, -3.0]))]
    [free] = one_step([network], data, learning_rate=rate)
    for name in ("lambda_l2", "lambda_l1"):
        [result] = one_step([network], data, learning_rate=rate, **{name: lam})
        pulls[name] = W - result.weights[0]
        np.testing.assert_array_equal(result.biases[0], free.biases[0])
    np.testing.assert_allclose(pulls["lambda_l2"], W * rate * lam / n, rtol=0, atol=1e-12)
    np.testing.assert_allclose(pulls["lambda_l1"], rate * lam / n * np.sign(W), rtol=0, atol=1e-12)
    stronger = np.abs(pulls["lambda_l1"]) - np.abs(pulls["lambda_l2"])
    assert (stronger[:, 0] > 0).all()
    np.testing.assert_allclose(stronger[:, 1], 0, atol=1e-12)
    assert (stronger[:, 2] < 0).all()


def test_every_analytic_row_has_its_test():
    """The ids of the rows of kind 'analytic', each settled above or in the first part."""
    from tests.nn import test_analytic

    settled = set()
    for test in [*vars(test_analytic).values(), *globals().values()]:
        for mark in getattr(test, "pytestmark", []):
            if mark.args[0] == "claim":
                settled |= set(mark.args[1])
    assert settled == set(
        [
            "B2-01",
            "B2-04",
            "B3-01",
            "B3-02",
            "B3-03",
            "B3-16",
            "B3-37",
            "B3-38",
            "B5-08",
            "B5-09",
            "B5-10",
            "S0-1",
            "S0-2",
            "S1-3",
            "S1-10",
            "S1-12",
            "S1-13",
            "S2-1",
            "S2-4",
            "S3-1",
            "S3-2",
            "S3-3",
            "S4-1",
            "S4-3",
        ]
    )

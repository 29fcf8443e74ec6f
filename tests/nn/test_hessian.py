"""Products with the Hessian are exact: differences of the gradient itself say so."""

import numpy as np
import pytest

from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.backprop import Backprop
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.curvatures import CURVATURES, OUTPUT_CHANGES
from nnexp.nn.hessian import Hessian, hessian_at
from nnexp.nn.layers import run_all, trained_layers
from nnexp.nn.network import Batch, Network, Parameters
from tests import reference

TOLERANCE = 1e-8
STEP = 1e-3
POINTS = {2: -1 / 12, 1: 8 / 12, -1: -8 / 12, -2: 1 / 12}  # f'(0) = sum of weight x f(point x step) / step


class Place:
    """K networks at random parameters, and a mini-batch of B examples for each; float64.

    `dropout`: whether masks thin the hidden layers, the same ones at every pass.
    """

    def __init__(
        self, activation: str, output: str, cost: str, sizes: list[int], *, K: int = 1, dropout: bool = False
    ) -> None:
        B, rng = 5, np.random.default_rng(len(sizes))
        self.masks = [rng.integers(0, 2, (K, B, H)) / 0.5 for H in sizes[1:-1]] if dropout else []
        self.network = Network(tuple(sizes), ACTIVATIONS[activation], OUTPUTS[output, cost])
        self.names = activation, (output, cost)
        self.X = rng.standard_normal((K, B, sizes[0]))
        self.Y = np.eye(sizes[-1])[rng.integers(0, sizes[-1], (K, B))]
        while True:
            self.at, self.way = self.random(rng), self.random(rng)
            self.way.flat /= np.linalg.norm(self.way.flat, axis=1, keepdims=True)
            if len({self.sides(2 * STEP), self.sides(0.0), self.sides(-2 * STEP)}) == 1:
                break  # no kink lies between the points that a difference looks at

    def random(self, rng: np.random.Generator) -> Parameters:
        parameters = Parameters.zeros(self.network.sizes, len(self.X), "float64")
        for W in parameters.weights:
            W[:] = rng.standard_normal(W.shape) / np.sqrt(W.shape[2])
        for b in parameters.biases:
            b[:] = rng.standard_normal(b.shape)
        return parameters

    def sides(self, by: float) -> bytes:
        """On which side of zero each hidden unit lies."""
        return b"".join(bytes(layer.z > 0) for layer in self.passed(by)[0].hidden)

    def passed(self, by: float = 0.0) -> tuple[Backprop, np.ndarray]:
        """Backpropagation a little further along the way, and the gradient (K, P)."""
        K, B, _ = self.X.shape
        there = self.at.of_runs(range(K))
        there.flat += by * self.way.flat
        layers = trained_layers(self.network, there, B, dropout=bool(self.masks))
        for layer, drawn in zip(layers, self.masks, strict=False):
            layer.mask[:] = drawn
        backprop = Backprop(self.network, there, layers, Batch(self.X, self.Y, range(K)))
        gradient, fill_gradient = backprop.mean_gradient()
        run_all(backprop.calls + fill_gradient)
        return backprop, gradient.flat

    def hessian(self) -> Hessian:
        activation, output = self.names
        return hessian_at(self.passed()[0], CURVATURES[activation], OUTPUT_CHANGES[output])

    def product(self, way: Parameters) -> np.ndarray:
        out = Parameters.zeros(self.network.sizes, len(self.X), "float64")
        self.hessian().product(way, out)
        return out.flat / self.X.shape[1]

    def change(self) -> np.ndarray:
        """Of the gradient, along the way: a fourth-order difference."""
        return sum(weight * self.passed(point * STEP)[1] for point, weight in POINTS.items()) / STEP


def assert_close(vectors: np.ndarray, expected: np.ndarray) -> None:
    """Each run's, by the length of the difference."""
    errors = np.linalg.norm(vectors - expected, axis=1)
    assert (errors < TOLERANCE * np.linalg.norm(expected, axis=1)).all(), errors


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_a_product_is_the_change_of_the_gradient(activation, output, cost, depth):
    place = Place(activation, output, cost, [3, *[4] * depth, 3], K=2)
    assert_close(place.product(place.way), place.change())


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "silu"])
def test_with_dropout_it_is_that_of_the_thinned_network(activation, depth):
    place = Place(activation, "softmax", "log_likelihood", [3, *[6] * depth, 3], K=2, dropout=True)
    assert_close(place.product(place.way), place.change())


@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
def test_the_hessian_is_symmetric(output, cost):
    place = Place("tanh", output, cost, [3, 4, 5, 3], K=3)
    there, back = place.product(place.at), place.product(place.way)
    np.testing.assert_allclose((place.way.flat * there).sum(axis=1), (place.at.flat * back).sum(axis=1))


def test_of_a_linear_network_it_is_the_normal_matrix():
    """One layer with the quadratic cost: X^T X / B for each output unit, wherever the weights are."""
    place = Place("identity", "identity", "quadratic", [3, 2])
    [X] = place.X
    expected = place.way.weights[0][0] @ X.T @ X + np.outer(place.way.biases[0][0, 0], X.sum(axis=0))
    product = Parameters(place.network.sizes, place.product(place.way))
    np.testing.assert_allclose(product.weights[0][0], expected / 5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"step"}))
def test_a_curvature_is_the_slope_of_the_slope_and_never_overflows(activation, dtype):
    f, curvature = ACTIVATIONS[activation], CURVATURES[activation]
    z = np.array([-1e3, -30, -9, -3.1, -1.7, -0.6, -0.02, 0.03, 0.4, 1.3, 2.9, 8, 25, 1e3], dtype)

    def written_in(z):
        return z.copy() if f.keeps_z else f.function(z)

    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = curvature(written_in(z))
    assert found.dtype == z.dtype
    wide, step = z.astype("float64"), 1e-5
    slopes = [f.slope(written_in(wide + by)) for by in (step, -step)]
    np.testing.assert_allclose(found, (slopes[0] - slopes[1]) / (2 * step), atol=1e-6)


def test_every_activation_and_output_with_a_slope_is_there():
    assert set(CURVATURES) == {name for name, f in ACTIVATIONS.items() if f.steepest}
    assert set(OUTPUT_CHANGES) == set(OUTPUTS) - {reference.PERCEPTRON}

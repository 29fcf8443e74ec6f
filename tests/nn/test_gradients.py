"""Backpropagation gives the exact gradient: differences of the objective itself say so."""

import numpy as np
import pytest

from nnexp.nn import Hyperparameters
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.layers import trained_layers
from nnexp.nn.network import Network, Parameters
from tests import reference
from tests.nn.driving import (
    gradient,
    inner,
    moved_by,
    norm,
    objective,
    one_step,
    random_data,
    random_layers,
)

TOLERANCE = 1e-6
STEP = 1e-3  # the fourth-order difference below is then exact to some 1e-11
POINTS = {2: -1 / 12, 1: 8 / 12, -1: -8 / 12, -2: 1 / 12}  # f'(0) = sum of weight x f(point x step) / step
REGULARISERS = {
    "none": {},
    "L2": {"lambda_l2": 0.7},
    "L1": {"lambda_l1": 0.4},
    "L1+L2": {"lambda_l1": 0.4, "lambda_l2": 0.7},
}


CASES = [(*pair, depth) for pair in reference.PAIRS for depth in range(5)] + [(*reference.PERCEPTRON, 0)]


def directions(rng: np.random.Generator, network: reference.Layers) -> list[reference.Layers]:
    """Random unit vectors: one over the whole network, one over its first layer, the hardest to reach."""
    whole = [(rng.standard_normal(W.shape), rng.standard_normal(b.shape)) for W, b in network]
    first = [whole[0], *((0 * W, 0 * b) for W, b in whole[1:])]
    return [[(W / norm(way), b / norm(way)) for W, b in way] for way in (whole, first)]


def sides(network: reference.Layers, inputs: np.ndarray, h: Hyperparameters) -> list[np.ndarray]:
    """On which side of its kink each weight (of |w|) and each unit lies."""
    sides = [W > 0 for W, _ in network] if h.lambda_l1 else []
    for x in inputs:
        *hidden, top = (z > 0 for z in reference.forward(network, x, h)[0])
        sides += hidden if h.activation in ("relu", "leaky_relu", "elu") else []
        sides += [top] if h.output == "step" else []
    return sides


def is_smooth(network: reference.Layers, ways: list, inputs: np.ndarray, h: Hyperparameters) -> bool:
    """Whether no kink lies between the points that a difference looks at."""
    ends = [moved_by(network, way, end * STEP) for way in ways for end in (-2, 2)]
    return len({b"".join(map(bytes, sides(end, inputs, h))) for end in [network, *ends]}) == 1


@pytest.mark.parametrize("regulariser", REGULARISERS)
@pytest.mark.parametrize(("output", "cost", "depth"), CASES)
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_the_gradient_is_the_slope_of_the_objective(activation, output, cost, depth, regulariser):
    knobs = {"activation": activation, "output": output, "cost": cost, "hidden_layers": depth}
    knobs |= REGULARISERS[regulariser]
    rng = np.random.default_rng(depth)
    data, sizes = random_data(rng, n=5, d=3, classes=3), [3, *[4] * depth, 3]
    h = Hyperparameters(**knobs)
    for _ in range(100):
        network = random_layers(rng, sizes)
        ways = directions(rng, network)
        if is_smooth(network, ways, data.training.inputs, h):
            break
    else:
        pytest.fail("no smooth point was found")
    places = [moved_by(network, way, point * STEP) for way in ways for point in POINTS]
    middle, *around = one_step([network, *places], data, **knobs)
    values = np.reshape([objective(result) for result in around], (len(ways), len(POINTS)))
    slopes = values @ list(POINTS.values()) / STEP
    grads = gradient(network, middle)
    for way, slope in zip(ways, slopes, strict=True):
        assert abs(inner(grads, way) - slope) < TOLERANCE * abs(slope)


def without_masks(network: reference.Layers, masks: list[np.ndarray]) -> reference.Layers:
    """The same function without masks: they multiply the weights that leave the hidden units."""
    return [network[0], *((W * mask, b) for (W, b), mask in zip(network[1:], masks, strict=True))]


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "arcsinh", "silu", "gelu", "identity"])
def test_dropout_gives_the_gradient_of_the_thinned_network(activation, output, cost, depth):
    """One example shows its mask: weights that leave a dropped unit have no gradient."""
    knobs = {"activation": activation, "output": output, "cost": cost, "dropout": 0.25}
    rng = np.random.default_rng(depth)
    data, network = random_data(rng, n=1, d=3, classes=3), random_layers(rng, [3, *[6] * depth, 3])
    [result] = one_step([network], data, hidden_layers=depth, **knobs)
    grads = gradient(network, result)
    alive = [gW.any(axis=0) for gW, _ in grads[1:]]
    assert 0 < np.mean(alive) < 1
    masks = [units / 0.75 for units in alive]
    way = directions(rng, network)[0]
    values = [
        reference.cost(
            without_masks(moved_by(network, way, point * STEP), masks),
            *data.training,
            Hyperparameters(**knobs),
        )
        for point in POINTS
    ]
    slope = np.dot(values, list(POINTS.values())) / STEP
    assert abs(inner(grads, way) - slope) < TOLERANCE * abs(slope)


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
def test_input_dropout_gives_the_gradient_at_the_thinned_example(output, cost, depth):
    """One example shows its mask: weights that leave an input that is left out have no gradient."""
    knobs = {"output": output, "cost": cost, "activation": "tanh", "hidden_layers": depth}
    rng = np.random.default_rng(depth)
    data, network = random_data(rng, n=1, d=9, classes=3), random_layers(rng, [9, *[6] * depth, 3])
    [result] = one_step([network], data, input_dropout=0.25, **knobs)
    grads = gradient(network, result)
    alive = grads[0][0].any(axis=0)
    assert 0 < np.mean(alive) < 1
    inputs, labels = data.training
    way = directions(rng, network)[0]
    h = Hyperparameters(**knobs)
    values = [
        reference.cost(moved_by(network, way, point * STEP), inputs * alive / 0.75, labels, h)
        for point in POINTS
    ]
    slope = np.dot(values, list(POINTS.values())) / STEP
    assert abs(inner(grads, way) - slope) < TOLERANCE * abs(slope)


@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_only_a_slope_that_is_written_in_z_costs_a_buffer(activation):
    """Elsewhere a is written over z; the output's z is never needed again."""
    f = ACTIVATIONS[activation]
    network = Network((3, 4, 2), f, OUTPUTS["sigmoid", "cross_entropy"])
    hidden, output = trained_layers(network, Parameters.zeros(network.sizes, 1, "float32"), 5)
    assert (hidden.a is hidden.z) == (activation not in ("silu", "gelu"))
    assert output.a is output.z

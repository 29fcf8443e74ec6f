"""Nothing overflows, at |z| = 1000 or at a = 0 where y = 1, in either dtype. Warnings are errors."""

from math import exp, log

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, predict, train
from nnexp.nn.activations import ACTIVATIONS
from tests import reference
from tests.nn.driving import data_of, one_step, stack_of

FAR = np.array([-1000.0, -89.0, 0.0, 89.0, 1000.0])  # e^89 overflows in float32
LIMITS = {
    "sigmoid": [0, 0, 0.5, 1, 1],
    "tanh": [-1, -1, 0, 1, 1],
    "relu": [0, 0, 0, 89, 1000],
    "leaky_relu": [-10, -0.89, 0, 89, 1000],
    "softplus": [0, 0, log(2), 89, 1000],
    "elu": [-1, -1, 0, 89, 1000],
    "arcsinh": [-log(2000), -log(178), 0, log(178), log(2000)],
    "silu": [0, 0, 0, 89, 1000],
    "gelu": [0, 0, 0, 89, 1000],
    "identity": FAR,
    "step": [0, 0, 0, 1, 1],
}
SLOPES = {
    "sigmoid": [0, 0, 0.25, 0, 0],
    "tanh": [0, 0, 1, 0, 0],
    "relu": [0, 0, 0, 1, 1],
    "leaky_relu": [0.01, 0.01, 0.01, 1, 1],
    "softplus": [0, 0, 0.5, 1, 1],
    "elu": [0, 0, 1, 1, 1],
    "arcsinh": [1 / 1000, 1 / 89, 1, 1 / 89, 1 / 1000],
    "silu": [0, 0, 0.5, 1, 1],
    "gelu": [0, 0, 0.5, 1, 1],
    "identity": [1, 1, 1, 1, 1],
    "step": [0, 0, 0, 0, 0],
}


def slope_of(name: str, z: np.ndarray, a: np.ndarray) -> np.ndarray:
    """f'(z), which an activation writes in z or in a = f(z)."""
    activation = ACTIVATIONS[name]
    return activation.slope(z if activation.keeps_z else a, np.empty_like(z))


def test_the_oracle_knows_every_activation_that_can_be_trained():
    assert set(reference.ACTIVATIONS) == {name for name, f in ACTIVATIONS.items() if f.steepest}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_slopes_reach_their_limits(name, dtype):
    z = FAR.astype(dtype)
    z.setflags(write=False)
    a = ACTIVATIONS[name].function(z, np.empty_like(z))
    np.testing.assert_allclose(a, LIMITS[name], rtol=1e-4, atol=1e-6)
    slope = slope_of(name, z, a)
    np.testing.assert_allclose(slope, SLOPES[name], rtol=1e-3, atol=1e-6)
    assert a.dtype == slope.dtype == dtype


@pytest.mark.parametrize("name", reference.ACTIVATIONS)
def test_activations_and_slopes_are_those_of_the_definition(name):
    """Also when a layer writes its result over z, as layers do."""
    z = np.linspace(-6, 6, 241)
    function, slope = reference.ACTIVATIONS[name]
    a = ACTIVATIONS[name].function(z, np.empty_like(z))
    np.testing.assert_allclose(a, function(z), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(slope_of(name, z, a), slope(z), rtol=1e-10, atol=1e-14)
    in_place = z.copy()
    assert ACTIVATIONS[name].function(in_place, in_place) is in_place
    np.testing.assert_array_equal(in_place, a)
    assert slope(z).max() <= ACTIVATIONS[name].steepest < 1.01 * slope(z).max()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("output", "cost", "z", "expected"),
    [
        ("sigmoid", "cross_entropy", (1000, -1000), 2000),  # a = (1, 0), y = (0, 1)
        ("sigmoid", "cross_entropy", (-1000, 1000), 0),
        ("sigmoid", "cross_entropy", (0, -89), log(2) + 89),
        ("sigmoid", "quadratic", (1000, -1000), 1),
        ("softmax", "log_likelihood", (1000, -1000), 2000),
        ("softmax", "log_likelihood", (1000, 1000), log(2)),
        ("softmax", "log_likelihood", (-1000, 1000), 0),
        ("softmax", "log_likelihood", (-1000, -1003), 3 + log(1 + exp(-3))),
        ("identity", "quadratic", (1000, -1000), (1000**2 + 1001**2) / 2),
        ("step", "perceptron", (1000, -1000), 2000),
        ("step", "perceptron", (-1000, 1000), 0),
        ("step", "perceptron", (0, -3), 3),  # at 0 a unit is silent
    ],
)
def test_costs_are_right_where_the_output_is_saturated(output, cost, z, expected, dtype):
    """One example of class 1 without any input: its logits are the biases."""
    network = [(np.zeros((2, 1)), np.array(z, float))]
    knobs = {"output": output, "cost": cost, "dtype": dtype, "learning_rate": 1e-30, "hidden_layers": 0}
    [result] = one_step([network], data_of([[0]], [1], classes=2), **knobs)
    assert result.status == "finished"
    assert result.history["training_cost"] == pytest.approx([expected] * 2, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
@pytest.mark.parametrize("z", [-1000.0, 1000.0])
def test_a_step_at_saturated_units_stays_finite(activation, output, cost, z, dtype):
    network = [(np.zeros((3, 2)), np.full(3, z)), (np.full((3, 3), 1 / 3), np.zeros(3))]
    h = Hyperparameters(
        activation=activation,
        output=output,
        cost=cost,
        dtype=dtype,
        learning_rate=1e-7,
        epochs=2,
        batch_size=1,
    )
    data = data_of([[1, 0], [0, 1], [1, 1]], [0, 1, 2], classes=3)
    [result] = train([h], data, initial=stack_of([network]))
    assert result.status == "finished"
    assert all(np.isfinite(array).all() for array in result.weights + result.biases)
    assert np.isfinite(result.history["training_cost"]).all()
    outputs = predict(result.weights, result.biases, data.test.inputs, activation=activation, output=output)
    assert np.isfinite(outputs).all()

"""What the output layer computes, and the cost that it is trained on.

`cost(z, y)`: cost of each example, from the logits z^L and the one-hot targets y, without overflow.
`delta(a, y, out)`: the output error delta^L = dC/dz^L of each example (BP1), written into `out`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnexp.nn.activations import Function, identity, sigmoid, sigmoid_slope, softmax, softplus, step
from nnexp.nn.arrays import Array


class Output(NamedTuple):
    """An output layer a^L = function(z^L) with its cost. The largest a^L is the network's answer.

    With `step` the answer would be a tie of 0s or of 1s. So its `function` hands on z^L itself, which then
    decides, and `perceptron_error` takes the step.
    """

    function: Function
    cost: Callable[[Array, Array], Array]
    delta: Callable[[Array, Array, Array], Array]


def cross_entropy(z: Array, y: Array) -> Array:
    """-sum_j [y ln a + (1-y) ln(1-a)], a = sigma(z) (book, eq. 63), which is sum_j [ln(1 + e^z) - y z]."""
    return np.asarray((softplus(z) - y * z).sum(axis=-1))


def log_likelihood(z: Array, y: Array) -> Array:
    """-ln a_y with a = softmax(z) (book, eq. 80)."""
    shifted = z - z.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.exp(shifted).sum(axis=-1)) - (shifted * y).sum(axis=-1))


def quadratic(a: Array, y: Array) -> Array:
    """|a - y|^2 / 2 (book, eq. 6), of the logits where the output is linear."""
    return np.asarray(0.5 * np.square(a - y).sum(axis=-1))


def sigmoid_quadratic(z: Array, y: Array) -> Array:
    """|a - y|^2 / 2 with a = sigma(z)."""
    return quadratic(sigmoid(z), y)


def error(a: Array, y: Array, out: Array) -> Array:
    """delta^L = a - y: wherever the cost cancels the slope of the output layer (book, eq. 68)."""
    return np.subtract(a, y, out)


def error_times_slope(a: Array, y: Array, out: Array) -> Array:
    """delta^L = (a - y) sigma'(z^L), which is small where the output is saturated (book, eq. 30)."""
    slope = sigmoid_slope(a, out)
    return np.multiply(slope, a - y, slope)


def perceptron(z: Array, y: Array) -> Array:
    """sum_j (a_j - y_j) z_j with a = step(z): how far z is on the wrong side of 0 (Rosenblatt's criterion).

    Its slope is a - y wherever it has one. At z = 0 a unit does not fire, though nothing is lost there.
    """
    return np.asarray(np.where(step(z) == y, 0, np.abs(z)).sum(axis=-1))


def perceptron_error(z: Array, y: Array, out: Array) -> Array:
    """delta^L = step(z) - y: with it a step of SGD is the perceptron's rule w += eta (y - a) x.

    Rosenblatt 1958; the rule converges if a layer without an error exists (Novikoff 1962).
    """
    return np.subtract(step(z, out), y, out)


OUTPUTS: dict[tuple[str, str], Output] = {
    ("sigmoid", "cross_entropy"): Output(sigmoid, cross_entropy, error),
    ("sigmoid", "quadratic"): Output(sigmoid, sigmoid_quadratic, error_times_slope),
    ("softmax", "log_likelihood"): Output(softmax, log_likelihood, error),
    ("identity", "quadratic"): Output(identity, quadratic, error),
    ("step", "perceptron"): Output(identity, perceptron, perceptron_error),
}
OUTPUT_FUNCTIONS = {"sigmoid": sigmoid, "softmax": softmax, "identity": identity, "step": step}
COSTS_OF_OUTPUT: dict[str, tuple[str, ...]] = {
    output: tuple(cost for o, cost in OUTPUTS if o == output) for output in OUTPUT_FUNCTIONS
}

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
    """An output layer a^L = function(z^L) with its cost."""

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


OUTPUTS: dict[tuple[str, str], Output] = {
    ("sigmoid", "cross_entropy"): Output(sigmoid, cross_entropy, error),
    ("sigmoid", "quadratic"): Output(sigmoid, sigmoid_quadratic, error_times_slope),
    ("softmax", "log_likelihood"): Output(softmax, log_likelihood, error),
    ("identity", "quadratic"): Output(identity, quadratic, error),
}
COSTS_OF_OUTPUT: dict[str, tuple[str, ...]] = {
    output: tuple(cost for o, cost in OUTPUTS if o == output) for output in ("sigmoid", "softmax", "identity")
}
OUTPUT_FUNCTIONS = {"sigmoid": sigmoid, "softmax": softmax, "identity": identity, "step": step}

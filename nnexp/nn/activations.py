"""Activation functions f and their slopes f'.

A slope is written in terms of the activation a = f(z) itself, so that a network need not keep z.
`function(z, out)` and `slope(a, out)` work element by element; `out` of a function may be z itself.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

LEAK = 0.01  # slope of leaky_relu below zero


class Activation(NamedTuple):
    """f and f'; `steepest` is the greatest value of f' (0: nothing can be learned through it)."""

    function: Callable[..., Array]
    slope: Callable[..., Array]
    steepest: float = 1.0


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """sigma(z) = 1 / (1 + exp(-z)) (book, eq. 3), as (1 + tanh(z/2)) / 2, which cannot overflow."""
    out = np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


def sigmoid_slope(a: Array, out: Array | None = None) -> Array:
    """sigma' = a (1 - a)."""
    out = np.subtract(1.0, a, out=out)
    out *= a
    return out


def tanh_slope(a: Array, out: Array | None = None) -> Array:
    """tanh' = 1 - a^2."""
    out = np.multiply(a, a, out=out)
    return np.subtract(1.0, out, out=out)


def relu(z: Array, out: Array | None = None) -> Array:
    """max(z, 0)."""
    return np.maximum(z, 0.0, out=out)


def relu_slope(a: Array, out: Array | None = None) -> Array:
    """1 where a > 0, else 0."""
    return np.greater(a, 0.0, out=np.empty_like(a) if out is None else out, casting="unsafe")


def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """z above zero, z / 100 below."""
    return np.maximum(z, np.multiply(z, LEAK), out=out)


def leaky_relu_slope(a: Array, out: Array | None = None) -> Array:
    """1 where a > 0, else 1 / 100."""
    out = relu_slope(a, out)
    return np.maximum(out, LEAK, out=out)


def softplus(z: Array, out: Array | None = None) -> Array:
    """ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|), which cannot overflow."""
    positive = np.maximum(z, 0.0)
    out = np.abs(z, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    out += positive
    return out


def softplus_slope(a: Array, out: Array | None = None) -> Array:
    """sigma(z) = 1 - e^-a."""
    out = np.negative(a, out=out)
    np.expm1(out, out=out)
    return np.negative(out, out=out)


def elu(z: Array, out: Array | None = None) -> Array:
    """z above zero, e^z - 1 below (Clevert et al. 2015, alpha = 1)."""
    negative = np.expm1(np.minimum(z, 0.0))
    out = np.maximum(z, 0.0, out=out)
    out += negative
    return out


def elu_slope(a: Array, out: Array | None = None) -> Array:
    """1 above zero, e^z = a + 1 below."""
    out = np.minimum(a, 0.0, out=out)
    out += 1.0
    return out


def arcsinh(z: Array, out: Array | None = None) -> Array:
    """ln(z + sqrt(z^2 + 1)): like tanh near zero, but never flat."""
    return np.arcsinh(z, out=out)


def arcsinh_slope(a: Array, out: Array | None = None) -> Array:
    """1 / sqrt(z^2 + 1) = 1 / cosh(a)."""
    out = np.cosh(a, out=out)
    return np.reciprocal(out, out=out)


def identity(z: Array, out: Array | None = None) -> Array:
    """z: a linear layer."""
    return np.positive(z, out=out)


def identity_slope(a: Array, out: Array | None = None) -> Array:
    """1."""
    out = np.empty_like(a) if out is None else out
    out.fill(1.0)
    return out


def step(z: Array, out: Array | None = None) -> Array:
    """The perceptron: 1 where z > 0, else 0 (book, eq. 2)."""
    return relu_slope(z, out)


def step_slope(a: Array, out: Array | None = None) -> Array:
    """0 everywhere: no gradient passes, which is why the book turns to the sigmoid."""
    out = np.empty_like(a) if out is None else out
    out.fill(0.0)
    return out


def softmax(z: Array, out: Array | None = None) -> Array:
    """e^z_j / sum_k e^z_k over the last axis (book, eq. 78), shifted so that nothing overflows."""
    out = np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return out


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_slope, steepest=0.25),
    "tanh": Activation(np.tanh, tanh_slope),
    "relu": Activation(relu, relu_slope),
    "leaky_relu": Activation(leaky_relu, leaky_relu_slope),
    "softplus": Activation(softplus, softplus_slope),
    "elu": Activation(elu, elu_slope),
    "arcsinh": Activation(arcsinh, arcsinh_slope),
    "identity": Activation(identity, identity_slope),
    "step": Activation(step, step_slope, steepest=0.0),
}

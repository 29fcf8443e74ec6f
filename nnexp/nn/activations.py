"""Activation functions f and their slopes f'.

`function(z, out)` gives f(z). `slope(a, out)` gives f'(z), written in the activation a = f(z), so that a
network need not keep z; the slope of an activation that `keeps_z` is written in z: `slope(z, out)`.
Like NumPy's own functions they fill `out` and return it, or make a new array. A function's `out` may be z
itself; a slope's may not be what it is written in.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnexp.nn.arrays import HALF, ONE, Array

Function = Callable[..., Array]

LEAK = 0.01  # slope of leaky_relu below zero
GELU_SCALE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
FLAT = 10.0


class Activation(NamedTuple):
    """f and f'; `steepest` is the greatest value of f' (0: no gradient passes, so nothing can be learned).

    `keeps_z`: the slope is written in z, so that a network with it keeps both z and a.
    """

    function: Function
    slope: Function
    steepest: float = 1.0
    keeps_z: bool = False


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """sigma(z) = 1 / (1 + exp(-z)) (book, eq. 3), as (1 + tanh(z/2)) / 2, which no z overflows."""
    out = np.multiply(z, HALF, out)
    np.tanh(out, out)
    np.multiply(out, HALF, out)
    return np.add(out, HALF, out)


def sigmoid_slope(a: Array, out: Array | None = None) -> Array:
    """sigma' = a (1 - a)."""
    out = np.subtract(ONE, a, out)
    return np.multiply(out, a, out)


def tanh(z: Array, out: Array | None = None) -> Array:
    """tanh(z) = 2 sigma(2z) - 1."""
    return np.tanh(z, out)


def tanh_slope(a: Array, out: Array | None = None) -> Array:
    """1 - a^2."""
    out = np.multiply(a, a, out)
    return np.subtract(ONE, out, out)


def relu(z: Array, out: Array | None = None) -> Array:
    """max(z, 0)."""
    return np.maximum(z, 0.0, out=out)


def relu_slope(a: Array, out: Array | None = None) -> Array:
    """1 above zero, else 0: the sign of a, which is never negative."""
    return np.sign(a, out)


def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """z above zero, z / 100 below."""
    return np.maximum(z, np.multiply(z, LEAK), out=out)


def leaky_relu_slope(a: Array, out: Array | None = None) -> Array:
    """1 above zero, else 1 / 100."""
    return np.maximum(np.sign(a, out), LEAK, out=out)


def softplus(z: Array, out: Array | None = None) -> Array:
    """ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|), which no z overflows."""
    return np.add(np.maximum(z, 0.0), np.log1p(np.exp(-np.abs(z))), out)


def softplus_slope(a: Array, out: Array | None = None) -> Array:
    """sigma(z), which is 1 - e^-a."""
    return np.negative(np.expm1(-a), out)


def elu(z: Array, out: Array | None = None) -> Array:
    """z above zero, e^z - 1 below (Clevert et al. 2015, alpha = 1)."""
    return np.add(np.maximum(z, 0.0), np.expm1(np.minimum(z, 0.0)), out)


def elu_slope(a: Array, out: Array | None = None) -> Array:
    """1 above zero, e^z = a + 1 below."""
    return np.add(np.minimum(a, 0.0), ONE, out)


def arcsinh(z: Array, out: Array | None = None) -> Array:
    """ln(z + sqrt(z^2 + 1)): like tanh near zero, but never flat."""
    return np.arcsinh(z, out)


def arcsinh_slope(a: Array, out: Array | None = None) -> Array:
    """1 / sqrt(z^2 + 1) = 1 / cosh(a)."""
    return np.divide(ONE, np.cosh(a), out)


def silu(z: Array, out: Array | None = None) -> Array:
    """z sigma(z), also called swish (Hendrycks & Gimpel 2016; Ramachandran et al. 2017)."""
    return np.multiply(sigmoid(z), z, out)


def silu_slope(z: Array, out: Array | None = None) -> Array:
    """sigma(z) (1 + z (1 - sigma(z)))."""
    sigma = sigmoid(z)
    return np.multiply(sigma, 1 + z * (1 - sigma), out)


def gelu(z: Array, out: Array | None = None) -> Array:
    """z Phi(z), Phi the normal distribution, in the tanh form (Hendrycks & Gimpel 2016).

    Phi(z) ~ (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) / 2. The exact form needs erf, which NumPy lacks; the
    two differ by less than 0.0005.
    """
    return np.multiply(normal_share(z), z, out)


def gelu_slope(z: Array, out: Array | None = None) -> Array:
    """Phi(z) + z Phi'(z), of the tanh form."""
    share = normal_share(z)
    inner_slope = GELU_SCALE * (1 + 3 * GELU_CUBIC * np.square(np.clip(z, -FLAT, FLAT)))
    return np.add(share, 2 * share * (1 - share) * inner_slope * z, out)


def normal_share(z: Array) -> Array:
    """The tanh form of Phi(z). Beyond +-10 it is 0 or 1 to the last bit, and z^3 might overflow."""
    near = np.clip(z, -FLAT, FLAT)
    return sigmoid(2 * GELU_SCALE * near * (1 + GELU_CUBIC * np.square(near)))


def identity(z: Array, out: Array | None = None) -> Array:
    """z: a linear layer."""
    return np.positive(z, out)


def identity_slope(a: Array, out: Array | None = None) -> Array:
    """1."""
    out = np.empty_like(a) if out is None else out
    out.fill(1.0)
    return out


def step(z: Array, out: Array | None = None) -> Array:
    """The perceptron: 1 above zero, else 0 (book, eq. 2)."""
    return np.heaviside(z, 0.0, out)


def step_slope(a: Array, out: Array | None = None) -> Array:
    """0, which is why the book goes on to the sigmoid."""
    out = np.empty_like(a) if out is None else out
    out.fill(0.0)
    return out


def softmax(z: Array, out: Array | None = None) -> Array:
    """e^z_j / sum_k e^z_k (book, eq. 78), shifted so that nothing overflows. An output layer only."""
    out = np.subtract(z, z.max(axis=-1, keepdims=True), out)
    np.exp(out, out)
    np.divide(out, out.sum(axis=-1, keepdims=True), out)
    return out


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_slope, steepest=0.25),
    "tanh": Activation(tanh, tanh_slope),
    "relu": Activation(relu, relu_slope),
    "leaky_relu": Activation(leaky_relu, leaky_relu_slope),
    "softplus": Activation(softplus, softplus_slope),
    "elu": Activation(elu, elu_slope),
    "arcsinh": Activation(arcsinh, arcsinh_slope),
    "silu": Activation(silu, silu_slope, steepest=1.09984, keeps_z=True),
    "gelu": Activation(gelu, gelu_slope, steepest=1.12900, keeps_z=True),
    "identity": Activation(identity, identity_slope),
    "step": Activation(step, step_slope, steepest=0.0),
}

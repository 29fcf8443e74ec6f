"""Second derivatives: of the activations, and of the costs by the logits. Only `newton_cg` needs them.

CURVATURES: `curvature(a)` gives f''(z), written in a = f(z), or in z where the activation `keeps_z`, as its
slope is. OUTPUT_CHANGES: `change(a, y, z_change)` gives the change of the output error delta^L while the
logits change by `z_change`: the matrix d2C/dz2 of each example times its vector.
"""

from collections.abc import Callable

import numpy as np

from nnexp.nn.activations import FLAT, GELU_CUBIC, GELU_SCALE, normal_share, sigmoid
from nnexp.nn.arrays import Array

Curvature = Callable[[Array], Array]
OutputChange = Callable[[Array, Array, Array], Array]


def sigmoid_curvature(a: Array) -> Array:
    """sigma'' = a (1 - a) (1 - 2a)."""
    return a * (1 - a) * (1 - 2 * a)


def tanh_curvature(a: Array) -> Array:
    """-2 a (1 - a^2)."""
    return -2 * a * (1 - a * a)


def no_curvature(a: Array) -> Array:
    """0: straight pieces. At a kink there is no second derivative, and none is missed: no z is there."""
    return np.zeros_like(a)


def softplus_curvature(a: Array) -> Array:
    """sigma'(z) = (1 - e^-a) e^-a."""
    return -np.expm1(-a) * np.exp(-a)


def elu_curvature(a: Array) -> Array:
    """0 above zero, e^z = a + 1 below."""
    return np.where(a < 0, a + 1, np.zeros_like(a))


def arcsinh_curvature(a: Array) -> Array:
    """-z / (z^2 + 1)^(3/2) = -tanh(a) / cosh(a)^2."""
    return -np.tanh(a) / np.square(np.cosh(a))


def silu_curvature(z: Array) -> Array:
    """sigma' (2 + z (1 - 2 sigma))."""
    sigma = sigmoid(z)
    return sigma * (1 - sigma) * (2 + z * (1 - 2 * sigma))


def gelu_curvature(z: Array) -> Array:
    """2 Phi' + z Phi'', of the tanh form Phi = sigma(2u), u = sqrt(2/pi) (z + 0.044715 z^3)."""
    share, near = normal_share(z), np.clip(z, -FLAT, FLAT)
    inner_slope = 2 * GELU_SCALE * (1 + 3 * GELU_CUBIC * near * near)
    inner_curvature = 2 * GELU_SCALE * 6 * GELU_CUBIC * near
    slope = share * (1 - share)  # sigma'(2u)
    bend = slope * ((1 - 2 * share) * inner_slope * inner_slope + inner_curvature)  # Phi''
    return 2 * slope * inner_slope + near * bend


def linear_change(a: Array, y: Array, z_change: Array) -> Array:
    """delta = a - y = z - y."""
    return z_change


def sigmoid_change(a: Array, y: Array, z_change: Array) -> Array:
    """delta = a - y, a = sigma(z)."""
    return a * (1 - a) * z_change


def softmax_change(a: Array, y: Array, z_change: Array) -> Array:
    """delta = a - y, a = softmax(z), of which da_j/dz_k = a_j ([j = k] - a_k)."""
    mean: Array = (a * z_change).sum(axis=-1, keepdims=True)
    return a * (z_change - mean)


def sigmoid_quadratic_change(a: Array, y: Array, z_change: Array) -> Array:
    """delta = (a - y) sigma'(z): it may shrink while z grows, where the output is badly wrong."""
    slope = a * (1 - a)
    return (slope + (a - y) * (1 - 2 * a)) * slope * z_change


CURVATURES: dict[str, Curvature] = {
    "sigmoid": sigmoid_curvature,
    "tanh": tanh_curvature,
    "relu": no_curvature,
    "leaky_relu": no_curvature,
    "softplus": softplus_curvature,
    "elu": elu_curvature,
    "arcsinh": arcsinh_curvature,
    "silu": silu_curvature,
    "gelu": gelu_curvature,
    "identity": no_curvature,
}
OUTPUT_CHANGES: dict[tuple[str, str], OutputChange] = {
    ("sigmoid", "cross_entropy"): sigmoid_change,
    ("sigmoid", "quadratic"): sigmoid_quadratic_change,
    ("softmax", "log_likelihood"): softmax_change,
    ("identity", "quadratic"): linear_change,
}

"""What units compute: activations f with their slopes f', and output layers with their costs.

The formulas of `nnexp.nn.activations` and `nnexp.nn.costs`, where their sources stand, for JAX.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from nnexp.nn.activations import FLAT, GELU_CUBIC, GELU_SCALE, LEAK
from nnexp.nn.hyperparameters import Hyperparameters

Array: TypeAlias = jax.Array
Function = Callable[[Array], Array]
Comparison = Callable[[Array, Array], Array]


class Activation(NamedTuple):
    """f(z), and f' written in the activation a = f(z), or in z if it `keeps_z`."""

    function: Function
    slope: Function
    keeps_z: bool = False


class Output(NamedTuple):
    """a^L = function(z^L); cost(z^L, y) of each example; delta^L = dC/dz^L as error(a^L, y)."""

    function: Function
    cost: Comparison
    error: Comparison


class Units(NamedTuple):
    """The hidden units of a network, and its output units."""

    hidden: Activation
    output: Output


def units_of(run: Hyperparameters) -> Units:
    """The units that a run's hyperparameters name."""
    return Units(ACTIVATIONS[run.activation], OUTPUTS[run.output, run.cost])


def sigmoid(z: Array) -> Array:
    """sigma(z) = 1 / (1 + exp(-z)) (book, eq. 3)."""
    return jax.lax.logistic(z)


def sigmoid_slope(a: Array) -> Array:
    """sigma' = a (1 - a)."""
    return a * (1 - a)


def softplus(z: Array) -> Array:
    """ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|)."""
    return jnp.maximum(z, 0) + jnp.log1p(jnp.exp(-jnp.abs(z)))


def elu(z: Array) -> Array:
    """z above zero, e^z - 1 below."""
    return jnp.maximum(z, 0) + jnp.expm1(jnp.minimum(z, 0))


def silu(z: Array) -> Array:
    """z sigma(z)."""
    return z * sigmoid(z)


def silu_slope(z: Array) -> Array:
    """sigma(z) (1 + z (1 - sigma(z)))."""
    sigma = sigmoid(z)
    return sigma * (1 + z * (1 - sigma))


def gelu(z: Array) -> Array:
    """z Phi(z) in the tanh form."""
    return z * normal_share(z)


def gelu_slope(z: Array) -> Array:
    """Phi(z) + z Phi'(z), of the tanh form."""
    share = normal_share(z)
    inner_slope = GELU_SCALE * (1 + 3 * GELU_CUBIC * jnp.square(jnp.clip(z, -FLAT, FLAT)))
    return share + 2 * share * (1 - share) * inner_slope * z


def normal_share(z: Array) -> Array:
    """The tanh form of Phi(z)."""
    near = jnp.clip(z, -FLAT, FLAT)
    return sigmoid(2 * GELU_SCALE * near * (1 + GELU_CUBIC * jnp.square(near)))


def identity(z: Array) -> Array:
    """z."""
    return z


def step(z: Array) -> Array:
    """1 above zero, else 0 (book, eq. 2)."""
    return jnp.heaviside(z, 0)


def softmax(z: Array) -> Array:
    """e^z_j / sum_k e^z_k (book, eq. 78)."""
    powers = jnp.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def cross_entropy(z: Array, y: Array) -> Array:
    """sum_j [ln(1 + e^z) - y z] (book, eq. 63)."""
    return (softplus(z) - y * z).sum(axis=-1)


def log_likelihood(z: Array, y: Array) -> Array:
    """-ln a_y with a = softmax(z) (book, eq. 80)."""
    shifted = z - z.max(axis=-1, keepdims=True)
    return jnp.log(jnp.exp(shifted).sum(axis=-1)) - (shifted * y).sum(axis=-1)


def quadratic(a: Array, y: Array) -> Array:
    """|a - y|^2 / 2 (book, eq. 6)."""
    return 0.5 * jnp.square(a - y).sum(axis=-1)


def sigmoid_quadratic(z: Array, y: Array) -> Array:
    """|a - y|^2 / 2 with a = sigma(z)."""
    return quadratic(sigmoid(z), y)


def perceptron(z: Array, y: Array) -> Array:
    """sum_j (a_j - y_j) z_j with a = step(z) (Rosenblatt's criterion)."""
    return jnp.where(step(z) == y, 0, jnp.abs(z)).sum(axis=-1)


def error(a: Array, y: Array) -> Array:
    """a - y (book, eq. 68)."""
    return a - y


def error_times_slope(a: Array, y: Array) -> Array:
    """(a - y) sigma'(z) (book, eq. 30)."""
    return (a - y) * sigmoid_slope(a)


def perceptron_error(z: Array, y: Array) -> Array:
    """step(z) - y."""
    return step(z) - y


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_slope),
    "tanh": Activation(jnp.tanh, lambda a: 1 - a * a),
    "relu": Activation(lambda z: jnp.maximum(z, 0), jnp.sign),
    "leaky_relu": Activation(lambda z: jnp.maximum(z, LEAK * z), lambda a: jnp.maximum(jnp.sign(a), LEAK)),
    "softplus": Activation(softplus, lambda a: -jnp.expm1(-a)),
    "elu": Activation(elu, lambda a: jnp.minimum(a, 0) + 1),
    "arcsinh": Activation(jnp.arcsinh, lambda a: 1 / jnp.cosh(a)),
    "silu": Activation(silu, silu_slope, keeps_z=True),
    "gelu": Activation(gelu, gelu_slope, keeps_z=True),
    "identity": Activation(identity, jnp.ones_like),
}
OUTPUTS: dict[tuple[str, str], Output] = {
    ("sigmoid", "cross_entropy"): Output(sigmoid, cross_entropy, error),
    ("sigmoid", "quadratic"): Output(sigmoid, sigmoid_quadratic, error_times_slope),
    ("softmax", "log_likelihood"): Output(softmax, log_likelihood, error),
    ("identity", "quadratic"): Output(identity, quadratic, error),
    ("step", "perceptron"): Output(identity, perceptron, perceptron_error),
}

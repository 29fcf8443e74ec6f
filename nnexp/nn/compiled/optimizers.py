"""Optimizers: layers and memory after a step on a mini-batch. The formulas of `nnexp.nn.optimizers`.

`memory`: by name, arrays like the layers, or a number for each run, (K, 1, 1). `t`: which step this is, from
1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nnexp.nn.compiled.network import Layers, MiniBatch
from nnexp.nn.compiled.newton_cg import Objective, newton_step
from nnexp.nn.compiled.rates import Rates, Shares
from nnexp.nn.compiled.units import Array
from nnexp.nn.optimizers import EPSILON

DAMPING = "damping"  # what newton_cg remembers, a number for each run
Memory = dict[str, Any]
Step = Callable[[Layers, MiniBatch, Memory, Rates, Array], tuple[Layers, Memory]]


class Optimizer(NamedTuple):
    """`step(layers, batch, memory, rates, t)`, and the names of what it remembers, zero at the start. The
    damping of newton_cg is none of these."""

    step: Step
    remembers: tuple[str, ...]


def whole_gradient(batch: MiniBatch, layers: Layers, l2: Array | None, l1: Array | None) -> Layers:
    """That of the cost with its penalties."""
    return penalised(batch.gradient(layers), layers, l2, l1)


def penalised(gradient: Layers, layers: Layers, l2: Array | None, l1: Array | None) -> Layers:
    """Add (lambda_l2/n) w (book, eq. 88) + (lambda_l1/n) sgn(w) (eq. 96); biases have no penalty."""
    whole: Layers = []
    for (dW, db), (W, _) in zip(gradient, layers, strict=True):
        if l2 is not None:
            dW += l2 * W
        if l1 is not None:
            dW += l1 * jnp.sign(W)
        whole.append((dW, db))
    return whole


def sgd(layers: Layers, batch: MiniBatch, memory: Memory, rates: Rates, t: Array) -> tuple[Layers, Memory]:
    """w' = w - eta grad (book, eqs. 93, 97), or v' = mu v - eta grad, w' = w + v' (eqs. 107-108)."""
    eta, mu, gradient = rates.learning_rate, rates.momentum, whole_gradient(batch, layers, rates.l2, rates.l1)
    if mu is None:
        return jax.tree.map(lambda w, g: w - eta * g, layers, gradient), memory
    velocity = jax.tree.map(lambda v, g: mu * v - eta * g, memory["velocity"], gradient)
    return jax.tree.map(jnp.add, layers, velocity), {"velocity": velocity}


def nesterov(
    layers: Layers, batch: MiniBatch, memory: Memory, rates: Rates, t: Array
) -> tuple[Layers, Memory]:
    """v' = mu v - eta grad, w' = w + mu v' - eta grad; without momentum, plain SGD."""
    eta, mu = rates.learning_rate, rates.momentum
    if mu is None:
        return sgd(layers, batch, memory, rates, t)
    gradient = whole_gradient(batch, layers, rates.l2, rates.l1)
    velocity = jax.tree.map(lambda v, g: mu * v - eta * g, memory["velocity"], gradient)
    moved = jax.tree.map(lambda w, v, g: w + mu * v - eta * g, layers, velocity, gradient)
    return moved, {"velocity": velocity}


def rmsprop(
    layers: Layers, batch: MiniBatch, memory: Memory, rates: Rates, t: Array
) -> tuple[Layers, Memory]:
    """w' = w - eta grad / (sqrt(mean square of grad) + epsilon)."""
    assert rates.square is not None
    eta, gradient = rates.learning_rate, whole_gradient(batch, layers, rates.l2, rates.l1)
    square = running_mean(memory["square"], jax.tree.map(jnp.square, gradient), rates.square)

    def moved(w: Array, g: Array, s: Array) -> Array:
        return w - eta * g / (jnp.sqrt(s) + EPSILON)

    return jax.tree.map(moved, layers, gradient, square), {"square": square}


def adam(layers: Layers, batch: MiniBatch, memory: Memory, rates: Rates, t: Array) -> tuple[Layers, Memory]:
    """Adam with L2 as a part of the gradient."""
    return _adam(layers, whole_gradient(batch, layers, rates.l2, rates.l1), memory, rates, t)


def adamw(layers: Layers, batch: MiniBatch, memory: Memory, rates: Rates, t: Array) -> tuple[Layers, Memory]:
    """Adam with weight decay beside the gradient, which is that before the decay."""
    gradient = batch.gradient(layers)
    if rates.l2 is not None:
        keep = 1 - rates.learning_rate * rates.l2
        layers = [(keep * W, b) for W, b in layers]
    return _adam(layers, penalised(gradient, layers, None, rates.l1), memory, rates, t)


def _adam(layers: Layers, gradient: Layers, memory: Memory, rates: Rates, t: Array) -> tuple[Layers, Memory]:
    assert rates.mean is not None
    assert rates.square is not None
    mean = running_mean(memory["mean"], gradient, rates.mean)
    square = running_mean(memory["square"], jax.tree.map(jnp.square, gradient), rates.square)
    mean_part, square_part = (-jnp.expm1(t * shares.log) for shares in (rates.mean, rates.square))
    eta = rates.learning_rate / mean_part

    def moved(w: Array, m: Array, s: Array) -> Array:
        return w - eta * m / (jnp.sqrt(s / square_part) + EPSILON)

    return jax.tree.map(moved, layers, mean, square), {"mean": mean, "square": square}


def newton_cg(
    layers: Layers, batch: MiniBatch, memory: Memory, rates: Rates, t: Array
) -> tuple[Layers, Memory]:
    """w' = w - eta (H + damping)^-1 grad, nearly (book, eq. 105)."""
    assert rates.cg_steps is not None
    objective, damping = Objective(batch, rates.l2), memory[DAMPING]
    layers, damping = newton_step(objective, layers, damping, rates.learning_rate, rates.cg_steps.max())
    return layers, {DAMPING: damping}


def running_mean(mean: Layers, values: Layers, shares: Shares) -> Layers:
    """The mean with new values."""
    return jax.tree.map(lambda m, v: shares.kept * m + shares.new * v, mean, values)


def limit_norms(layers: Layers, limits: Array) -> Layers:
    """Scale each hidden unit's incoming weights back to the length `limits` where they are longer; 0: none.

    As `nnexp.nn.max_norm` does; a length is computed without squares that might overflow.
    """
    *hidden, top = layers
    limited: Layers = []
    for W, b in hidden:
        longest = jnp.abs(W).max(axis=-1, keepdims=True)
        parts = W / jnp.where(longest > 0, longest, 1)
        length = longest * jnp.sqrt(jnp.square(parts).sum(axis=-1, keepdims=True))
        too_long = (limits > 0) & (length > limits)
        limited.append((jnp.where(too_long, W * (limits / length), W), b))
    return [*limited, top]


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(sgd, ("velocity",)),
    "nesterov": Optimizer(nesterov, ("velocity",)),
    "rmsprop": Optimizer(rmsprop, ("square",)),
    "adam": Optimizer(adam, ("mean", "square")),
    "adamw": Optimizer(adamw, ("mean", "square")),
    "newton_cg": Optimizer(newton_cg, ()),
}

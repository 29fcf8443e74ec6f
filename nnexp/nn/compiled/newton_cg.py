"""Newton's method by conjugate gradients (book, ch. 3, eqs. 103-105): the algorithm of `nnexp.nn.newton_cg`.

Products H p are derivatives of `backprop` along p, which JAX finds. Every scalar is one for each run,
(K, 1, 1), or (1, 1) of one run without K, in the precision of the network.
"""

from functools import partial, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nnexp.nn.compiled.network import Layers, MiniBatch
from nnexp.nn.compiled.units import Array
from nnexp.nn.newton_cg import BAD, DOUBT, GOOD, HALVINGS, LEAST, MOST, TRUST


class Objective(NamedTuple):
    """Mean cost of a mini-batch, and the penalty of `l2` = lambda_l2/n, which is None where it is 0."""

    batch: MiniBatch
    l2: Array | None

    def value(self, layers: Layers) -> Array:
        """Of each run."""
        value = self.batch.cost(layers)
        if self.l2 is None:
            return value
        squares = (jnp.square(W).sum(axis=(-2, -1), keepdims=True) for W, _ in layers)
        return value + self.l2 / 2 * sum(squares, jnp.zeros_like(value))

    def gradient(self, layers: Layers) -> Layers:
        """Of each run."""
        gradient = self.batch.gradient(layers)
        if self.l2 is None:
            return gradient
        return [(dW + self.l2 * W, db) for (dW, db), (W, _) in zip(gradient, layers, strict=True)]


def dots(first: Layers, second: Layers) -> Array:
    """Each run's inner product."""
    products = jax.tree.map(lambda a, b: (a * b).sum(axis=(-2, -1), keepdims=True), first, second)
    total: Array = reduce(jnp.add, jax.tree.leaves(products))
    return total


def along(layers: Layers, length: Array, direction: Layers) -> Layers:
    """layers + length direction."""
    return jax.tree.map(lambda w, d: w + length * d, layers, direction)


def choose(rows: Array, new: Layers, old: Layers) -> Layers:
    """The new layers of some runs, the old ones of the others."""
    return jax.tree.map(partial(jnp.where, rows), new, old)


class Search(NamedTuple):
    """Conjugate gradients between two steps: p and p (H + damping) p, the direction d, the residual with its
    square, and which runs go on."""

    step: Array
    p: Layers
    p_curvature: Array
    d: Layers
    residual: Layers
    square: Array
    goes_on: Array


def find_direction(
    objective: Objective, layers: Layers, gradient: Layers, damping: Array, most: Array
) -> Search:
    """Truncated conjugate gradients for (H + damping) p = -gradient, in at most `most` steps."""

    def product(d: Layers) -> Layers:
        return jax.jvp(objective.gradient, (layers,), (d,))[1]

    square = dots(gradient, gradient)
    goal = square * jnp.minimum(1 / 4, jnp.sqrt(square))

    def step(search: Search) -> Search:
        image = along(product(search.d), damping, search.d)
        d_curvature = dots(search.d, image)
        goes_on = search.goes_on & ((d_curvature > 0) | (search.step == 0))
        alpha = search.square / jnp.abs(d_curvature)
        p = choose(goes_on, along(search.p, alpha, search.d), search.p)
        p_curvature = search.p_curvature + jnp.where(goes_on, alpha * alpha * d_curvature, 0)
        residual = along(search.residual, alpha, image)
        square = dots(residual, residual)
        goes_on &= (d_curvature > 0) & (square > goal)
        d = jax.tree.map(lambda d, r: square / search.square * d - r, search.d, residual)
        return Search(search.step + 1, p, p_curvature, d, residual, square, goes_on)

    zero = jax.tree.map(jnp.zeros_like, layers)
    down = jax.tree.map(jnp.negative, gradient)
    start = Search(jnp.asarray(0), zero, jnp.zeros_like(square), down, gradient, square, square > 0)
    return jax.lax.while_loop(lambda s: s.goes_on.any() & (s.step < most), step, start)


def newton_step(
    objective: Objective, layers: Layers, damping: Array, length: Array, most: Array
) -> tuple[Layers, Array]:
    """Layers after a step of each run, `length` of the way, and the next damping."""
    gradient = objective.gradient(layers)
    search = find_direction(objective, layers, gradient, damping, most)
    p, before = search.p, objective.value(layers)
    forecast = length * dots(gradient, p)
    forecast += length * length / 2 * (search.p_curvature - damping * dots(p, p))
    moved = along(layers, length, p)
    after = objective.value(moved)
    falls, share = after < before, (after - before) / forecast
    factor = jnp.where(falls & (share > GOOD), TRUST, jnp.where(falls & (share >= BAD), 1.0, DOUBT))
    for _ in range(HALVINGS):
        length = jnp.where(falls, length, length / 2)
        moved = choose(falls, moved, along(layers, length, p))
        falls |= objective.value(moved) < before
    return choose(falls, moved, layers), jnp.clip(damping * factor, LEAST, MOST)

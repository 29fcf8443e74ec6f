"""Newton's method by conjugate gradients: the Hessian technique (book, ch. 3, eqs. 103-105).

w -> w + eta p, where p makes the model  g p + p (H + damping) p / 2  of the objective small: by truncated
conjugate gradients, which need products H p alone and stop at negative curvature (Nocedal & Wright 2006,
algorithm 7.1). The damping is Levenberg's and Marquardt's: it falls where the objective changes as the model
forecast, and rises where it does not (Martens 2010). A step that does not lower the objective is halved, and
in the end taken back.

All this is of one mini-batch: its objective, its gradient and its curvature. Every scalar is one for each
run, (K, 1), computed run by run in float64, so that a run does not depend on its stack.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.nn.activations import identity
from nnexp.nn.arrays import Array, PerRun, sums
from nnexp.nn.backprop import Backprop
from nnexp.nn.curvatures import CURVATURES, OUTPUT_CHANGES
from nnexp.nn.hessian import Hessian, hessian_at
from nnexp.nn.layers import Calls, forward, run_all
from nnexp.nn.memory import Memory
from nnexp.nn.network import Parameters
from nnexp.nn.rates import Rates

GOOD, BAD = 0.75, 0.25  # shares of the forecast change: above, the model is trusted more, below, less
TRUST, DOUBT = 2 / 3, 3 / 2  # what the damping is multiplied by then
LEAST, MOST = 1e-10, 1e10  # where it ends
HALVINGS = 4

Product = Callable[[Array], Array]


class Objective:
    """The objective of the mini-batch that `backprop` has just passed over, for K runs, with masks as drawn.

    It follows the parameters, but for the Hessian, which stays where that pass was. `l2`: lambda_l2/n (K, 1).
    """

    def __init__(self, backprop: Backprop, l2: Array, hessian: Hessian) -> None:
        self.backprop, self.l2, self.hessian = backprop, l2, hessian
        self.parameters = backprop.parameters

    def value(self) -> PerRun:
        """Mean cost + penalty, (K, 1)."""
        backprop = self.backprop
        layers = [*backprop.hidden, replace(backprop.top, function=identity)]
        run_all(forward(backprop.gemm, layers, backprop.batch.X_columns))
        cost = backprop.network.output.cost(backprop.top.z, backprop.batch.Y)
        return column(cost) / backprop.B + self.l2 / 2 * column(np.square(self.parameters.penalised))

    def gradient(self) -> Array:
        """That of the whole objective, (K, P), where the pass was."""
        gradient, fill_gradient = self.backprop.mean_gradient()
        run_all(fill_gradient)
        gradient.penalised += self.l2 * self.parameters.penalised
        return gradient.flat

    def product(self, d: Array) -> Array:
        """H d for d (K, P), where the pass was, as long as its activations are there."""
        direction, image = (Parameters(self.parameters.sizes, flat) for flat in (d, np.zeros_like(d)))
        self.hessian.product(direction, image)
        image.flat /= self.backprop.B
        image.penalised += self.l2 * direction.penalised
        return image.flat


class Direction(NamedTuple):
    """p (K, P), and p (H + damping) p of each run (K, 1)."""

    p: Array
    p_curvature: PerRun


def column(values: Array) -> PerRun:
    """Each run's sum, (K, 1)."""
    return sums(values)[:, np.newaxis]


def dots(first: Array, second: Array) -> PerRun:
    """Each run's inner product, (K, 1)."""
    return column(first * second)


def find_direction(product: Product, gradient: Array, damping: Array, most: int) -> Direction:
    """Truncated conjugate gradients for (H + damping) p = -gradient, from p = 0, in at most `most` steps.

    `product(d)`: H d of each run, (K, P). A run is done when its residual is min(1/2, sqrt |g|) |g|, so that
    steps become exact near the minimum. One that meets negative curvature keeps the p before; at its first
    step it goes down the gradient, as far as the same curvature upwards would let it.
    """
    p, d, residual = np.zeros_like(gradient), -gradient, gradient.copy()
    square = dots(residual, residual)
    goal = square * np.minimum(1 / 4, np.sqrt(square))
    goes_on, p_curvature = square > 0, np.zeros_like(square)
    for step in range(most):
        if not goes_on.any():
            break
        image = product(d) + damping.astype(d.dtype) * d
        d_curvature = dots(d, image)
        goes_on &= (d_curvature > 0) | (step == 0)
        alpha = square / np.abs(d_curvature)
        np.add(p, alpha.astype(d.dtype) * d, p, where=goes_on)
        np.add(p_curvature, alpha * alpha * d_curvature, p_curvature, where=goes_on)
        residual += alpha.astype(d.dtype) * image
        last, square = square, dots(residual, residual)
        goes_on &= (d_curvature > 0) & (square > goal)
        d = (square / last).astype(d.dtype) * d - residual
    return Direction(p, p_curvature)


def adapt_damping(damping: Array, share: Array, falls: NDArray[np.bool_]) -> Array:
    """The next damping. `share`: of the forecast change, what came; `falls`: whether the objective fell."""
    factor = np.where(falls & (share > GOOD), TRUST, np.where(falls & (share >= BAD), 1.0, DOUBT))
    return np.clip(damping * factor, LEAST, MOST)


def newton_step(objective: Objective, damping: Array, learning_rate: Array, most: int) -> Array:
    """A step of each run, from where the pass was; returns the next damping (K, 1)."""
    flat, gradient = objective.parameters.flat, objective.gradient()
    p, p_curvature = find_direction(objective.product, gradient, damping, most)
    before, start, length = objective.value(), flat.copy(), learning_rate.astype(np.float64)
    forecast = length * dots(gradient, p) + length * length / 2 * (p_curvature - damping * dots(p, p))
    flat += length.astype(flat.dtype) * p
    after = objective.value()
    falls, share = after < before, (after - before) / forecast
    next_damping = adapt_damping(damping, share, falls)
    for _ in range(HALVINGS):
        if falls.all():
            break
        length = np.where(falls, length, length / 2)
        np.copyto(flat, start + length.astype(flat.dtype) * p, where=~falls)
        falls |= objective.value() < before
    np.copyto(flat, start, where=~falls)
    return next_damping


def newton_cg(parameters: Parameters, backprop: Backprop, memory: Memory, rates: Rates) -> Calls:
    """w -> w - eta (H + damping)^-1 grad, nearly, over the mini-batch (book, eq. 105): see that module."""
    return [partial(newton_cg_step, backprop, memory, rates)]


def newton_cg_step(backprop: Backprop, memory: Memory, rates: Rates) -> None:
    """Where `backprop` has passed: the Hessian stays there, the parameters go on."""
    h, l2 = memory.common, np.zeros_like(rates.momentum) if rates.l2 is None else rates.l2
    hessian = hessian_at(backprop, CURVATURES[h.activation], OUTPUT_CHANGES[h.output, h.cost])
    objective, damping = Objective(backprop, l2, hessian), memory.arrays["damping"]
    damping[:] = newton_step(objective, damping, rates.learning_rate, h.cg_steps)

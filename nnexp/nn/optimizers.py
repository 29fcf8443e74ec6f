"""Optimizers: how a step follows from the gradient. All runs of a stack step at once.

`start(flat, column)` makes the arrays of its memory; `column(name)` are the runs' values of a hyperparameter.
`calls(parameters, backprop, memory, rates)`: what is to be called when `backprop` has taken in a mini-batch.
It changes parameters and memory in place. Where a step is linear in the gradient, the gradient is added to
the weights or to their velocity at once; the others step from the mean gradient.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.backprop import Backprop
from nnexp.nn.layers import Calls, run_all
from nnexp.nn.memory import (
    Column,
    Memory,
    damping_arrays,
    moment_arrays,
    square_arrays,
    velocity_arrays,
)
from nnexp.nn.network import Parameters
from nnexp.nn.newton_cg import newton_cg
from nnexp.nn.rates import Rates

EPSILON = 1e-8

Calculation = Callable[[Parameters, Backprop, Memory, Rates], Calls]


class Optimizer(NamedTuple):
    """See the module's description."""

    start: Callable[[Array, Column], dict[str, Array]]
    calls: Calculation


def take_in(mean: Array, values: Array, shares: Array) -> None:
    """The running mean, with new values (K, P)."""
    mean *= shares[:, :1]
    mean += shares[:, 1:] * values


def add_penalty(
    target: Parameters, factor: Array | float, parameters: Parameters, l2: Array | None, l1: Array | None
) -> None:
    """Add factor times (lambda_l2/n) w (book, eq. 88) + (lambda_l1/n) sgn(w) with sgn(0) = 0 (eq. 96)."""
    w = parameters.penalised
    if l2 is not None:
        target.penalised += factor * l2 * w
    if l1 is not None:
        target.penalised += factor * l1 * np.sign(w)


def sgd(parameters: Parameters, backprop: Backprop, memory: Memory, rates: Rates) -> Calls:
    """w -> (1 - eta lambda/n) w - eta grad C (book, eq. 93), or with momentum (eqs. 107-108)."""
    if memory.velocity is not None:
        add_gradients = backprop.gradients(memory.velocity, rates.step, rates.keep)
        return [*add_gradients, partial(momentum_step, parameters, memory.velocity, rates)]
    add_gradients = backprop.gradients(parameters, rates.step, rates.decay, [1.0] * len(rates.step))
    if rates.l1 is None:
        return add_gradients
    return [partial(sgd_with_l1, parameters, add_gradients, rates.learning_rate * rates.l1)]


def sgd_with_l1(parameters: Parameters, add_gradients: Calls, l1_step: Array) -> None:
    """w -> (1 - eta lambda/n) w - eta grad C - (eta lambda_l1/n) sgn(w), with sgn(0) = 0 (book, eq. 97)."""
    shrinkage = l1_step * np.sign(parameters.penalised)
    run_all(add_gradients)
    parameters.penalised -= shrinkage


def momentum_step(parameters: Parameters, velocity: Parameters, rates: Rates) -> None:
    """v' = mu v - eta grad, w' = w + v' (book, eqs. 107-108): v has the data cost's gradient already."""
    add_penalty(velocity, -rates.learning_rate, parameters, rates.l2, rates.l1)
    parameters.flat += velocity.flat


def nesterov(parameters: Parameters, backprop: Backprop, memory: Memory, rates: Rates) -> Calls:
    """Momentum that looks ahead (Sutskever et al. 2013); without any, plain SGD."""
    step = from_mean_gradient(nesterov_step) if memory.velocity is not None else sgd
    return step(parameters, backprop, memory, rates)


def from_mean_gradient(step: Callable[[Parameters, Parameters, Memory, Rates], None]) -> Calculation:
    """An optimizer that first needs the mean gradient: `step(parameters, grads, memory, rates)`."""

    def calls(parameters: Parameters, backprop: Backprop, memory: Memory, rates: Rates) -> Calls:
        grads, fill_grads = backprop.mean_gradient()
        return [*fill_grads, partial(step, parameters, grads, memory, rates)]

    return calls


def nesterov_step(parameters: Parameters, grads: Parameters, memory: Memory, rates: Rates) -> None:
    """v' = mu v - eta grad, w' = w + mu v' - eta grad, with the gradient of the whole objective."""
    velocity = memory.arrays["velocity"]
    add_penalty(grads, 1, parameters, rates.l2, rates.l1)
    grads.flat *= rates.learning_rate
    velocity *= rates.momentum
    velocity -= grads.flat
    parameters.flat += rates.momentum * velocity
    parameters.flat -= grads.flat


def rmsprop(parameters: Parameters, grads: Parameters, memory: Memory, rates: Rates) -> None:
    """w -> w - eta grad / (sqrt(mean square of grad) + epsilon) (Hinton's lecture 6)."""
    square = memory.arrays["square"]
    add_penalty(grads, 1, parameters, rates.l2, rates.l1)
    take_in(square, np.square(grads.flat), memory.arrays["square_shares"])
    parameters.flat -= rates.learning_rate * grads.flat / (np.sqrt(square) + EPSILON)


def adam(parameters: Parameters, grads: Parameters, memory: Memory, rates: Rates) -> None:
    """Adam with L2 as a part of the gradient (Kingma & Ba 2015, algorithm 1)."""
    add_penalty(grads, 1, parameters, rates.l2, rates.l1)
    _adam_step(parameters, grads, memory, rates)


def adamw(parameters: Parameters, grads: Parameters, memory: Memory, rates: Rates) -> None:
    """Adam with weight decay beside the gradient (Loshchilov & Hutter 2019)."""
    if rates.l2 is not None:
        parameters.penalised *= 1 - rates.learning_rate * rates.l2
    add_penalty(grads, 1, parameters, None, rates.l1)
    _adam_step(parameters, grads, memory, rates)


def _adam_step(parameters: Parameters, grads: Parameters, memory: Memory, rates: Rates) -> None:
    mean, square, powers = (memory.arrays[name] for name in ("mean", "square", "powers"))
    take_in(mean, grads.flat, memory.arrays["mean_shares"])
    take_in(square, np.square(grads.flat), memory.arrays["square_shares"])
    powers *= memory.arrays["betas"]
    correction = (1 - powers).astype(mean.dtype)
    parameters.flat -= (
        (rates.learning_rate / correction[:, :1]) * mean / (np.sqrt(square / correction[:, 1:]) + EPSILON)
    )


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(velocity_arrays, sgd),
    "nesterov": Optimizer(velocity_arrays, nesterov),
    "rmsprop": Optimizer(square_arrays, from_mean_gradient(rmsprop)),
    "adam": Optimizer(moment_arrays, from_mean_gradient(adam)),
    "adamw": Optimizer(moment_arrays, from_mean_gradient(adamw)),
    "newton_cg": Optimizer(damping_arrays, newton_cg),
}

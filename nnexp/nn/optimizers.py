"""Optimizers: how a step follows from the gradient. All runs of a stack step at once.

`start(flat, column)` makes the arrays of its memory, with a leading run axis, so that a run can be cut out;
`column(name)` are the runs' values (K, 1) of a hyperparameter.
`calls(parameters, backprop, memory, rates)`: what is to be called when `backprop` has taken in a mini-batch.
It changes parameters and memory in place. Where a step is linear in the gradient, the gradient is added to
the weights or to their velocity at once; the others step from the mean gradient.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.arrays import Array
from nnexp.nn.curvatures import CURVATURES, OUTPUT_CHANGES
from nnexp.nn.hessian import hessian_at
from nnexp.nn.network import Backprop, Calls, Parameters, run_all
from nnexp.nn.newton_cg import Choices, Objective, newton_step

EPSILON = 1e-8

Column = Callable[[str], Array]


class Rates(NamedTuple):
    """One epoch's factors, for mini-batches of B examples. Arrays (K, 1), and lists of a number for each run.

    `l2` = lambda_l2/n and `l1` = lambda_l1/n, None where they are zero for every run;
    `step` = -learning_rate/B, `decay` = 1 - learning_rate lambda_l2/n, `keep` = momentum.
    """

    learning_rate: Array
    momentum: Array
    l2: Array | None
    l1: Array | None
    step: list[float]
    decay: list[float]
    keep: list[float]

    @classmethod
    def of(cls, values: Array, B: int, dtype: DTypeLike) -> "Rates":
        """From learning_rate, momentum, lambda_l2/n and lambda_l1/n of each run, float64 (K, 4)."""
        learning_rate, momentum, l2, l1 = values.T
        columns = values.astype(dtype)[:, :, np.newaxis]
        return cls(
            learning_rate=columns[:, 0],
            momentum=columns[:, 1],
            l2=columns[:, 2] if l2.any() else None,
            l1=columns[:, 3] if l1.any() else None,
            step=(-learning_rate / B).tolist(),
            decay=(1 - learning_rate * l2).tolist(),
            keep=momentum.tolist(),
        )


class Memory:
    """What an optimizer remembers: arrays with a leading run axis. `velocity`: one of them, as parameters.

    `common`: what the runs have in common.
    """

    def __init__(self, sizes: Sequence[int], arrays: dict[str, Array], common: Choices) -> None:
        self.sizes, self.arrays, self.common = sizes, arrays, common
        self.velocity = Parameters(sizes, arrays["velocity"]) if "velocity" in arrays else None

    def of_runs(self, rows: Sequence[int]) -> "Memory":
        """A copy of some runs' memory."""
        return Memory(self.sizes, {name: array[rows] for name, array in self.arrays.items()}, self.common)


Calculation = Callable[[Parameters, Backprop, Memory, Rates], Calls]


class Optimizer(NamedTuple):
    """See the module's description."""

    start: Callable[[Array, Column], dict[str, Array]]
    calls: Calculation


def velocity_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """v = 0, or nothing where no run has momentum."""
    return {"velocity": np.zeros_like(flat)} if column("momentum").any() else {}


def square_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """Mean squared gradient = 0."""
    return {"square": np.zeros_like(flat), "square_shares": shares_of(column("rmsprop_rho"), flat.dtype)}


def moment_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """Both moments 0; beta1^t and beta2^t = 1."""
    beta1, beta2 = column("adam_beta1"), column("adam_beta2")
    return {
        "mean": np.zeros_like(flat),
        "mean_shares": shares_of(beta1, flat.dtype),
        "square": np.zeros_like(flat),
        "square_shares": shares_of(beta2, flat.dtype),
        "betas": np.hstack([beta1, beta2]),
        "powers": np.ones((len(flat), 2)),
    }


def shares_of(kept: Array, dtype: DTypeLike) -> Array:
    """What is kept of a running mean at each step, and what is new, (K, 2)."""
    return np.hstack([kept, 1 - kept]).astype(dtype)


def take_in(mean: Array, values: Array, shares: Array) -> None:
    """The running mean, with new values (K, P)."""
    mean *= shares[:, :1]
    mean += shares[:, 1:] * values


def damping_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """The damping, in float64."""
    return {"damping": column("damping")}


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


def newton_cg(parameters: Parameters, backprop: Backprop, memory: Memory, rates: Rates) -> Calls:
    """w -> w - eta (H + damping)^-1 grad, nearly, over the mini-batch (book, eq. 105): see that module."""
    return [partial(newton_cg_step, backprop, memory, rates)]


def newton_cg_step(backprop: Backprop, memory: Memory, rates: Rates) -> None:
    """Where `backprop` has passed: the Hessian stays there, the parameters go on."""
    h, l2 = memory.common, np.zeros_like(rates.momentum) if rates.l2 is None else rates.l2
    hessian = hessian_at(backprop, CURVATURES[h.activation], OUTPUT_CHANGES[h.output, h.cost])
    objective, damping = Objective(backprop, l2, hessian), memory.arrays["damping"]
    damping[:] = newton_step(objective, damping, rates.learning_rate, h.cg_steps)


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(velocity_arrays, sgd),
    "nesterov": Optimizer(velocity_arrays, nesterov),
    "rmsprop": Optimizer(square_arrays, from_mean_gradient(rmsprop)),
    "adam": Optimizer(moment_arrays, from_mean_gradient(adam)),
    "adamw": Optimizer(moment_arrays, from_mean_gradient(adamw)),
    "newton_cg": Optimizer(damping_arrays, newton_cg),
}

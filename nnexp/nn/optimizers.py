"""Optimizers: how a step follows from the gradient. All runs of a stack step at once.

`start(flat, column)` makes the arrays of its state, with a leading run axis, so that a run can be cut out;
`column(name)` are the runs' values (K, 1) of a hyperparameter.
`step(parameters, backprop, state, rates)` changes parameters and state in place, when `backprop` has taken
in a mini-batch: an optimizer that is linear in the gradient lets it add the gradient to the weights or to
their velocity at once; the others take `backprop.mean_gradient()`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.arrays import Array
from nnexp.nn.curvatures import CURVATURES, OUTPUT_CHANGES
from nnexp.nn.hessian import hessian_at
from nnexp.nn.network import Backprop, Parameters
from nnexp.nn.newton_cg import Choices, Objective, newton_step

EPSILON = 1e-8

Column = Callable[[str], Array]


class Rates(NamedTuple):
    """One epoch's factors, for mini-batches of one size B. Arrays (K, 1), and lists of a number for each run.

    `step` = -learning_rate/B and `decay` = 1 - learning_rate lambda_l2/n;
    `l2` = lambda_l2/n and `l1` = lambda_l1/n, None where they are zero for every run.
    """

    learning_rate: Array
    momentum: Array
    l2: Array | None
    l1: Array | None
    step: list[float]
    decay: list[float]
    keep: list[float]  # momentum, once more
    ones: list[float]

    @classmethod
    def of(
        cls, B: int, learning_rate: Array, momentum: Array, l2: Array, l1: Array, dtype: DTypeLike
    ) -> "Rates":
        """From float64 (K, 1); `l2`, `l1` are divided by n already."""
        return cls(
            learning_rate=learning_rate.astype(dtype),
            momentum=momentum.astype(dtype),
            l2=l2.astype(dtype) if l2.any() else None,
            l1=l1.astype(dtype) if l1.any() else None,
            step=(-learning_rate[:, 0] / B).tolist(),
            decay=(1 - learning_rate * l2)[:, 0].tolist(),
            keep=momentum[:, 0].tolist(),
            ones=[1.0] * len(learning_rate),
        )


class State:
    """What an optimizer remembers: arrays with a leading run axis. `velocity`: one of them, as parameters.

    `common`: what the runs have in common.
    """

    def __init__(self, sizes: Sequence[int], arrays: dict[str, Array], common: Choices) -> None:
        self.sizes, self.arrays, self.common = sizes, arrays, common
        self.velocity = Parameters(sizes, arrays["velocity"]) if "velocity" in arrays else None

    def of_runs(self, rows: Sequence[int]) -> "State":
        """A copy of some runs' state."""
        return State(self.sizes, {name: array[rows] for name, array in self.arrays.items()}, self.common)


class Optimizer(NamedTuple):
    """See the module's description."""

    start: Callable[[Array, Column], dict[str, Array]]
    step: Callable[[Parameters, Backprop, State, Rates], None]


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


def l1_gradient(parameters: Parameters, rates: Rates) -> Array | None:
    """(lambda_l1/n) sgn(w) with sgn(0) = 0 (book, eq. 96)."""
    return None if rates.l1 is None else rates.l1 * np.sign(parameters.penalised)


def penalty_gradient(parameters: Parameters, rates: Rates) -> Array | float:
    """(lambda_l2/n) w (book, eq. 88) + (lambda_l1/n) sgn(w)."""
    l2 = 0.0 if rates.l2 is None else rates.l2 * parameters.penalised
    l1 = l1_gradient(parameters, rates)
    return l2 if l1 is None else l2 + l1


def sgd(parameters: Parameters, backprop: Backprop, state: State, rates: Rates) -> None:
    """w -> (1 - eta lambda/n) w - eta grad C (book, eq. 93).

    With momentum v -> mu v - eta grad, w -> w + v (eqs. 107-108), with the gradient of the whole objective.
    """
    if state.velocity is None:
        l1 = l1_gradient(parameters, rates)
        backprop.add_to(parameters, rates.step, rates.decay, rates.ones)
        if l1 is not None:
            parameters.penalised -= rates.learning_rate * l1
        return
    velocity = state.velocity
    backprop.add_to(velocity, rates.step, rates.keep)
    velocity.penalised -= rates.learning_rate * penalty_gradient(parameters, rates)
    parameters.flat += velocity.flat


def nesterov(parameters: Parameters, backprop: Backprop, state: State, rates: Rates) -> None:
    """v' = mu v - eta grad, w' = w + mu v' - eta grad, which looks ahead (Sutskever et al. 2013).

    `grad` is that of the whole objective.
    """
    if state.velocity is None:
        sgd(parameters, backprop, state, rates)
        return
    velocity, grads = state.velocity.flat, backprop.mean_gradient()
    grads.penalised += penalty_gradient(parameters, rates)
    grads.flat *= rates.learning_rate
    velocity *= rates.momentum
    velocity -= grads.flat
    parameters.flat += rates.momentum * velocity
    parameters.flat -= grads.flat


def rmsprop(parameters: Parameters, backprop: Backprop, state: State, rates: Rates) -> None:
    """w -> w - eta grad / (sqrt(mean square of grad) + epsilon) (Hinton's lecture 6)."""
    grads, square = backprop.mean_gradient(), state.arrays["square"]
    grads.penalised += penalty_gradient(parameters, rates)
    take_in(square, np.square(grads.flat), state.arrays["square_shares"])
    parameters.flat -= rates.learning_rate * grads.flat / (np.sqrt(square) + EPSILON)


def adam(parameters: Parameters, backprop: Backprop, state: State, rates: Rates) -> None:
    """Adam with L2 as a part of the gradient (Kingma & Ba 2015, algorithm 1)."""
    grads = backprop.mean_gradient()
    grads.penalised += penalty_gradient(parameters, rates)
    _adam_step(parameters, grads, state, rates)


def adamw(parameters: Parameters, backprop: Backprop, state: State, rates: Rates) -> None:
    """Adam with weight decay beside the gradient (Loshchilov & Hutter 2019)."""
    grads = backprop.mean_gradient()
    if rates.l2 is not None:
        parameters.penalised *= 1 - rates.learning_rate * rates.l2
    grads.penalised += penalty_gradient(parameters, rates._replace(l2=None))
    _adam_step(parameters, grads, state, rates)


def _adam_step(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    mean, square, powers = (state.arrays[name] for name in ("mean", "square", "powers"))
    take_in(mean, grads.flat, state.arrays["mean_shares"])
    take_in(square, np.square(grads.flat), state.arrays["square_shares"])
    powers *= state.arrays["betas"]
    correction = (1 - powers).astype(mean.dtype)
    parameters.flat -= (
        (rates.learning_rate / correction[:, :1]) * mean / (np.sqrt(square / correction[:, 1:]) + EPSILON)
    )


def newton_cg(parameters: Parameters, backprop: Backprop, state: State, rates: Rates) -> None:
    """w -> w - eta (H + damping)^-1 grad, nearly, over the mini-batch (book, eq. 105): see that module."""
    h, l2 = state.common, np.zeros_like(rates.momentum) if rates.l2 is None else rates.l2
    hessian = hessian_at(backprop, CURVATURES[h.activation], OUTPUT_CHANGES[h.output, h.cost])
    objective, damping = Objective(backprop, l2, hessian), state.arrays["damping"]
    damping[:] = newton_step(objective, damping, rates.learning_rate, h.cg_steps)


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(velocity_arrays, sgd),
    "nesterov": Optimizer(velocity_arrays, nesterov),
    "rmsprop": Optimizer(square_arrays, rmsprop),
    "adam": Optimizer(moment_arrays, adam),
    "adamw": Optimizer(moment_arrays, adamw),
    "newton_cg": Optimizer(damping_arrays, newton_cg),
}

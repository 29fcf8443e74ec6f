"""Optimizers: how a step follows from a gradient. All runs of a stack step at once.

`start(flat, momentum)` makes the state: arrays with a leading run axis, so that a run can be cut out.
`step(parameters, grads, state, rates)` changes parameters and state in place. `grads` hold the gradient of
the data cost; for optimizers that are linear in it (`scaled`), times the learning rate eta already.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.arrays import Array
from nnexp.nn.network import Parameters

State = dict[str, Array]

RHO = 0.9  # rmsprop's memory of squared gradients (Hinton's lecture 6)
BETA1, BETA2 = 0.9, 0.999  # Adam's memories (Kingma & Ba 2015)
EPSILON = 1e-8


class Rates(NamedTuple):
    """One epoch's factors, each (K, 1); None where they are zero for every run.

    `decay` = 1 - learning_rate lambda_l2/n. `l2` = lambda_l2/n and `l1` = lambda_l1/n are the factors in the
    gradients of the penalties, times the learning rate where `grads` hold it.
    """

    learning_rate: Array
    momentum: Array
    decay: Array | None
    l2: Array | None
    l1: Array | None

    @classmethod
    def of(
        cls, learning_rate: Array, scale: Array, momentum: Array, l2: Array, l1: Array, dtype: DTypeLike
    ) -> "Rates":
        """From float64 (K, 1); `l2`, `l1` are divided by n already, `scale` is what `grads` hold."""
        return cls(
            learning_rate=learning_rate.astype(dtype),
            momentum=momentum.astype(dtype),
            decay=(1 - learning_rate * l2).astype(dtype) if l2.any() else None,
            l2=(scale * l2).astype(dtype) if l2.any() else None,
            l1=(scale * l1).astype(dtype) if l1.any() else None,
        )


class Optimizer(NamedTuple):
    """See the module's description.

    `scaled`: whether `grads` hold the learning rate. `momentum`: whether it takes that hyperparameter.
    """

    start: Callable[[Array, Array], State]
    step: Callable[[Parameters, Parameters, State, Rates], None]
    scaled: bool
    momentum: bool


def velocity_state(flat: Array, momentum: Array) -> State:
    """v = 0, or nothing where no run has momentum."""
    return {"velocity": np.zeros_like(flat)} if momentum.any() else {}


def square_state(flat: Array, momentum: Array) -> State:
    """Mean squared gradient = 0."""
    return {"square": np.zeros_like(flat)}


def moment_state(flat: Array, momentum: Array) -> State:
    """Both moments 0; beta1^t and beta2^t = 1."""
    return {
        "mean": np.zeros_like(flat),
        "square": np.zeros_like(flat),
        "powers": np.ones((len(flat), 2)),
    }


def shrink(parameters: Parameters, rates: Rates) -> None:
    """Weight decay: w -> (1 - eta lambda/n) w (book, eq. 93); biases are left alone."""
    if rates.decay is not None:
        np.multiply(parameters.penalised, rates.decay, parameters.penalised)


def add_l2(parameters: Parameters, grads: Parameters, rates: Rates) -> None:
    """Add the L2 term's gradient, (lambda/n) w (book, eq. 88)."""
    if rates.l2 is not None:
        grads.penalised += rates.l2 * parameters.penalised


def add_l1(parameters: Parameters, grads: Parameters, rates: Rates) -> None:
    """Add the L1 term's gradient, (lambda/n) sgn(w) with sgn(0) = 0 (book, eq. 96)."""
    if rates.l1 is not None:
        grads.penalised += rates.l1 * np.sign(parameters.penalised)


def sgd(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """v -> mu v - eta grad, w -> w + v (book, eqs. 107-108), with the gradient of the whole objective:

        v' = mu v - eta grad C - (eta lambda/n) w
        w' = w + v' = (1 - eta lambda/n) w + (mu v - eta grad C)

    w' is computed in its second form. With mu = 0 it is plain SGD (eq. 93), and has its bits.
    """
    if not state:
        shrink(parameters, rates)
        np.subtract(parameters.flat, grads.flat, parameters.flat)
        return
    velocity = state["velocity"]
    velocity *= rates.momentum
    velocity -= grads.flat
    l2_step = None if rates.l2 is None else rates.l2 * parameters.penalised
    shrink(parameters, rates)
    parameters.flat += velocity
    if l2_step is not None:
        velocity[:, : l2_step.shape[1]] -= l2_step


def nesterov(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """v' = mu v - eta grad, w' = w + mu v' - eta grad, which looks ahead (Sutskever et al. 2013).

    `grad` is that of the whole objective; as in `sgd`, its L2 term reaches w as weight decay.
    """
    velocity = state.get("velocity")
    if velocity is not None:
        velocity *= rates.momentum
        velocity -= grads.flat
        if rates.l2 is not None:
            velocity[:, : parameters.penalised.shape[1]] -= rates.l2 * parameters.penalised
    shrink(parameters, rates)
    parameters.flat -= grads.flat
    if velocity is not None:
        parameters.flat += rates.momentum * velocity


def rmsprop(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """w -> w - eta grad / (sqrt(mean square of grad) + epsilon) (Hinton's lecture 6)."""
    add_l2(parameters, grads, rates)
    square = state["square"]
    square *= RHO
    square += (1 - RHO) * np.square(grads.flat)
    parameters.flat -= rates.learning_rate * grads.flat / (np.sqrt(square) + EPSILON)


def adam(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """Adam with L2 as a part of the gradient (Kingma & Ba 2015, algorithm 1)."""
    add_l2(parameters, grads, rates)
    _adam_step(parameters, grads, state, rates)


def adamw(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """Adam with weight decay beside the gradient (Loshchilov & Hutter 2019)."""
    shrink(parameters, rates)
    _adam_step(parameters, grads, state, rates)


def _adam_step(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    mean, square, powers = state["mean"], state["square"], state["powers"]
    mean *= BETA1
    mean += (1 - BETA1) * grads.flat
    square *= BETA2
    square += (1 - BETA2) * np.square(grads.flat)
    powers *= (BETA1, BETA2)
    correction = (1 - powers).astype(mean.dtype)
    parameters.flat -= (
        (rates.learning_rate / correction[:, :1]) * mean / (np.sqrt(square / correction[:, 1:]) + EPSILON)
    )


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(velocity_state, sgd, scaled=True, momentum=True),
    "nesterov": Optimizer(velocity_state, nesterov, scaled=True, momentum=True),
    "rmsprop": Optimizer(square_state, rmsprop, scaled=False, momentum=False),
    "adam": Optimizer(moment_state, adam, scaled=False, momentum=False),
    "adamw": Optimizer(moment_state, adamw, scaled=False, momentum=False),
}

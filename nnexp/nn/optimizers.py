"""Optimizers: how a step follows from a gradient. All runs of a stack step at once.

`start(flat, momentum)` makes the state: arrays with a leading run axis, so that a run can be cut out.
`step(parameters, grads, state, rates)` changes parameters and state in place; `grads` is the gradient of
the data cost times `learning_rate` where the optimizer is linear in it (`scaled`), the bare one elsewhere.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.network import Parameters

State = dict[str, Array]

RHO = 0.9  # rmsprop's memory of squared gradients (Hinton's lecture 6)
BETA1, BETA2 = 0.9, 0.999  # Adam's memories (Kingma & Ba 2015)
EPSILON = 1e-8


class Rates(NamedTuple):
    """One epoch's factors, each (K, 1); None where they are zero for every run.

    `decay` = 1 - learning_rate lambda_l2/n. `pull` = lambda_l2/n and `pull_l1` = lambda_l1/n, times the
    learning rate where the gradient is.
    """

    learning_rate: Array
    momentum: Array
    decay: Array | None
    pull: Array | None
    pull_l1: Array | None


class Optimizer(NamedTuple):
    """See the module's description. `momentum`: whether the hyperparameter of that name has a meaning."""

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


def add_l2(parameters: Parameters, array: Array, rates: Rates, sign: float) -> None:
    """Add the L2 term's gradient to the weights' part of `array`."""
    if rates.pull is not None:
        array[:, : parameters.penalised.shape[1]] += (sign * rates.pull) * parameters.penalised


def add_l1(parameters: Parameters, grads: Parameters, pull: Array) -> None:
    """Add the L1 term's gradient, (lambda/n) sgn(w) with sgn(0) = 0 (book, eq. 96)."""
    grads.penalised += pull * np.sign(parameters.penalised)


def sgd(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """v -> mu v - eta grad, w -> w + v (book, eqs. 107-108); w -> (1 - eta lambda/n) w - eta grad (eq. 93).

    With momentum, grad is that of the whole objective: the L2 term reaches w through `shrink` and v
    afterwards, so that mu = 0 is plain SGD bit for bit.
    """
    if not state:
        shrink(parameters, rates)
        np.subtract(parameters.flat, grads.flat, parameters.flat)
        return
    velocity = state["velocity"]
    velocity *= rates.momentum
    velocity -= grads.flat
    pull = None if rates.pull is None else rates.pull * parameters.penalised
    shrink(parameters, rates)
    parameters.flat += velocity
    if pull is not None:
        velocity[:, : pull.shape[1]] -= pull


def nesterov(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """v -> mu v - eta grad, w -> w + mu v - eta grad, which looks ahead (Sutskever et al. 2013)."""
    velocity = state.get("velocity")
    if velocity is not None:
        velocity *= rates.momentum
        velocity -= grads.flat
        add_l2(parameters, velocity, rates, -1.0)
    shrink(parameters, rates)
    parameters.flat -= grads.flat
    if velocity is not None:
        parameters.flat += rates.momentum * velocity


def rmsprop(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """w -> w - eta grad / (sqrt(mean square of grad) + epsilon) (Hinton's lecture 6)."""
    add_l2(parameters, grads.flat, rates, 1.0)
    square = state["square"]
    square *= RHO
    square += (1 - RHO) * np.square(grads.flat)
    parameters.flat -= rates.learning_rate * grads.flat / (np.sqrt(square) + EPSILON)


def adam(parameters: Parameters, grads: Parameters, state: State, rates: Rates) -> None:
    """Adam with L2 as a part of the gradient (Kingma & Ba 2015, algorithm 1)."""
    add_l2(parameters, grads.flat, rates, 1.0)
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

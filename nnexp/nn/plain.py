"""Backpropagation as the book writes it: one example, one layer, one equation at a time. Read this first.

A network is a list of layers (W, b), outputs last: W (fan_out, fan_in) holds w_jk, the weight from unit k of
the layer below to unit j, and b (fan_out,) the biases. x, y, z, a and delta are vectors.

The rest of this package computes the same for K networks and a whole mini-batch at once, in place, and some
twelve times as fast; a test holds the two equal.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.hyperparameters import Hyperparameters

Layers = list[tuple[Array, Array]]  # (W, b)
Pairs = list[tuple[Array, Array]]  # (x, y), y one-hot


def sigma(z: Array) -> Array:
    """The sigmoid (eq. 3)."""
    return 1 / (1 + np.exp(-z))


def sigma_prime(z: Array) -> Array:
    """Its slope."""
    return sigma(z) * (1 - sigma(z))


class Units(NamedTuple):
    """f and f' of hidden units, f of output units, and dC/dz^L as a function of a^L and y.

    By default sigmoids with the cross-entropy cost, for which dC/dz^L = a^L - y (eq. 68).
    """

    f: Callable[[Array], Array] = sigma
    f_prime: Callable[[Array], Array] = sigma_prime
    output: Callable[[Array], Array] = sigma
    output_error: Callable[[Array, Array], Array] = np.subtract


def feedforward(network: Layers, x: Array, units: Units) -> tuple[list[Array], list[Array]]:
    """[z^1, ..., z^L] and [x, a^1, ..., a^L]."""
    zs: list[Array] = []
    activations = [x]
    for W, b in network:
        zs.append(W @ activations[-1] + b)  # eq. 25
        f = units.output if len(zs) == len(network) else units.f
        activations.append(f(zs[-1]))
    return zs, activations


def backprop(network: Layers, x: Array, y: Array, units: Units) -> Layers:
    """(dC/dW, dC/db) of each layer, for one example."""
    zs, activations = feedforward(network, x, units)
    gradient: Layers = []
    for layer in reversed(range(len(network))):
        if layer == len(network) - 1:
            delta = units.output_error(activations[-1], y)  # BP1
        else:
            W_above, _ = network[layer + 1]
            delta = (W_above.T @ delta) * units.f_prime(zs[layer])  # BP2
        dC_db = delta  # BP3
        dC_dW = np.outer(delta, activations[layer])  # BP4: from what the layer takes, x or the a below
        gradient.insert(0, (dC_dW, dC_db))
    return gradient


def update(
    network: Layers, velocity: Layers, batch: Pairs, n: int, h: Hyperparameters, units: Units
) -> tuple[Layers, Layers]:
    """One mini-batch: v -> mu v - eta grad, w -> w + v (eqs. 107-108).

    n: the size of the training set, by which lambda is divided (eqs. 93, 97); biases have no penalty.
    """
    gradients = [backprop(network, x, y, units) for x, y in batch]
    new_network: Layers = []
    new_velocity: Layers = []
    for layer, ((W, b), (v_W, v_b)) in enumerate(zip(network, velocity, strict=True)):
        grad_W = np.mean([gradient[layer][0] for gradient in gradients], axis=0)
        grad_b = np.mean([gradient[layer][1] for gradient in gradients], axis=0)
        penalty = h.lambda_l2 / n * W + h.lambda_l1 / n * np.sign(W)
        v_W = h.momentum * v_W - h.learning_rate * (grad_W + penalty)
        v_b = h.momentum * v_b - h.learning_rate * grad_b
        new_network.append((W + v_W, b + v_b))
        new_velocity.append((v_W, v_b))
    return new_network, new_velocity


def train(
    network: Layers, examples: Pairs, orders: Iterable[list[int]], h: Hyperparameters, units: Units
) -> Iterator[Layers]:
    """The network after each epoch; an order names the examples of one by their indices."""
    velocity = [(0 * W, 0 * b) for W, b in network]
    for order in orders:
        for start in range(0, len(order), h.batch_size):
            batch = [examples[i] for i in order[start : start + h.batch_size]]
            network, velocity = update(network, velocity, batch, len(order), h, units)
        yield network

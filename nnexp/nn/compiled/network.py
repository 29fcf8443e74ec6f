"""Backpropagation through K networks (book, ch. 2), as `plain.py` has it, over one mini-batch.

A stack is a list of layers (W, b), outputs last: W (K, fan_out, fan_in), b (K, 1, fan_out). A mini-batch is
x (K, B, d), or (B, d) where all runs see the same, and y in the same way. One run may be without K in all of
them, which is faster on a processor.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nnexp.nn.compiled.units import Array, Units

Layers = list[tuple[Array, Array]]
Masks = Sequence[Array | None]  # (K, B, fan_out) of each hidden layer: what dropout multiplies its units by


class MiniBatch(NamedTuple):
    """What a step learns from, with the masks drawn for it."""

    x: Array
    y: Array
    units: Units
    masks: Masks

    def gradient(self, layers: Layers) -> Layers:
        """That of the mean cost."""
        return backprop(layers, self.x, self.y, self.units, self.masks)

    def cost(self, layers: Layers) -> Array:
        """The mean cost of each run, (K, 1, 1)."""
        taken, _, _ = feedforward(layers, self.x, self.units, self.masks)
        W, b = layers[-1]
        return self.units.output.cost(weighted(W, taken[-1]) + b, self.y).mean(axis=-1)[..., None, None]


def product(A: Array, B: Array) -> Array:
    """The product of two matrices for each run, where one without K is every run's."""
    return jnp.matmul(A, B, precision=jax.lax.Precision.HIGHEST)  # on accelerators not shortened


def weighted(W: Array, a: Array) -> Array:
    """W a for each run and example, (K, B, fan_out)."""
    return product(a, W.mT)


def feedforward(
    layers: Layers, x: Array, units: Units, masks: Masks
) -> tuple[list[Array], list[Array], Array]:
    """What each layer takes, [x, a^1, ...]; the slopes f'(z^l) of the hidden layers; and the outputs a^L.

    With dropout, a layer takes a * mask from the one below, whose slope is masked as well.
    """
    taken, slopes = [x], []
    for (W, b), mask in zip(layers[:-1], masks, strict=True):
        z = weighted(W, taken[-1]) + b  # eq. 25
        a = units.hidden.function(z)
        slope = units.hidden.slope(z if units.hidden.keeps_z else a)
        taken.append(a if mask is None else a * mask)
        slopes.append(slope if mask is None else slope * mask)
    W, b = layers[-1]
    return taken, slopes, units.output.function(weighted(W, taken[-1]) + b)


def backprop(layers: Layers, x: Array, y: Array, units: Units, masks: Masks) -> Layers:
    """(dC/dW, dC/db) of each layer, C the mean cost of the mini-batch."""
    taken, slopes, output = feedforward(layers, x, units, masks)
    delta = units.output.error(output, y) * (1 / x.shape[-2])  # BP1
    gradient: Layers = []
    for layer in reversed(range(len(layers))):
        if layer < len(layers) - 1:
            W_above, _ = layers[layer + 1]
            delta = product(delta, W_above) * slopes[layer]  # BP2
        a = taken[layer]
        dC_db = delta.sum(axis=-2, keepdims=True)  # BP3
        dC_dW = product(delta.mT, a)  # BP4
        gradient.insert(0, (dC_dW, dC_db))
    return gradient

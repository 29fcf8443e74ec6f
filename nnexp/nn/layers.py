"""Layers: room for the activations of K networks and B examples, and the forward pass.

A pass is a list of calls that is made once: whatever stands in the inputs, the calls fill the layers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from nnexp.nn.activations import Function
from nnexp.nn.arrays import Array, aligned, round_up
from nnexp.nn.blas import IN_PLACE, PLAIN, TRANSPOSED, Gemm, forward_portions, transposes
from nnexp.nn.network import Network, Parameters

VECTOR = 16  # numbers that BLAS takes at once, or a multiple of that

Call = Callable[[], Any]
Calls = list[Call]  # what is to be done, in this order: `partial`s, because to make a call costs more than it


def run_all(calls: Calls) -> None:
    """Make the calls."""
    for call in calls:
        call()


@dataclass(kw_only=True)
class Layer:
    """What the forward pass needs of a layer. Its buffers are (K, B, fan_out), for B examples at once.

    `a` is the array `z` itself, written over it, except where the slope of the activation is written in z.
    With dropout, `mask` is drawn before each pass, and the layer above takes `masked_a` = a * mask.
    `W`, `z_columns`, and `output_columns`, which go to the layer above: a matrix for each run. If `op` is
    PLAIN, `W` is W^l as BLAS reads it, (fan_out, fan_in); if it is TRANSPOSED, it is W^lT, (fan_in, fan_out).
    """

    W: Sequence[Array]
    op: int
    b: Array
    function: Function
    z: Array
    a: Array
    mask: Array | None = None
    masked_a: Array | None = None
    z_columns: Sequence[Array] = field(init=False)
    output_columns: Sequence[Array] = field(init=False)

    def __post_init__(self) -> None:
        self.z_columns = transposes(self.z)
        self.output_columns = transposes(self.a if self.masked_a is None else self.masked_a)


def forward(gemm: Gemm, layers: Sequence[Layer], X_columns: Sequence[Array]) -> Calls:
    """The calls that take each run's inputs (d, B) through all layers, to the outputs a^L (K, B, C)."""
    calls: Calls = []
    below = X_columns
    for layer in layers:
        calls.append(partial(np.copyto, layer.z, layer.b))
        portions = forward_portions(layer.op, len(below[0]), *layer.z_columns[0].shape)
        for W, a, z in zip(layer.W, below, layer.z_columns, strict=True):
            for some in portions:  # z^l = W^l a^(l-1) + b^l
                calls.append(partial(gemm, 1, W, a[:, some], 1, z[:, some], layer.op, PLAIN, IN_PLACE))
        calls.append(partial(layer.function, layer.z, layer.a))  # a^l = f(z^l)
        if layer.mask is not None:
            calls.append(partial(np.multiply, layer.a, layer.mask, layer.masked_a))
        below = layer.output_columns
    return calls


def forward_layers(
    weights: Sequence[Array], biases: Sequence[Array], hidden: Function, output: Function, B: int
) -> list[Layer]:
    """Layers for a forward pass alone: `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`.

    They hold copies that pass faster: (fan_in, fan_out), and hidden layers with whole vectors of units, where
    this adds little. A unit that is added passes nothing on.
    """
    layers, fan_in, dtype = list[Layer](), weights[0].shape[2], weights[0].dtype
    for W, b in zip(weights, biases, strict=True):
        K, units, units_below = W.shape
        fan_out = units if W is weights[-1] else whole_vectors(units)
        wide_W, wide_b = aligned((K, fan_in, fan_out), dtype), aligned((K, 1, fan_out), dtype)
        wide_W[:, :units_below, :units], wide_b[:, :, :units] = W.swapaxes(1, 2), b
        z = aligned((K, B, fan_out), dtype)
        layers.append(Layer(W=transposes(wide_W), op=PLAIN, b=wide_b, function=hidden, z=z, a=z))
        fan_in = fan_out
    layers[-1].function = output
    return layers


def whole_vectors(units: int) -> int:
    """Units in whole vectors of BLAS, if they are at most a tenth more: 32 pass a third faster than 30."""
    whole = round_up(units, VECTOR)
    return whole if whole <= 1.1 * units else units


@dataclass(kw_only=True)
class TrainedLayer(Layer):
    """A layer with room for its slope f'(z) and its error delta = dC/dz, (K, B, fan_out)."""

    slope: Array
    delta: Array
    delta_columns: Sequence[Array] = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.delta_columns = transposes(self.delta)


def trained_layers(
    network: Network, parameters: Parameters, B: int, *, dropout: bool = False
) -> list[TrainedLayer]:
    """Layers to be trained with B examples at once; with `dropout`, hidden layers have masks."""
    layers = []
    for W_T, b in zip(parameters.W_T, parameters.biases, strict=True):
        buffer = partial(aligned, (len(b), B, b.shape[2]), b.dtype)
        z, hidden = buffer(), b is not parameters.biases[-1]
        layers.append(
            TrainedLayer(
                W=W_T, op=TRANSPOSED, b=b,
                function=(network.activation if hidden else network.output).function,
                z=z, a=buffer() if network.activation.keeps_z and hidden else z,
                slope=buffer(), delta=buffer(),
                mask=buffer() if dropout and hidden else None,
                masked_a=buffer() if dropout and hidden else None,
            )
        )  # fmt: skip
    return layers

"""Layers: room for the activations of K networks and B examples, and the forward pass.

A pass is a list of calls that is made once: whatever stands in the inputs, the calls fill the layers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from nnexp.nn.activations import Function
from nnexp.nn.arrays import Array, aligned
from nnexp.nn.blas import IN_PLACE, PLAIN, TRANSPOSED, Gemm, transposes
from nnexp.nn.network import Network, Parameters

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
    `W_T`, `z_columns`, and `output_columns`, which go to the layer above: a matrix for each run.
    """

    W_T: Sequence[Array]
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
        for W_T, a, z in zip(layer.W_T, below, layer.z_columns, strict=True):
            # z^l = W^l a^(l-1) + b^l
            calls.append(partial(gemm, 1, W_T, a, 1, z, TRANSPOSED, PLAIN, IN_PLACE))
        calls.append(partial(layer.function, layer.z, layer.a))  # a^l = f(z^l)
        if layer.mask is not None:
            calls.append(partial(np.multiply, layer.a, layer.mask, layer.masked_a))
        below = layer.output_columns
    return calls


def forward_layers(
    weights: Sequence[Array], biases: Sequence[Array], hidden: Function, output: Function, B: int
) -> list[Layer]:
    """Layers for a forward pass alone: `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`."""
    layers = []
    for W, b in zip(weights, biases, strict=True):
        z = aligned((len(W), B, W.shape[1]), W.dtype)
        layers.append(Layer(W_T=transposes(W), b=b, function=hidden, z=z, a=z))
    layers[-1].function = output
    return layers


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
                W_T=W_T, b=b, function=(network.activation if hidden else network.output).function,
                z=z, a=buffer() if network.activation.keeps_z and hidden else z,
                slope=buffer(), delta=buffer(),
                mask=buffer() if dropout and hidden else None,
                masked_a=buffer() if dropout and hidden else None,
            )
        )  # fmt: skip
    return layers

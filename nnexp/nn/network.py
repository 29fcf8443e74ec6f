"""The network: parameters of K runs in one array, the forward pass, and backpropagation (book, ch. 2).

`plain.py` says the same for one run and one example, without buffers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.activations import Activation, Function
from nnexp.nn.arrays import Array, aligned, round_up
from nnexp.nn.costs import Output


class Network(NamedTuple):
    """What the networks of a stack have in common. `sizes`: units per layer, inputs first."""

    sizes: tuple[int, ...]
    activation: Activation
    output: Output


class Parameters:
    """Weights and biases of K networks: views of one array `flat (K, P)`, all weights first.

    `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`;
    `penalised (K, P_w)`: all weights, the part that L2 and L1 act on.
    """

    def __init__(self, sizes: Sequence[int], flat: Array) -> None:
        K, end = len(flat), 0
        self.sizes, self.flat = tuple(sizes), flat
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for fan_in, fan_out in pairwise(sizes):
            start, end = end, end + fan_out * fan_in
            self.weights.append(flat[:, start:end].reshape(K, fan_out, fan_in))
        self.penalised = flat[:, :end]
        for fan_out in sizes[1:]:
            start, end = end, end + fan_out
            self.biases.append(flat[:, start:end].reshape(K, 1, fan_out))

    @classmethod
    def zeros(cls, sizes: Sequence[int], K: int, dtype: DTypeLike) -> "Parameters":
        """All zero. P is rounded up to whole cache lines; the few numbers at the end stay zero."""
        P = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))
        return cls(sizes, aligned((K, round_up(P, 16)), dtype))

    def of_runs(self, rows: Sequence[int]) -> "Parameters":
        """A copy of some runs' parameters."""
        copy = Parameters.zeros(self.sizes, len(rows), self.flat.dtype)
        copy.flat[:] = self.flat[rows]
        return copy


@dataclass(slots=True, kw_only=True)
class Layer:
    """What the forward pass needs of a layer. Its buffers are (K, B, fan_out), for B examples at once.

    `a` is the array `z` itself, written over it, except where the slope of the activation is written in z.
    With dropout, `mask` is drawn before each pass, and the layer above takes `masked_a` = a * mask.
    """

    W_T: Array
    b: Array
    function: Function
    z: Array
    a: Array
    mask: Array | None = None
    masked_a: Array | None = None


def forward(layers: Sequence[Layer], X: Array) -> list[Array]:
    """[X, a^1, ..., a^L]: what each layer takes, then the outputs (K, B, C); for `X (K or 1, B, d)`."""
    activations = [X]
    for layer in layers:
        np.matmul(activations[-1], layer.W_T, layer.z)
        np.add(layer.z, layer.b, layer.z)  # z^l = W^l a^(l-1) + b^l
        a = layer.function(layer.z, layer.a)  # a^l = f(z^l)
        activations.append(a if layer.mask is None else np.multiply(a, layer.mask, layer.masked_a))
    return activations


def forward_layers(
    weights: Sequence[Array], biases: Sequence[Array], hidden: Function, output: Function, B: int
) -> list[Layer]:
    """Layers for a forward pass alone: `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`."""
    layers = []
    for W, b in zip(weights, biases, strict=True):
        z = aligned((len(W), B, W.shape[1]), W.dtype)
        layers.append(Layer(W_T=W.swapaxes(1, 2), b=b, function=hidden, z=z, a=z))
    layers[-1].function = output
    return layers


@dataclass(slots=True, kw_only=True)
class TrainedLayer(Layer):
    """A layer with room for its slope f'(z), its error delta = dC/dz, and its gradients."""

    W: Array
    W_grad: Array
    b_grad: Array
    slope: Array
    delta: Array
    transposed_delta: Array


class Backprop:
    """Gradients of K networks over mini-batches of one size, in buffers made once.

    With `dropout`, `masks` holds a mask for each hidden layer (0: dropped), to be drawn before each call.
    """

    def __init__(
        self, network: Network, parameters: Parameters, grads: Parameters, B: int, *, dropout: bool = False
    ) -> None:
        K, dtype = len(parameters.flat), parameters.flat.dtype
        self.network, self.ones, self.layers = network, np.ones((1, B), dtype), list[TrainedLayer]()
        # A column times a row: NumPy's matmul takes four times as long as broadcasting, to the same bits.
        self.outer = np.multiply if B == 1 else np.matmul
        function, keeps_z = network.activation.function, network.activation.keeps_z
        values = parameters.weights, parameters.biases, grads.weights, grads.biases
        for W, b, W_grad, b_grad in zip(*values, strict=True):
            buffer = partial(aligned, (K, B, W.shape[1]), dtype)
            z, delta = buffer(), buffer()
            self.layers.append(
                TrainedLayer(
                    W=W, W_T=W.swapaxes(1, 2), b=b, W_grad=W_grad, b_grad=b_grad,
                    function=function, z=z, a=buffer() if keeps_z else z, slope=buffer(),
                    delta=delta, transposed_delta=delta.swapaxes(1, 2),
                    mask=buffer() if dropout else None, masked_a=buffer() if dropout else None,
                )
            )  # fmt: skip
        *self.hidden, self.top = self.layers
        self.top.function, self.top.a, self.top.mask = network.output.function, self.top.z, None
        self.masks = [layer.mask for layer in self.hidden if layer.mask is not None]
        self.downwards = [*pairwise(reversed(self.layers)), (self.layers[0], None)]  # (layer, the one below)

    def __call__(self, X: Array, Y: Array, step_size: Array) -> None:
        """Fill `grads` with step_size x the sum of the examples' gradients.

        `X (K or 1, B, d)`, `Y (K or 1, B, C)` one-hot. `step_size` = 1/B gives the mean gradient, and
        learning_rate/B a whole step of SGD: to multiply the small delta^L instead of all gradients saves 6 %
        of a step at 784-30-10. It has the shape of delta^L, (K, B, C), because NumPy is slow at broadcasting.
        """
        activation, ones, outer = self.network.activation, self.ones, self.outer
        activations = forward(self.layers, X)  # taken from its end: a^L, then what layer L takes, and so on
        delta = self.network.output.delta(activations.pop(), Y, self.top.delta)  # BP1
        np.multiply(delta, step_size, delta)
        for layer, lower in self.downwards:
            np.matmul(ones, layer.delta, layer.b_grad)  # BP3: dC/db^l = delta^l
            outer(layer.transposed_delta, activations.pop(), layer.W_grad)  # BP4: dC/dW^l = delta^l a^(l-1)T
            if lower is not None:
                slope = activation.slope(lower.z if activation.keeps_z else lower.a, lower.slope)
                if lower.mask is not None:
                    np.multiply(slope, lower.mask, slope)
                np.matmul(layer.delta, layer.W, lower.delta)
                np.multiply(lower.delta, slope, lower.delta)  # BP2: (W^(l+1)T delta^(l+1)) * f'(z^l)

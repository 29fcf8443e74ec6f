"""The network: parameters of K runs in one array, forward pass, and backpropagation (book, ch. 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.activations import Activation
from nnexp.nn.arrays import Array, aligned
from nnexp.nn.costs import Output


class Network(NamedTuple):
    """What the networks of a stack have in common. `sizes`: units per layer, inputs first."""

    sizes: tuple[int, ...]
    activation: Activation
    output: Output


class Parameters:
    """Weights and biases of K networks: views of one array `flat (K, P)`, all weights first.

    `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`, `transposed[l]` = weights[l]^T;
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
        self.transposed = [W.swapaxes(1, 2) for W in self.weights]

    @classmethod
    def zeros(cls, sizes: Sequence[int], K: int, dtype: DTypeLike) -> "Parameters":
        """All zero. P is rounded up to whole cache lines; the few numbers at the end stay zero."""
        P = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))
        return cls(sizes, aligned((K, -(-P // 16) * 16), dtype))

    def of_runs(self, rows: Sequence[int]) -> "Parameters":
        """A copy of some runs' parameters."""
        chosen = Parameters.zeros(self.sizes, len(rows), self.flat.dtype)
        chosen.flat[:] = self.flat[rows]
        return chosen


def layer_buffers(sizes: Sequence[int], K: int, rows: int, dtype: DTypeLike) -> list[Array]:
    """One array (K, rows, fan_out) per layer."""
    return [aligned((K, rows, fan_out), dtype) for fan_out in sizes[1:]]


def logits(network: Network, parameters: Parameters, X: Array, out: Sequence[Array]) -> Array:
    """z^L (K, n, C) for `X (n, d)`; `out[l] (K, n, fan_out)` receives the hidden activations and z^L."""
    below = X
    for W_T, b, z in zip(parameters.transposed, parameters.biases, out, strict=True):
        np.matmul(below, W_T, z)
        np.add(z, b, z)
        below = z if z is out[-1] else network.activation.function(z, z)
    return below


@dataclass(slots=True)
class Layer:
    """A layer's parameters and gradients, and its buffers (K, B, fan_out) for mini-batches of one size.

    `seen`: what the layer above sees: a itself, or a * mask if there is dropout.
    """

    W: Array
    W_T: Array
    b: Array
    W_grad: Array
    b_grad: Array
    a: Array
    slope: Array
    delta: Array
    transposed_delta: Array
    seen: Array
    mask: Array | None


class Backprop:
    """Gradients of K networks over mini-batches of one size, in buffers made once.

    With `dropout`, each hidden layer has a `mask` (0: dropped) to be drawn before each call.
    """

    def __init__(
        self, network: Network, parameters: Parameters, grads: Parameters, B: int, *, dropout: bool = False
    ) -> None:
        K, dtype = len(parameters.flat), parameters.flat.dtype
        self.network, self.ones, self.layers = network, np.ones((1, B), dtype), list[Layer]()
        # A column times a row: NumPy's matmul takes four times as long as broadcasting, to the same bits.
        self.outer = np.multiply if B == 1 else np.matmul
        values = parameters.weights, parameters.transposed, parameters.biases, grads.weights, grads.biases
        for W, W_T, b, W_grad, b_grad in zip(*values, strict=True):
            a, slope, delta, seen, mask = (aligned((K, B, W.shape[1]), dtype) for _ in range(5))
            dropped = (seen, mask) if dropout else (a, None)
            self.layers.append(
                Layer(W, W_T, b, W_grad, b_grad, a, slope, delta, delta.swapaxes(1, 2), *dropped)
            )
        self.hidden, self.top = self.layers[:-1], self.layers[-1]
        self.masks = [layer.mask for layer in self.hidden if layer.mask is not None]
        self.downwards = list(pairwise(reversed(self.layers)))  # (layer, the one below)

    def __call__(self, X: Array, Y: Array, scale: Array) -> None:
        """Fill the gradients with scale x the sum of the examples' gradients.

        `X (K or 1, B, d)`, `Y (K or 1, B, C)` one-hot; `scale (K, B, C)`, in full because broadcasting is
        slow: 1/B gives the mean gradient, and learning_rate/B a whole step of SGD, cheaper to multiply
        into the small delta than into the gradient.
        """
        activation, output, top, ones = self.network.activation, self.network.output, self.top, self.ones
        below = X
        for layer in self.hidden:
            np.matmul(below, layer.W_T, layer.a)
            np.add(layer.a, layer.b, layer.a)  # z^l = W^l a^(l-1) + b^l
            activation.function(layer.a, layer.a)
            below = layer.a if layer.mask is None else np.multiply(layer.a, layer.mask, layer.seen)
        np.matmul(below, top.W_T, top.a)
        np.add(top.a, top.b, top.a)
        output.function(top.a, top.a)

        output.delta(top.a, Y, top.delta)  # BP1
        np.multiply(top.delta, scale, top.delta)
        for layer, lower in self.downwards:
            np.matmul(ones, layer.delta, layer.b_grad)  # BP3
            self.outer(layer.transposed_delta, lower.seen, layer.W_grad)  # BP4
            activation.slope(lower.a, lower.slope)
            if lower.mask is not None:
                np.multiply(lower.slope, lower.mask, lower.slope)
            np.matmul(layer.delta, layer.W, lower.delta)
            np.multiply(lower.delta, lower.slope, lower.delta)  # BP2: (W^(l+1)T delta^(l+1)) * f'(z^l)
        first = self.layers[0]
        np.matmul(ones, first.delta, first.b_grad)
        self.outer(first.transposed_delta, X, first.W_grad)

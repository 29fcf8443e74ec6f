"""The network: parameters of K runs in one array, forward pass, and backpropagation (book, ch. 2)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.activations import Activation, Array
from nnexp.nn.costs import Output


class Network(NamedTuple):
    """What the networks of a stack have in common. `sizes`: units per layer, inputs first."""

    sizes: tuple[int, ...]
    activation: Activation
    output: Output


class Parameters:
    """Weights and biases of K networks: views of one array `flat (K, P)`, all weights first.

    `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`; `penalised (K, P_w)` is all weights,
    the part that L2 and L1 act on.
    """

    def __init__(self, sizes: Sequence[int], flat: Array) -> None:
        K, pairs, end = len(flat), list(zip(sizes[1:], sizes[:-1], strict=True)), 0
        self.flat = flat
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for fan_out, fan_in in pairs:
            start, end = end, end + fan_out * fan_in
            self.weights.append(flat[:, start:end].reshape(K, fan_out, fan_in))
        self.penalised = flat[:, :end]
        for fan_out, _ in pairs:
            start, end = end, end + fan_out
            self.biases.append(flat[:, start:end].reshape(K, 1, fan_out))
        self.transposed = [W.swapaxes(1, 2) for W in self.weights]

    @staticmethod
    def count(sizes: Sequence[int]) -> int:
        """P: how many weights and biases one network has."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True))


def layer_buffers(network: Network, K: int, rows: int, dtype: DTypeLike) -> list[Array]:
    """One array (K, rows, fan_out) per layer, for `forward` to fill."""
    return [np.empty((K, rows, size), dtype) for size in network.sizes[1:]]


def forward(
    network: Network, parameters: Parameters, X: Array, out: Sequence[Array], masks: Sequence[Array] = ()
) -> list[Array]:
    """Fill `out[l] (K, B, fan_out)` with the activations of each hidden layer and the logits of the last.

    `X (B, d)` for all or `(K, B, d)`; `masks`: one array per hidden layer, which dropout multiplies in.
    Returns the input of each layer: X, then the hidden activations, dropped where there are masks.
    """
    inputs = [X]
    f, last = network.activation.function, len(out) - 1
    for layer, (W_T, b, z) in enumerate(zip(parameters.transposed, parameters.biases, out, strict=True)):
        np.matmul(inputs[layer], W_T, out=z)
        z += b  # z^l = W^l a^(l-1) + b^l
        if layer < last:
            a = f(z, z)
            inputs.append(a * masks[layer] if masks else a)
    return inputs


class Backprop:
    """Gradients of K networks over mini-batches of one size, in buffers made once."""

    def __init__(self, network: Network, parameters: Parameters, grads: Parameters, batch_size: int) -> None:
        K, dtype = len(parameters.flat), parameters.flat.dtype
        self.network, self.parameters, self.grads = network, parameters, grads
        self.activations = layer_buffers(network, K, batch_size, dtype)
        self.deltas = layer_buffers(network, K, batch_size, dtype)
        self.slopes = layer_buffers(network, K, batch_size, dtype)
        self.ones = np.ones((1, batch_size), dtype)

    def __call__(self, X: Array, Y: Array, scale: Array, masks: Sequence[Array] = ()) -> None:
        """Fill `grads` with scale x (the sum of the examples' gradients).

        `X (K or 1, B, d)`, `Y (K or 1, B, C)` one-hot, `scale (K, 1, 1)`: 1/B gives the mean gradient, and
        learning_rate/B the step itself: cheaper to multiply into the small delta than into the gradient.
        """
        network, parameters, grads = self.network, self.parameters, self.grads
        inputs = forward(network, parameters, X, self.activations, masks)
        a, delta = self.activations[-1], self.deltas[-1]
        network.output.function(a, a)
        network.output.delta(a, Y, delta)  # BP1
        delta *= scale
        for layer in range(len(self.deltas) - 1, -1, -1):
            np.matmul(self.ones, delta, out=grads.biases[layer])  # BP3
            np.matmul(delta.swapaxes(1, 2), inputs[layer], out=grads.weights[layer])  # BP4
            if layer > 0:
                slope = network.activation.slope(self.activations[layer - 1], self.slopes[layer - 1])
                if masks:
                    slope *= masks[layer - 1]
                delta = np.matmul(delta, parameters.weights[layer], out=self.deltas[layer - 1])
                delta *= slope  # BP2: delta^l = (W^(l+1)T delta^(l+1)) * f'(z^l)

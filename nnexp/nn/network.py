"""The network: parameters of K runs in one array, the forward pass, and backpropagation (book, ch. 2).

`plain.py` says the same for one run and one example, without buffers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.activations import Activation, Function
from nnexp.nn.arrays import Array, aligned, round_up
from nnexp.nn.blas import IN_PLACE, PLAIN, TRANSPOSED, Gemm, gemm_of, transposes
from nnexp.nn.costs import Output

Factors = Sequence[float]  # one for each run
Call = Callable[[], Any]
Calls = list[Call]  # what is to be done, in this order: `partial`s, because to make a call costs more than it


def run_all(calls: Calls) -> None:
    """Make the calls."""
    for call in calls:
        call()


class Network(NamedTuple):
    """What the networks of a stack have in common. `sizes`: units per layer, inputs first."""

    sizes: tuple[int, ...]
    activation: Activation
    output: Output


@dataclass(frozen=True, eq=False)
class Batch:
    """Room for a mini-batch: `X (S, B, d)`, the inputs of S orders, and `Y (K or 1, B, C)`, one-hot.

    `places`: which of the S each run sees; `X_columns`: each run's inputs, (d, B).
    """

    X: Array
    Y: Array
    places: Sequence[int]
    X_columns: Sequence[Array] = field(init=False)

    def __post_init__(self) -> None:
        columns = transposes(self.X)
        object.__setattr__(self, "X_columns", [columns[place] for place in self.places])


class Parameters:
    """Weights and biases of K networks: views of one array `flat (K, P)`, all weights first.

    `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`;
    `penalised (K, P_w)`: all weights, the part that L2 and L1 act on. `W_T[l]`, `b_T[l]`: each run's, as BLAS
    reads them: (fan_in, fan_out) and (fan_out, 1).
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
        self.W_T, self.b_T = [*map(transposes, self.weights)], [*map(transposes, self.biases)]

    @classmethod
    def zeros(cls, sizes: Sequence[int], K: int, dtype: DTypeLike) -> "Parameters":
        """All zero. P is rounded up to whole cache lines; the few numbers at the end stay zero."""
        P = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))
        return cls(sizes, aligned((K, round_up(P, 16)), dtype))

    @cached_property
    def grads(self) -> "Parameters":
        """Room for gradients, for those who need them as such."""
        return Parameters(self.sizes, np.zeros_like(self.flat))

    def of_runs(self, rows: Sequence[int]) -> "Parameters":
        """A copy of some runs' parameters."""
        copy = Parameters.zeros(self.sizes, len(rows), self.flat.dtype)
        copy.flat[:] = self.flat[rows]
        return copy


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
            calls.append(
                partial(gemm, 1, W_T, a, 1, z, TRANSPOSED, PLAIN, IN_PLACE)
            )  # z^l = W^l a^(l-1) + b^l
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


class Backprop:
    """The passes of one mini-batch through K networks, and its gradients.

    Each is a list of calls, made once: whatever examples stand in the buffers of `batch`, `calls` fills the
    activations and the errors of `layers`, and the calls of `gradients` then add the gradients somewhere.
    """

    def __init__(
        self, network: Network, parameters: Parameters, layers: Sequence[TrainedLayer], batch: Batch
    ) -> None:
        self.B: int = batch.X.shape[1]
        self.network, self.parameters, self.layers, self.batch = network, parameters, layers, batch
        *self.hidden, self.top = layers
        self.gemm, self.ones = gemm_of(parameters.flat.dtype), np.ones((self.B, 1), parameters.flat.dtype)
        self.calls = forward(self.gemm, layers, self.batch.X_columns) + self.errors()

    def errors(self) -> Calls:
        """The calls that fill delta = dC/dz of all layers, from the outputs down."""
        activation, top = self.network.activation, self.top
        calls: Calls = [partial(self.network.output.delta, top.a, self.batch.Y, top.delta)]  # BP1
        for layer, lower in pairwise(reversed(self.layers)):
            for W_T, delta, lower_delta in zip(
                layer.W_T, layer.delta_columns, lower.delta_columns, strict=True
            ):
                calls.append(partial(self.gemm, 1, W_T, delta, 0, lower_delta, PLAIN, PLAIN, IN_PLACE))
            calls.append(partial(activation.slope, lower.z if activation.keeps_z else lower.a, lower.slope))
            if lower.mask is not None:
                calls.append(partial(np.multiply, lower.slope, lower.mask, lower.slope))
            calls.append(
                partial(np.multiply, lower.delta, lower.slope, lower.delta)
            )  # BP2: (W^T delta) * f'(z)
        return calls

    def gradients(
        self, target: Parameters, scale: Factors, keep_weights: Factors, keep_biases: Factors | None = None
    ) -> Calls:
        """The calls for target -> keep * target + scale * the sum of the examples' gradients.

        Factors are one number a run. One product adds a gradient to its target, which may be the parameters
        themselves: no array of gradients is made, and the decay of weights costs nothing more.
        """
        gemm, ones, calls = self.gemm, self.ones, list[Call]()
        below: Sequence[Array] = self.batch.X_columns
        factors = [*zip(scale, keep_weights, keep_biases or keep_weights, strict=True)]
        for layer, W_T, b_T in zip(self.layers, target.W_T, target.b_T, strict=True):
            for W, b, a, delta, (eta, keep_w, keep_b) in zip(
                W_T, b_T, below, layer.delta_columns, factors, strict=True
            ):
                # BP3: dC/db^l = delta^l, and BP4: dC/dW^l = delta^l a^(l-1)T
                calls.append(partial(gemm, eta, delta, ones, keep_b, b, PLAIN, PLAIN, IN_PLACE))
                calls.append(partial(gemm, eta, a, delta, keep_w, W, PLAIN, TRANSPOSED, IN_PLACE))
            below = layer.output_columns
        return calls

    def mean_gradient(self) -> tuple[Parameters, Calls]:
        """Room for the gradient of the mini-batch's mean cost, and the calls that fill it."""
        K, grads = len(self.parameters.flat), self.parameters.grads
        return grads, self.gradients(grads, [1 / self.B] * K, [0.0] * K)

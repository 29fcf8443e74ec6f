"""Backpropagation of a mini-batch through K networks (book, ch. 2): BP1 to BP4, as lists of calls."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.blas import IN_PLACE, PLAIN, TRANSPOSED, gemm_of, gradient_portions
from nnexp.nn.layers import Call, Calls, TrainedLayer, forward
from nnexp.nn.network import Batch, Network, Parameters

Factors = Sequence[float]  # one for each run


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
            portions = gradient_portions(layer.W[0].size, self.B)
            for W_T, delta, lower_delta in zip(
                layer.W, layer.delta_columns, lower.delta_columns, strict=True
            ):
                for some in portions:
                    into = lower_delta[:, some]
                    calls.append(partial(self.gemm, 1, W_T, delta[:, some], 0, into, PLAIN, PLAIN, IN_PLACE))
            calls.append(partial(activation.slope, lower.z if activation.keeps_z else lower.a, lower.slope))
            if lower.mask is not None:
                calls.append(partial(np.multiply, lower.slope, lower.mask, lower.slope))
            # BP2: delta^l = (W^(l+1)T delta^(l+1)) * f'(z^l)
            calls.append(partial(np.multiply, lower.delta, lower.slope, lower.delta))
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
            portions = gradient_portions(layer.W[0].size, self.B)
            for W, b, a, delta, (eta, keep_w, keep_b) in zip(
                W_T, b_T, below, layer.delta_columns, factors, strict=True
            ):
                # BP3: dC/db^l = delta^l, and BP4: dC/dW^l = delta^l a^(l-1)T
                calls.append(partial(gemm, eta, delta, ones, keep_b, b, PLAIN, PLAIN, IN_PLACE))
                for some, keep in zip(portions, [keep_w, *[1] * (len(portions) - 1)], strict=True):
                    calls.append(
                        partial(gemm, eta, a[:, some], delta[:, some], keep, W, PLAIN, TRANSPOSED, IN_PLACE)
                    )
            below = layer.output_columns
        return calls

    def mean_gradient(self) -> tuple[Parameters, Calls]:
        """Room for the gradient of the mini-batch's mean cost, and the calls that fill it."""
        K, grads = len(self.parameters.flat), self.parameters.grads
        return grads, self.gradients(grads, [1 / self.B] * K, [0.0] * K)

"""Exact products of the Hessian with a vector, for K networks at once, by Pearlmutter's R-operator (1994).

R{f} is the change of f per unit of r while the parameters move along a direction, W + r V and b + r v. Each
equation of backpropagation has its own, by the rules for derivatives, and R{gradient} is H (V, v): one more
pass up and down, about as long as backpropagation, with no matrix H and no differences.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.backprop import Backprop
from nnexp.nn.curvatures import Curvature, OutputChange
from nnexp.nn.network import Parameters


class CurvedLayer(NamedTuple):
    """One layer where the Hessian is computed: its W, its inputs, X or the a below, and its error delta."""

    W: Array
    inputs: Array
    delta: Array


class Hessian(NamedTuple):
    """The second derivatives of a cost that is summed over a mini-batch; `layers` from the inputs up.

    Of each hidden layer `slopes` holds f'(z), and `bends` dC/da f''(z), both times the mask of dropout.
    `output_change`: from a change of the logits to the change of delta^L.
    """

    layers: Sequence[CurvedLayer]
    slopes: Sequence[Array]
    bends: Sequence[Array]
    output_change: Callable[[Array], Array]

    def product(self, direction: Parameters, out: Parameters) -> None:
        """Fill `out` with H times `direction`, for each run."""
        z_changes, a_changes = self._forward(direction)
        delta_change = self.output_change(z_changes[-1])  # R{BP1}
        ones = np.ones((1, delta_change.shape[1]), delta_change.dtype)
        for place in reversed(range(len(self.layers))):
            W, inputs, delta = self.layers[place]
            np.matmul(ones, delta_change, out.biases[place])  # R{BP3}
            np.matmul(delta_change.swapaxes(1, 2), inputs, out.weights[place])  # R{BP4}, two terms
            if place:
                below = place - 1
                out.weights[place] += np.matmul(delta.swapaxes(1, 2), a_changes[below])
                pull_change = np.matmul(delta_change, W) + np.matmul(delta, direction.weights[place])
                delta_change = pull_change * self.slopes[below]  # R{BP2}, of three factors
                delta_change += self.bends[below] * z_changes[below]

    def _forward(self, direction: Parameters) -> tuple[list[Array], list[Array]]:
        """R{z} of all layers, and R{a} of the hidden ones. The inputs X do not change."""
        z_changes: list[Array] = []
        a_changes: list[Array] = []
        for layer, V, v in zip(self.layers, direction.weights, direction.biases, strict=True):
            z_change = np.matmul(layer.inputs, V.swapaxes(1, 2)) + v
            if z_changes:
                a_changes.append(self.slopes[len(a_changes)] * z_changes[-1])
                z_change += np.matmul(a_changes[-1], layer.W.swapaxes(1, 2))
            z_changes.append(z_change)
        return z_changes, a_changes


def hessian_at(backprop: Backprop, curvature: Curvature, change: OutputChange) -> Hessian:
    """That of the summed cost of the mini-batch which `backprop` has just passed over, with its masks."""
    weights, top = backprop.parameters.weights, backprop.top
    X, places = backprop.batch.X, [*backprop.batch.places]
    inputs, bends = [X if len(X) == 1 else X[places]], list[Array]()
    for layer, above, W_above in zip(backprop.hidden, backprop.layers[1:], weights[1:], strict=True):
        bend = curvature(layer.z if backprop.network.activation.keeps_z else layer.a)
        bend *= np.matmul(above.delta, W_above)
        if layer.mask is not None:
            bend *= layer.mask
        bends.append(bend)
        inputs.append(layer.a if layer.masked_a is None else layer.masked_a)
    deltas = (layer.delta for layer in backprop.layers)
    return Hessian(
        [CurvedLayer(*each) for each in zip(weights, inputs, deltas, strict=True)],
        [layer.slope for layer in backprop.hidden],
        bends,
        lambda z_change: change(top.a, backprop.batch.Y, z_change),
    )

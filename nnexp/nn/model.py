"""Trained networks, and their use."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnexp.errors import unknown
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.arrays import Array
from nnexp.nn.costs import OUTPUT_FUNCTIONS
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import forward, forward_layers


class Model(NamedTuple):
    """A network: `weights[l] (fan_out, fan_in)`, `biases[l] (fan_out,)` and how it was made."""

    weights: list[Array]
    biases: list[Array]
    hyperparameters: Hyperparameters


def predict(
    weights: Sequence[Array],
    biases: Sequence[Array],
    inputs: Array,
    *,
    activation: str = "sigmoid",
    output: str = "sigmoid",
) -> Array:
    """The network's outputs a^L (n, C) for `inputs (n, d)`: probabilities with sigmoid or softmax.

    `activation` and `output` may be `step` here: perceptrons compute, though they cannot be trained.
    """
    if activation not in ACTIVATIONS:
        raise unknown("activation", activation, ACTIVATIONS)
    if output not in OUTPUT_FUNCTIONS:
        raise unknown("output", output, OUTPUT_FUNCTIONS)
    stacked_weights = [W[np.newaxis] for W in weights]
    stacked_biases = [b[np.newaxis, np.newaxis] for b in biases]
    hidden, final = ACTIVATIONS[activation].function, OUTPUT_FUNCTIONS[output]
    layers = forward_layers(stacked_weights, stacked_biases, hidden, final, len(inputs))
    outputs: Array = forward(layers, np.asarray(inputs, dtype=weights[0].dtype))[-1][0]
    return outputs

"""Trained networks, and their use."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnexp.errors import unknown
from nnexp.nn.activations import ACTIVATIONS, Function
from nnexp.nn.arrays import Array
from nnexp.nn.blas import gemm_of
from nnexp.nn.costs import OUTPUT_FUNCTIONS, OUTPUTS
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.layers import forward, forward_layers, run_all


class Model(NamedTuple):
    """A network: `weights[l] (fan_out, fan_in)`, `biases[l] (fan_out,)` and how it was made."""

    weights: list[Array]
    biases: list[Array]
    hyperparameters: Hyperparameters


def outputs_of(model: Model, inputs: Array) -> Array:
    """What a trained network says of `inputs (n, d)`: its outputs (n, C), the largest of which is its answer.

    They are its weighted inputs z^L where `output` is `step`, for 0s and 1s tie: a unit fires where z > 0.
    """
    h = model.hyperparameters
    output = OUTPUTS[h.output, h.cost].function
    return _outputs(model.weights, model.biases, inputs, ACTIVATIONS[h.activation].function, output)


def predict(
    weights: Sequence[Array],
    biases: Sequence[Array],
    inputs: Array,
    *,
    activation: str = "sigmoid",
    output: str = "sigmoid",
) -> Array:
    """The network's outputs a^L (n, C) for `inputs (n, d)`: probabilities with sigmoid or softmax.

    `activation` may be `step` here: layers of perceptrons compute, though they cannot be trained. With
    `output` `step` the outputs are 0 and 1; `outputs_of` tells which class a trained layer answers.
    """
    if activation not in ACTIVATIONS:
        raise unknown("activation", activation, ACTIVATIONS)
    if output not in OUTPUT_FUNCTIONS:
        raise unknown("output", output, OUTPUT_FUNCTIONS)
    return _outputs(weights, biases, inputs, ACTIVATIONS[activation].function, OUTPUT_FUNCTIONS[output])


def _outputs(
    weights: Sequence[Array], biases: Sequence[Array], inputs: Array, hidden: Function, output: Function
) -> Array:
    stacked_weights = [W[np.newaxis] for W in weights]
    stacked_biases = [b[np.newaxis, np.newaxis] for b in biases]
    layers = forward_layers(stacked_weights, stacked_biases, hidden, output, len(inputs))
    gemm, X = gemm_of(weights[0].dtype), np.asarray(inputs, dtype=weights[0].dtype)
    run_all(forward(gemm, layers, [X.T]))
    outputs: Array = layers[-1].a[0]
    return outputs

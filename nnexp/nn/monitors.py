"""What the monitors look at: gradients, saturated units, weights, classes that are never chosen."""

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from nnexp.nn.arrays import Array
from nnexp.nn.batches import ReadyPart
from nnexp.nn.evaluation import PerRun, sums
from nnexp.nn.network import Backprop, Network, Parameters

SAMPLE = 1000  # training examples behind gradient norms and saturation (the book's number, ch. 5)
SATURATED = 0.0707  # below this share of the steepest slope a unit is saturated: for the sigmoid, |z| > 4


def watch(
    monitors: Collection[str],
    network: Network,
    parameters: Parameters,
    training: ReadyPart,
    winners: NDArray[np.intp],
) -> dict[str, PerRun]:
    """The monitors' columns (K,), sorted; layers count from 1, L is the output.

    `winners (K, n)`: the strongest output unit for each validation example.
    """
    columns: dict[str, PerRun] = {}
    if "gradient_norm" in monitors or "saturated_share" in monitors:
        sample = ReadyPart(training.inputs[:SAMPLE], training.labels[:SAMPLE], training.targets[:SAMPLE])
        grads, slopes = gradients(network, parameters, sample)
        if "gradient_norm" in monitors:
            columns |= norms_by_layer("gradient_norm_weight", grads.weights)
            columns |= norms_by_layer("gradient_norm_bias", grads.biases)
        if "saturated_share" in monitors:
            columns |= saturated_shares(slopes, network.activation.steepest)
    if "weight_norm" in monitors:
        columns |= norms_by_layer("weight_norm", parameters.weights)
    if "dead_classes" in monitors:
        alive = [len(np.unique(row)) for row in winners]
        columns["dead_classes"] = network.sizes[-1] - np.array(alive, np.float64)
    return dict(sorted(columns.items()))


def gradients(network: Network, parameters: Parameters, part: ReadyPart) -> tuple[Parameters, list[Array]]:
    """Gradient of the mean data cost over all of `part`, and f'(z) of each hidden layer, (K, n, fan_out)."""
    K, n, dtype = len(parameters.flat), len(part.labels), parameters.flat.dtype
    grads = Parameters.zeros(network.sizes, K, dtype)
    backprop = Backprop(network, parameters, grads, n)
    step_size = np.full((K, n, network.sizes[-1]), 1 / n, dtype)
    backprop(part.inputs[np.newaxis], part.targets[np.newaxis], step_size)
    return grads, [layer.slope for layer in backprop.hidden]


def norms_by_layer(name: str, layers: Iterable[Array]) -> dict[str, PerRun]:
    """Each run's Euclidean norm, layer by layer."""
    norms = (np.sqrt(sums(np.square(array, dtype=np.float64) for array in arrays)) for arrays in layers)
    return by_layer(name, norms)


def saturated_shares(slopes: Iterable[Array], steepest: float) -> dict[str, PerRun]:
    """Per hidden layer, the share of units x examples that are on a flat part of f."""
    shares = ((np.abs(slope) < SATURATED * steepest).mean(axis=(1, 2)) for slope in slopes)
    return by_layer("saturated_share", shares)


def by_layer(name: str, columns: Iterable[PerRun]) -> dict[str, PerRun]:
    """Columns named by their layer: NAME_1, NAME_2, ..."""
    return {name + "_" + str(layer): column for layer, column in enumerate(columns, start=1)}

"""What the monitors look at: gradients, saturated units, weights and their change, classes that are dead."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnexp.nn.arrays import Array, PerRun, sums
from nnexp.nn.backprop import Backprop
from nnexp.nn.batches import ReadyPart
from nnexp.nn.layers import run_all, trained_layers
from nnexp.nn.network import Batch, Network, Parameters

SAMPLE = 1000  # training examples behind gradient norms and saturation (the book's number, ch. 5)
SATURATED = 0.0707  # below this share of the steepest slope a unit is saturated: for the sigmoid, |z| > 4
# A weight is small up to this share of its layer's root mean square. Relative to the layer, because the usual
# size of a weight hangs on the layer's inputs, and so that L2, which shrinks all in proportion, changes no
# share. Of normally distributed weights 0.8 % are small, whatever their variance.
SMALL = 0.01
ALIVE = 0.1  # a class is dead if a smaller share than this of its validation examples is answered right


def weights_before(monitors: Collection[str], parameters: Parameters) -> list[Array] | None:
    """A copy of the weights before an epoch, `(K, fan_out, fan_in)` by layer, if a monitor asks for it."""
    return [W.copy() for W in parameters.weights] if "update_norm" in monitors else None


def watch(
    monitors: Collection[str],
    network: Network,
    parameters: Parameters,
    parts: Mapping[str, ReadyPart],
    winners: NDArray[np.intp],
    before: Sequence[Array] | None,
) -> dict[str, PerRun]:
    """The monitors' columns (K,), sorted; layers count from 1, L is the output.

    `winners (K, n)`: the strongest output unit for each validation example. `before`: what `weights_before`
    returned before this epoch.
    """
    columns: dict[str, PerRun] = {}
    if "gradient_norm" in monitors or "saturated_share" in monitors:
        inputs, labels, targets = parts["training"]
        sample = ReadyPart(inputs[:SAMPLE], labels[:SAMPLE], targets[:SAMPLE])
        grads, slopes = gradients(network, parameters, sample)
        if "gradient_norm" in monitors:
            columns |= norms_by_layer("gradient_norm_weight", grads.weights)
            columns |= norms_by_layer("gradient_norm_bias", grads.biases)
        if "saturated_share" in monitors:
            columns |= saturated_shares(slopes, network.activation.steepest)
    if "weight_norm" in monitors:
        columns |= norms_by_layer("weight_norm", parameters.weights)
    if "small_weights" in monitors:
        columns |= by_layer("small_weights", map(small_shares, parameters.weights))
    if before is not None:
        changes = map(partial(np.subtract, dtype=np.float64), parameters.weights, before)
        columns |= norms_by_layer("update_norm", changes)
    if "dead_classes" in monitors:
        columns["dead_classes"] = dead_classes(winners, parts["validation"].labels)
    return dict(sorted(columns.items()))


def gradients(network: Network, parameters: Parameters, part: ReadyPart) -> tuple[Parameters, list[Array]]:
    """Gradient of the mean data cost over all of `part`, and f'(z) of each hidden layer, (K, n, fan_out)."""
    batch = Batch(part.inputs[np.newaxis], part.targets[np.newaxis], [0] * len(parameters.flat))
    layers = trained_layers(network, parameters, len(part.labels))
    backprop = Backprop(network, parameters, layers, batch)
    grads, fill_grads = backprop.mean_gradient()
    run_all(backprop.calls + fill_grads)
    return grads, [layer.slope for layer in layers[:-1]]


def norms_by_layer(name: str, layers: Iterable[Array]) -> dict[str, PerRun]:
    """Each run's Euclidean norm, layer by layer."""
    norms = (np.sqrt(sums(np.square(array, dtype=np.float64) for array in arrays)) for arrays in layers)
    return by_layer(name, norms)


def saturated_shares(slopes: Iterable[Array], steepest: float) -> dict[str, PerRun]:
    """Per hidden layer, the share of units x examples that are on a flat part of f."""
    shares = ((np.abs(slope) < SATURATED * steepest).mean(axis=(1, 2)) for slope in slopes)
    return by_layer("saturated_share", shares)


def small_shares(W: Array) -> PerRun:
    """The share (K,) of one layer's weights that are small; NaN where their squares overflow."""
    mean_squares = sums(np.square(W, dtype=np.float64)) / W[0].size
    limits = SMALL * np.sqrt(mean_squares)
    shares = (np.abs(W) <= limits[:, np.newaxis, np.newaxis]).mean(axis=(1, 2))
    return np.where(np.isfinite(limits), shares, np.nan)


def dead_classes(winners: NDArray[np.intp], labels: NDArray[np.integer[Any]]) -> PerRun:
    """How many classes are dead (K,). A class without an example is not."""
    dead = np.zeros(len(winners))
    for label in np.unique(labels):
        dead += (winners[:, labels == label] == label).mean(axis=1) < ALIVE
    return dead


def by_layer(name: str, columns: Iterable[PerRun]) -> dict[str, PerRun]:
    """Columns named by their layer: NAME_1, NAME_2, ..."""
    return {name + "_" + str(layer): column for layer, column in enumerate(columns, start=1)}

"""How good a network is: cost and accuracy over whole sets, penalty, and what the monitors look at."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.nn.arrays import Array
from nnexp.nn.batches import Part
from nnexp.nn.network import Backprop, Network, Parameters, layer_buffers, logits

CHUNK = 1000  # examples that pass at once: their activations stay in the cache
SAMPLE = 1000  # training examples behind gradient norms and saturation (the book's number, ch. 5)
SATURATED = 0.0707  # below this share of the steepest slope a unit is saturated: for the sigmoid, |z| > 4

PerRun = NDArray[np.float64]


class Evaluation(NamedTuple):
    """`cost (K,)`: mean data term; `accuracy (K,)`: a fraction; `winners (K, n)`: strongest output units."""

    cost: PerRun
    accuracy: PerRun
    winners: NDArray[np.intp]


def evaluate(network: Network, parameters: Parameters, part: Part) -> Evaluation:
    """Cost and accuracy of K networks over all examples of `part`."""
    K, n = len(parameters.flat), len(part.labels)
    buffers = layer_buffers(network.sizes, K, min(CHUNK, n), parameters.flat.dtype)
    total, winners = np.zeros(K), np.empty((K, n), np.intp)
    for start in range(0, n, CHUNK):
        chunk = slice(start, min(start + CHUNK, n))
        out = [buffer[:, : chunk.stop - start] for buffer in buffers]
        z = logits(network, parameters, part.inputs[chunk], out)
        total += sums(network.output.cost(z, part.targets[chunk]))
        network.output.function(z, z).argmax(axis=-1, out=winners[:, chunk])
    return Evaluation(total / n, (winners == part.labels).mean(axis=1), winners)


def sums(arrays: Iterable[Array]) -> PerRun:
    """Each run's sum in float64. Run by run, so that it does not depend on the stack, bit for bit."""
    return np.array([array.sum(dtype=np.float64) for array in arrays])


def norms(arrays: Iterable[Array]) -> PerRun:
    """Each run's Euclidean norm."""
    return np.sqrt(sums(np.square(array, dtype=np.float64) for array in arrays))


def penalty(parameters: Parameters, lambda_l2: PerRun, lambda_l1: PerRun, n: int) -> PerRun:
    """lambda_l2/(2n) sum w^2 + lambda_l1/n sum|w| (K,) (book, eqs. 87, 95)."""
    terms = np.zeros(len(lambda_l2))
    for k, weights in enumerate(parameters.penalised.astype(np.float64)):
        if lambda_l2[k]:
            terms[k] += lambda_l2[k] / (2 * n) * np.square(weights).sum()
        if lambda_l1[k]:
            terms[k] += lambda_l1[k] / n * np.abs(weights).sum()
    return terms


def watch(
    asked: Iterable[str], network: Network, parameters: Parameters, training: Part, winners: NDArray[np.intp]
) -> dict[str, PerRun]:
    """The columns (K,) of the monitors that were asked for, sorted; layers count from 1, L is the output."""
    columns: dict[str, PerRun] = {}
    if {"gradient_norm", "saturated_share"} & set(asked):
        sample = Part(training.inputs[:SAMPLE], training.labels[:SAMPLE], training.targets[:SAMPLE])
        grads, activations = gradients(network, parameters, sample)
        if "gradient_norm" in asked:
            for layer, (gW, gb) in enumerate(zip(grads.weights, grads.biases, strict=True), start=1):
                columns[f"gradient_norm_bias_{layer}"] = norms(gb)
                columns[f"gradient_norm_weight_{layer}"] = norms(gW)
        if "saturated_share" in asked:
            columns |= saturated_shares(network, activations)
    if "weight_norm" in asked:
        for layer, W in enumerate(parameters.weights, start=1):
            columns[f"weight_norm_{layer}"] = norms(W)
    if "dead_classes" in asked:
        alive = [len(np.unique(row)) for row in winners]
        columns["dead_classes"] = network.sizes[-1] - np.array(alive, np.float64)
    return dict(sorted(columns.items()))


def gradients(network: Network, parameters: Parameters, part: Part) -> tuple[Parameters, list[Array]]:
    """Gradient of the mean data cost over all of `part`, and the activations of each layer."""
    K, n, dtype = len(parameters.flat), len(part.labels), parameters.flat.dtype
    grads = Parameters.zeros(network.sizes, K, dtype)
    backprop = Backprop(network, parameters, grads, n)
    scale = np.full((K, n, network.sizes[-1]), 1 / n, dtype)
    backprop(part.inputs[np.newaxis], part.targets[np.newaxis], scale)
    return grads, [layer.a for layer in backprop.layers]


def saturated_shares(network: Network, activations: list[Array]) -> dict[str, PerRun]:
    """Per hidden layer, the share of units x examples whose slope is next to nothing."""
    slope, steepest = network.activation.slope, network.activation.steepest
    return {
        f"saturated_share_{layer}": (slope(a) < SATURATED * steepest).mean(axis=(1, 2))
        for layer, a in enumerate(activations[:-1], start=1)
    }

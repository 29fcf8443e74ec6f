"""How good a network is: cost and accuracy over whole sets, and what monitors look at."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.nn.activations import Array
from nnexp.nn.batches import Part
from nnexp.nn.network import Backprop, Network, Parameters, forward, layer_buffers

CHUNK = 1000  # examples that pass at once: their activations stay in the cache
SAMPLE = 1000  # training examples that gradient and saturation monitors look at (the book's number, ch. 5)
FLAT = 0.0707  # a unit is saturated below this share of the steepest slope: |z| > 4 for the sigmoid

PerRun = NDArray[np.float64]


class Evaluation(NamedTuple):
    """`cost (K,)`: mean data term; `accuracy (K,)`: a fraction; `winners (K, n)`: strongest output unit."""

    cost: PerRun
    accuracy: PerRun
    winners: NDArray[np.intp]


def evaluate(network: Network, parameters: Parameters, part: Part) -> Evaluation:
    """Cost and accuracy of K networks over all examples of `part`."""
    K, n = len(parameters.flat), len(part.inputs)
    buffers = layer_buffers(network, K, min(CHUNK, n), parameters.flat.dtype)
    total, winners = np.zeros(K), np.empty((K, n), np.intp)
    for start in range(0, n, CHUNK):
        chunk = slice(start, min(start + CHUNK, n))
        out = [buffer[:, : chunk.stop - start] for buffer in buffers]
        forward(network, parameters, part.inputs[chunk], out)
        logits = out[-1]
        costs = network.output.cost(logits, part.targets[chunk])
        total += [cost.sum(dtype=np.float64) for cost in costs]  # run by run: its bits know no stack
        network.output.function(logits, logits).argmax(axis=-1, out=winners[:, chunk])
    return Evaluation(total / n, (winners == part.labels).mean(axis=1), winners)


def predict_logits(network: Network, parameters: Parameters, X: Array) -> Array:
    """Logits (K, n, C)."""
    out = layer_buffers(network, len(parameters.flat), len(X), parameters.flat.dtype)
    forward(network, parameters, X, out)
    return out[-1]


def penalty(parameters: Parameters, lambda_l2: PerRun, lambda_l1: PerRun, n: int) -> PerRun:
    """lambda_l2/(2n) sum(w^2) + lambda_l1/n sum|w| for each run (book, eqs. 87, 95); zero lambdas cost nothing."""
    terms = np.zeros(len(lambda_l2))
    for k, weights in enumerate(parameters.penalised):
        if lambda_l2[k]:
            terms[k] += lambda_l2[k] / (2 * n) * np.square(weights, dtype=np.float64).sum()
        if lambda_l1[k]:
            terms[k] += lambda_l1[k] / n * np.abs(weights, dtype=np.float64).sum()
    return terms


def norms(arrays: Array) -> PerRun:
    """Euclidean norm of each run's array."""
    return np.array([np.sqrt(np.square(array, dtype=np.float64).sum()) for array in arrays])


def gradients(network: Network, parameters: Parameters, part: Part) -> tuple[Parameters, list[Array]]:
    """Gradient of the mean data cost over all of `part`, and the activations that it was computed from."""
    grads = Parameters(network.sizes, np.empty_like(parameters.flat))
    backprop = Backprop(network, parameters, grads, len(part.inputs))
    scale = np.full((len(parameters.flat), 1, 1), 1 / len(part.inputs), parameters.flat.dtype)
    backprop(part.inputs[np.newaxis], part.targets[np.newaxis], scale)
    return grads, backprop.activations


def saturated_share(network: Network, activations: list[Array]) -> dict[str, PerRun]:
    """Per hidden layer: the share of units x examples whose slope is next to nothing."""
    shares = {}
    for layer, a in enumerate(activations[:-1], start=1):
        flat = network.activation.slope(a) < FLAT * network.activation.steepest
        shares[f"saturated_share_{layer}"] = flat.mean(axis=(1, 2))
    return shares


def watch(
    asked: tuple[str, ...], network: Network, parameters: Parameters, training: Part, winners: NDArray[Any]
) -> dict[str, PerRun]:
    """The columns of the monitors that were asked for; layers count from 1, the first hidden one."""
    columns: dict[str, PerRun] = {}
    if "gradient_norm" in asked or "saturated_share" in asked:
        sample = Part(*(array[:SAMPLE] for array in training))
        grads, activations = gradients(network, parameters, sample)
    if "gradient_norm" in asked:
        for layer, (gW, gb) in enumerate(zip(grads.weights, grads.biases, strict=True), start=1):
            columns[f"gradient_norm_bias_{layer}"] = norms(gb)
            columns[f"gradient_norm_weight_{layer}"] = norms(gW)
    if "saturated_share" in asked:
        columns |= saturated_share(network, activations)
    if "weight_norm" in asked:
        for layer, W in enumerate(parameters.weights, start=1):
            columns[f"weight_norm_{layer}"] = norms(W)
    if "dead_classes" in asked:
        C = network.sizes[-1]
        columns["dead_classes"] = np.array([C - len(np.unique(row)) for row in winners], float)
    return dict(sorted(columns.items()))

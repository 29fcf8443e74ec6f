"""How good a network is: cost and accuracy over whole sets, and the penalty on its weights."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.nn.activations import identity
from nnexp.nn.arrays import PerRun, sums
from nnexp.nn.batches import ReadyPart
from nnexp.nn.blas import gemm_of
from nnexp.nn.layers import forward, forward_layers, run_all
from nnexp.nn.network import Network, Parameters

CHUNK = 500  # examples that pass at once: they stay in the cache, with their activations


class Evaluation(NamedTuple):
    """`cost (K,)`: mean data term; `accuracy (K,)`: a fraction; `winners (K, n)`: strongest output units."""

    cost: PerRun
    accuracy: PerRun
    winners: NDArray[np.intp]


def evaluate(network: Network, parameters: Parameters, part: ReadyPart) -> Evaluation:
    """Cost and accuracy of K networks over all examples of `part`."""
    K, n = len(parameters.flat), len(part.labels)
    total, winners, gemm = np.zeros(K), np.empty((K, n), np.intp), gemm_of(parameters.flat.dtype)
    hidden = network.activation.function
    for start in range(0, n, CHUNK):
        X, Y = part.inputs[start : start + CHUNK], part.targets[start : start + CHUNK]
        if start == 0 or len(X) < CHUNK:
            # Costs are computed from logits, so the pass ends with these.
            layers = forward_layers(parameters.weights, parameters.biases, hidden, identity, len(X))
        run_all(forward(gemm, layers, [X.T] * K))
        z = layers[-1].z
        total += sums(network.output.cost(z, Y))
        network.output.function(z, z).argmax(axis=-1, out=winners[:, start : start + CHUNK])
    return Evaluation(total / n, (winners == part.labels).mean(axis=1), winners)


def penalty(parameters: Parameters, lambda_l2: PerRun, lambda_l1: PerRun, n: int) -> PerRun:
    """lambda_l2/(2n) sum w^2 + lambda_l1/n sum|w| (K,) (book, eqs. 87, 95)."""
    terms = np.zeros(len(lambda_l2))
    for k, weights in enumerate(parameters.penalised):
        if lambda_l2[k]:
            terms[k] += lambda_l2[k] / (2 * n) * np.square(weights, dtype=np.float64).sum()
        if lambda_l1[k]:
            terms[k] += lambda_l1[k] / n * np.abs(weights.astype(np.float64)).sum()
    return terms

"""Drive the core from outside, as any program can: networks go in through `initial`, numbers come out."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nnexp.nn import Data, Examples, Hyperparameters, Result, train
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.backprop import Backprop
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.curvatures import CURVATURES, OUTPUT_CHANGES
from nnexp.nn.hessian import hessian_at
from nnexp.nn.layers import run_all, trained_layers
from nnexp.nn.network import Batch, Network, Parameters
from tests.reference import Layers


def read_only(array: np.ndarray) -> np.ndarray:
    """The array, locked: whoever writes to it gets an error."""
    array.setflags(write=False)
    return array


def examples(rng: np.random.Generator, n: int, d: int, classes: int) -> Examples:
    """n examples of standard normal inputs, float64, and labels drawn from 0..classes-1."""
    return Examples(read_only(rng.standard_normal((n, d))), read_only(rng.integers(0, classes, n)))


def random_data(rng: np.random.Generator, n: int, d: int, classes: int, held_out: int = 7) -> Data:
    training = examples(rng, n, d, classes)
    return Data(
        training, examples(rng, held_out, d, classes), examples(rng, held_out, d, classes), n_classes=classes
    )


def data_of(inputs: Any, labels: Any, classes: int) -> Data:
    """The same examples as training, validation and test set."""
    part = Examples(read_only(np.array(inputs, float)), read_only(np.array(labels, int)))
    return Data(part, part, part, n_classes=classes)


def random_layers(rng: np.random.Generator, sizes: Sequence[int]) -> Layers:
    """A network with normal weights, of variance 1/fan_in, and standard normal biases."""
    return [
        (rng.standard_normal((fan_out, fan_in)) / np.sqrt(fan_in), rng.standard_normal(fan_out))
        for fan_in, fan_out in pairwise(sizes)
    ]


def stack_of(networks: Sequence[Layers]) -> list[tuple[np.ndarray, np.ndarray]]:
    """K networks of one shape as `train` takes them: `W (K, fan_out, fan_in)`, `b (K, 1, fan_out)`."""
    return [
        (read_only(np.stack([W for W, _ in layer])), read_only(np.stack([b[np.newaxis] for _, b in layer])))
        for layer in zip(*networks, strict=True)
    ]


def layers_of(result: Result) -> Layers:
    return list(zip(result.weights, result.biases, strict=True))


def one_step(networks: Sequence[Layers], data: Data, **knobs: Any) -> list[Result]:
    """K networks after one step over all training examples, in float64; row 0 of history is before it.

    With plain SGD at learning rate 1, before - after is the gradient of the objective.
    """
    n = len(data.training.labels)
    values = {"learning_rate": 1.0, "batch_size": n, "epochs": 1, "dtype": "float64"}
    h = Hyperparameters(**(values | {"monitor": ("weight_norm",)} | knobs))
    order = read_only(np.arange(n)[np.newaxis])
    return train([h] * len(networks), data, initial=stack_of(networks), order=order)


def gradient(network: Layers, result: Result) -> Layers:
    """The core's gradient of the objective, from the result of `one_step` of the network."""
    return [(W - W1, b - b1) for (W, b), (W1, b1) in zip(network, layers_of(result), strict=True)]


def objective(result: Result) -> float:
    """The core's own objective before training: cost + penalty."""
    return result.history["training_cost"][0] + result.history["penalty"][0]


def as_parameters(network: Layers) -> Parameters:
    """One network as the core keeps it, in float64."""
    sizes = [network[0][0].shape[1], *(len(b) for _, b in network)]
    parameters = Parameters.zeros(sizes, 1, "float64")
    for (W, b), own_W, own_b in zip(network, parameters.weights, parameters.biases, strict=True):
        own_W[0], own_b[0, 0] = W, b
    return parameters


def hessian_product(network: Layers, way: Layers, part: Examples, classes: int, h: Hyperparameters) -> Layers:
    """The Hessian of the mean data cost times a way."""
    at, out = as_parameters(network), as_parameters([(0 * W, 0 * b) for W, b in network])
    core = Network(at.sizes, ACTIVATIONS[h.activation], OUTPUTS[h.output, h.cost])
    n, batch = len(part.labels), Batch(part.inputs[np.newaxis], np.eye(classes)[part.labels][np.newaxis], [0])
    backprop = Backprop(core, at, trained_layers(core, at, n), batch)
    run_all(backprop.calls)
    hessian = hessian_at(backprop, CURVATURES[h.activation], OUTPUT_CHANGES[h.output, h.cost])
    hessian.product(as_parameters(way), out)
    return [(W[0] / n, b[0, 0] / n) for W, b in zip(out.weights, out.biases, strict=True)]


def moved_by(network: Layers, direction: Layers, by: float) -> Layers:
    """The network a little further along a direction."""
    return [(W + by * dW, b + by * db) for (W, b), (dW, db) in zip(network, direction, strict=True)]


def inner(first: Layers, second: Layers) -> float:
    """Inner product of two networks, taken as vectors of all their parameters."""
    return float(sum((W * V).sum() + (b * c).sum() for (W, b), (V, c) in zip(first, second, strict=True)))


def norm(network: Layers) -> float:
    return float(np.sqrt(inner(network, network)))


def same_bits(arrays: Iterable[np.ndarray], others: Iterable[np.ndarray]) -> bool:
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(arrays, others, strict=True))

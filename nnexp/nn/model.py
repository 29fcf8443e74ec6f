"""Trained networks as files, and their use: no pickle, readable without nnexp."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from nnexp.archive import read_arrays
from nnexp.errors import UserError, unknown
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.arrays import Array
from nnexp.nn.costs import OUTPUT_FUNCTIONS
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import forward, forward_layers

BOOK_COSTS = {"CrossEntropyCost": "cross_entropy", "QuadraticCost": "quadratic"}


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


def save_model(file: str | Path | BinaryIO, model: Model) -> None:
    """Write `.npz`: `weights_1`, `biases_1`, ... and `hyperparameters` as JSON text."""
    arrays: dict[str, Any] = {"hyperparameters": np.array(json.dumps(asdict(model.hyperparameters)))}
    for layer, (W, b) in enumerate(zip(model.weights, model.biases, strict=True), start=1):
        arrays |= {f"weights_{layer}": W, f"biases_{layer}": b}
    with open(file, "wb") if isinstance(file, str | Path) else nullcontext(file) as target:
        np.savez(target, **arrays)


def load_model(path: str | Path) -> Model:
    """Read what `save_model` wrote. Raises `UserError` for a file that is none."""
    try:
        arrays = read_arrays(path)
        layers = range(1, sum(name.startswith("weights_") for name in arrays) + 1)
        weights = [arrays[f"weights_{layer}"] for layer in layers]
        biases = [arrays[f"biases_{layer}"] for layer in layers]
        hyperparameters = dict(json.loads(str(arrays["hyperparameters"])))
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UserError(f"{path} must be a model file written by nnexp, got: {error}") from error
    return Model(weights, biases, Hyperparameters.of(hyperparameters))


def write_book_model(path: str | Path, model: Model) -> None:
    """Write the book's own file (network2.py: `sizes`, `weights`, `biases`, `cost`)."""
    h = model.hyperparameters
    names = {cost: name for name, cost in BOOK_COSTS.items()}
    if h.activation != "sigmoid" or h.output != "sigmoid":
        raise UserError(
            f"the book's file holds sigmoid networks only, got activation={h.activation}, output={h.output}"
        )
    content = {
        "sizes": [model.weights[0].shape[1], *(len(b) for b in model.biases)],
        "weights": [W.tolist() for W in model.weights],
        "biases": [b[:, np.newaxis].tolist() for b in model.biases],
        "cost": names[h.cost],
    }
    Path(path).write_text(json.dumps(content), encoding="utf-8")


def read_book_model(path: str | Path) -> Model:
    """Read the book's own file; hyperparameters that it does not tell have their defaults, in float64."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        sizes, cost = content["sizes"], BOOK_COSTS[content["cost"]]
        weights: list[Array] = [np.array(W, np.float64) for W in content["weights"]]
        biases: list[Array] = [np.array(b, np.float64)[:, 0] for b in content["biases"]]
        shapes = [(fan_out, fan_in) for fan_in, fan_out in pairwise(sizes)]
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise UserError(f"{path} must be a model file of the book, got: {error!r}") from error
    if [W.shape for W in weights] != shapes or [len(b) for b in biases] != sizes[1:]:
        raise UserError(f"{path} must hold weights that fit sizes {sizes}, got {[W.shape for W in weights]}")
    hidden = sizes[1:-1]
    hyperparameters = Hyperparameters(
        hidden_layers=len(hidden), hidden_size=hidden[0] if hidden else 1, cost=cost, dtype="float64"
    )
    return Model(weights, biases, hyperparameters)

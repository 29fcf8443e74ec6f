"""Trained networks as files: `.npz`, no pickle, readable without nnexp."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnexp.archive import read_arrays
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters, Model


def save_model(file: str | Path | BinaryIO, model: Model) -> None:
    """Write `.npz`: `weights_1`, `biases_1`, ... and `hyperparameters` as JSON text."""
    arrays: dict[str, Any] = {"hyperparameters": np.array(json.dumps(vars(model.hyperparameters)))}
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

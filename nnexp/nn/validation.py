"""Checks of what a caller gives to `train`, before anything trains. They raise `UserError`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from nnexp.errors import UserError
from nnexp.nn.arrays import Array
from nnexp.nn.batches import Order
from nnexp.nn.examples import Data, Examples
from nnexp.nn.hyperparameters import PER_RUN, Hyperparameters
from nnexp.nn.network import Parameters
from nnexp.text import spelled

Initial = Sequence[tuple[Array, Array]]


def check_fit(runs: Sequence[Hyperparameters], data: Data) -> None:
    """Raise unless the runs can train together on these data."""
    if not runs:
        raise UserError("runs must hold at least one Hyperparameters, got none")
    for field in fields(Hyperparameters):
        values = dict.fromkeys(getattr(run, field.name) for run in runs)
        if field.name not in PER_RUN and len(values) > 1:
            several = ", ".join(map(spelled, values))
            raise UserError(f"runs of one stack must agree in {field.name}, got [{several}]")
    for name, examples in zip(data._fields, data[:3], strict=False):
        _check_examples(name, examples, data.training.inputs.shape[-1], data.n_classes)
    n, batch_size = len(data.training.labels), runs[0].batch_size
    if batch_size > n:
        raise UserError(f"batch_size must be <= {n}, the number of training examples, got {batch_size}")


def check_augmentation(runs: Iterable[Hyperparameters], distorted: bool) -> None:
    """Raise where distortions have a seed of their own, and no image is `distorted`."""
    for run in runs:
        if (seed := run.seed_augmentation) is not None and not distorted:
            raise UserError(f"seed_augmentation={seed} has no effect: no image is distorted (data.augment)")


def _check_examples(name: str, examples: Examples, d: int, C: int) -> None:
    inputs, labels = examples
    if labels.ndim != 1 or not len(labels) or inputs.shape != (len(labels), d):
        raise UserError(
            f"{name} must hold inputs (n, {d}) and labels (n,), n >= 1, got {inputs.shape} and {labels.shape}"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= C:
        raise UserError(
            f"{name} labels must be integers in 0..{C - 1}, got {labels.dtype} {labels.min()}..{labels.max()}"
        )


def initial_parameters(initial: Initial, runs: Sequence[Hyperparameters], data: Data) -> Parameters:
    """A copy of the caller's parameters; their shapes give the sizes of the layers."""
    if not isinstance(initial, Sequence) or not all(
        isinstance(pair, Sequence) and len(pair) == 2 for pair in initial
    ):
        raise UserError(
            f"initial must be a list of pairs (W, b), one per layer, got {type(initial).__name__}"
        )
    K, sizes = len(runs), [data.training.inputs.shape[1]]
    for layer, (W, b) in enumerate(initial, start=1):
        fan_out = np.shape(W)[1] if np.ndim(W) == 3 else 0
        if not fan_out or np.shape(W) != (K, fan_out, sizes[-1]) or np.shape(b) != (K, 1, fan_out):
            raise UserError(
                f"initial layer {layer} must be W ({K}, fan_out, {sizes[-1]}) and b ({K}, 1, fan_out), "
                f"got {np.shape(W)} and {np.shape(b)}"
            )
        sizes.append(fan_out)
    if len(sizes) < 2 or sizes[-1] != data.n_classes:
        raise UserError(
            f"initial must end with {data.n_classes} output units, one per class, got {sizes[-1]}"
        )
    if runs[0].output == "step" and len(initial) > 1:
        raise UserError(f"initial must be a single layer with output=step, got {len(initial)}")
    parameters = Parameters.zeros(sizes, K, runs[0].dtype)
    for (W, b), own_W, own_b in zip(initial, parameters.weights, parameters.biases, strict=True):
        own_W[:], own_b[:] = W, b
    return parameters


def checked_orders(order: Any, runs: Sequence[Hyperparameters], data: Data) -> Iterator[Order]:
    """The caller's order, one epoch each, (1, m) for all runs or (K, m)."""
    K, n, epochs = len(runs), len(data.training.labels), runs[0].epochs
    if not isinstance(order, Iterable):
        raise UserError(f"order must hold the indices of each epoch, got {order!r}")
    if isinstance(order, np.ndarray) and order.ndim == 3:
        order = order.swapaxes(0, 1)
    remaining = iter(order)
    for done in range(epochs):
        rows = next(remaining, None)
        if rows is None:
            raise UserError(f"order must hold {epochs} epochs, got {done}")
        indices = np.asarray(rows)
        rows = np.atleast_2d(indices)
        if rows.ndim != 2 or len(rows) not in (1, K) or not rows.size or rows.dtype.kind not in "iu":
            got = f"{indices.dtype} {indices.shape}"
            raise UserError(f"order must hold integers (n,) or ({K}, n) per epoch, got {got}")
        if rows.min() < 0 or rows.max() >= n:
            raise UserError(f"order must name examples 0..{n - 1}, got {rows.min()}..{rows.max()}")
        yield rows.astype(np.intp)

"""Training: the door of the core. Everything that a caller can get wrong is checked here, once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from nnexp.nn.activations import Array
from nnexp.nn.batches import Augment, Augmentation, Order, Part, drawn_orders, given_orders
from nnexp.nn.errors import UserError
from nnexp.nn.evaluation import PerRun, evaluate
from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import PER_RUN, Hyperparameters
from nnexp.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from nnexp.nn.network import Parameters
from nnexp.nn.result import Result
from nnexp.nn.runlog import BASE_COLUMNS
from nnexp.nn.stack import Stack
from nnexp.nn.streams import stream

Initial = Sequence[tuple[Array, Array]]
Progress = Callable[[int, dict[str, PerRun]], None]


def train(
    runs: Sequence[Hyperparameters],
    data: Data,
    *,
    initial: Initial | None = None,
    order: Any = None,
    augment: Augment | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Train K runs as one stack; a run's result is the same, bit for bit, alone or in any stack.

    `runs` may differ in the names of `PER_RUN` only. `initial`: for each layer `(W (K, fan_out, fan_in),
    b (K, 1, fan_out))`, whose shapes then fix the network. `order`: indices of training examples,
    `(epochs, n)` for all runs, `(K, epochs, n)`, or an iterable of one epoch each. `augment(rng, images)`:
    distorted images of the same shape, asked for once per epoch and seed. `progress(epoch, metrics)`: called
    after each epoch; metrics `(K,)` by name, NaN where a run has ended or the epoch was not evaluated.
    Raises `UserError` when these do not fit together. Divergence is a status, never an exception.
    """
    check_fit(runs, data)
    common, K = runs[0], len(runs)
    flat, sizes = _given(initial, K, data, common.dtype) if initial is not None else _drawn(runs, data)
    parts = {
        name: Part.of(getattr(data, name), data.n_classes, common.dtype)
        for name in ("training", "validation", "test")
    }
    n = len(data.training.labels)
    orders = iter(drawn_orders([run.seed for run in runs], n) if order is None else given_orders(order, K, n))
    augmentation = Augmentation(augment, [run.seed for run in runs]) if augment else None
    with np.errstate(all="ignore"):  # a run that diverges must not disturb the others
        stack = Stack(runs, sizes, flat)
        _train_stack(stack, parts, orders, augmentation, progress)
        return _results(stack, parts["test"])


def _train_stack(
    stack: Stack,
    parts: dict[str, Part],
    orders: Iterable[Order],
    augmentation: Augmentation | None,
    progress: Progress | None,
) -> None:
    """All epochs, until every run has ended."""
    common, K = stack.common, len(stack.logs)
    watched = (
        parts if "test" in common.monitor else {name: parts[name] for name in ("training", "validation")}
    )
    n = len(parts["training"].labels)
    if set(common.monitor) - {"test"}:
        _end_epoch(stack, 0, stack.evaluate(watched, n), progress, K)
    for epoch in range(1, common.epochs + 1):
        if not stack.active:
            return
        rows = next(iter(orders), None)
        if rows is None:
            raise UserError(f"order must hold {common.epochs} epochs, got {epoch - 1}")
        n = rows.shape[1]
        mine = rows if len(rows) == 1 else rows[stack.active]
        part = parts["training"]
        if augmentation:
            seeds = [stack.logs[k].hyperparameters.seed for k in stack.active]
            part, mine = augmentation(part, mine, seeds)
        stack.train_epoch(part, mine, done=epoch - 1)
        every = common.evaluate_every
        due = epoch == common.epochs or (every > 0 and epoch % every == 0)
        _end_epoch(stack, epoch, stack.evaluate(watched, n) if due else {}, progress, K)


def _end_epoch(
    stack: Stack, epoch: int, columns: dict[str, PerRun], progress: Progress | None, K: int
) -> None:
    metrics = {name: np.full(K, np.nan) for name in [*BASE_COLUMNS[1:5], *columns]}
    for name, column in columns.items():
        metrics[name][stack.active] = column
    stack.note(epoch, columns)
    if progress:
        progress(epoch, metrics)


def _results(stack: Stack, test: Part) -> list[Result]:
    """Results in the order of the runs; the kept networks are evaluated on the test set together."""
    kept = Parameters(stack.network.sizes, np.stack([log.kept for log in stack.logs]))
    found = evaluate(stack.network, kept, test)
    return [
        Result(
            status="diverged" if log.diverged else "finished",
            history=log.history,
            weights=[W[k].copy() for W in kept.weights],
            biases=[b[k, 0].copy() for b in kept.biases],
            kept_epoch=log.kept_epoch,
            test_cost=None if log.diverged else float(found.cost[k]),
            test_accuracy=None if log.diverged else float(found.accuracy[k]),
            seconds=log.seconds,
            evaluation_seconds=log.evaluation_seconds,
            stack_size=len(stack.logs),
        )
        for k, log in enumerate(stack.logs)
    ]


def check_fit(runs: Sequence[Hyperparameters], data: Data) -> None:
    """Raise `UserError` unless the runs can train together on these data."""
    if not runs:
        raise UserError("runs must hold at least one Hyperparameters, got none")
    for field in fields(Hyperparameters):
        values = {getattr(run, field.name) for run in runs}
        if field.name not in PER_RUN and len(values) > 1:
            raise UserError(f"runs of one stack must agree in {field.name}, got {sorted(values)}")
    for name in ("training", "validation", "test"):
        _check_examples(name, data)
    n, batch_size = len(data.training.labels), runs[0].batch_size
    if batch_size > n:
        raise UserError(f"batch_size must be <= {n}, the number of training examples, got {batch_size}")


def _check_examples(name: str, data: Data) -> None:
    inputs, labels = getattr(data, name)
    d = data.training.inputs.shape[-1]
    if inputs.ndim != 2 or not len(inputs) or inputs.shape != (len(labels), d):
        raise UserError(
            f"{name} must hold inputs (n, {d}) and labels (n,), n >= 1, got {inputs.shape} and {labels.shape}"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= data.n_classes:
        raise UserError(
            f"{name} labels must be integers in 0..{data.n_classes - 1}, "
            f"got {labels.dtype} {labels.min()}..{labels.max()}"
        )


def _drawn(runs: Sequence[Hyperparameters], data: Data) -> tuple[Array, tuple[int, ...]]:
    """Fresh parameters, flat (K, P), and the sizes of the layers."""
    common = runs[0]
    d = data.training.inputs.shape[1]
    sizes = (d, *[common.hidden_size] * common.hidden_layers, data.n_classes)
    flat = np.empty((len(runs), Parameters.count(sizes)), common.dtype)
    parameters = Parameters(sizes, flat)
    for k, run in enumerate(runs):
        rng = stream(run.seed, "weights")
        for W in parameters.weights:
            W[k] = INITIALIZERS[run.initializer](rng, *W.shape[1:])
        rng = stream(run.seed, "biases")
        for b in parameters.biases:
            b[k, 0] = BIAS_INITIALIZERS[run.bias_initializer](rng, b.shape[2])
    return flat, sizes


def _given(initial: Initial, K: int, data: Data, dtype: str) -> tuple[Array, tuple[int, ...]]:
    """The caller's parameters, copied, flat (K, P), and the sizes that their shapes give."""
    fan_in, sizes = data.training.inputs.shape[1], [data.training.inputs.shape[1]]
    for layer, (W, b) in enumerate(initial, start=1):
        if np.ndim(W) != 3 or np.shape(W)[::2] != (K, fan_in) or np.shape(b) != (K, 1, np.shape(W)[1]):
            raise UserError(
                f"initial layer {layer} must be W ({K}, fan_out, {fan_in}) and b ({K}, 1, fan_out), "
                f"got {np.shape(W)} and {np.shape(b)}"
            )
        fan_in = np.shape(W)[1]
        sizes.append(fan_in)
    if fan_in != data.n_classes or len(sizes) < 2:
        raise UserError(f"initial must end with {data.n_classes} output units, one per class, got {fan_in}")
    flat = np.empty((K, Parameters.count(sizes)), dtype)
    parameters = Parameters(sizes, flat)
    for layer, (W, b) in enumerate(initial):
        parameters.weights[layer][:] = W
        parameters.biases[layer][:] = b
    return flat, tuple(sizes)

"""Training: the entrance of the core. `validation` checks, once, all that a caller can get wrong."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.arrays import PerRun
from nnexp.nn.batches import Augment, Order, ReadyPart
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.evaluation import evaluate
from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from nnexp.nn.network import Network, Parameters
from nnexp.nn.result import Result
from nnexp.nn.runlog import HISTORY_METRICS, RunLog
from nnexp.nn.stack import TrainingStack
from nnexp.nn.streams import seed_of, stream
from nnexp.nn.validation import (
    Initial,
    check_augmentation,
    check_fit,
    checked_orders,
    initial_parameters,
)

ProgressFunction = Callable[[int, dict[str, PerRun]], bool | None]

# Bytes of parameters that train together: what a core's second-level cache holds. More runs
# are trained as several stacks, in turns of one epoch; that changes their speed and nothing else.
CACHE = 1536 * 1024


def train(
    runs: Sequence[Hyperparameters],
    data: Data,
    *,
    initial: Initial | None = None,
    order: Any = None,
    augment: Augment | None = None,
    progress: ProgressFunction | None = None,
) -> list[Result]:
    """Train K runs together; a run's result is the same, bit for bit, alone or in any stack.

    `runs` may differ in the names of `PER_RUN` only. `initial`: for each layer `(W (K, fan_out, fan_in),
    b (K, 1, fan_out))`, whose shapes then fix the network. `order`: indices of training examples,
    `(epochs, n)` for all runs, `(K, epochs, n)`, or an iterable of one epoch each. `augment(rng, images)`:
    distorted images of the same shape, asked for once per epoch and seed. `progress(epoch, metrics)`: called
    after each epoch; metrics `(K,)` by name, NaN where a run has ended or the epoch was not evaluated. If it
    returns True, the runs that still train end there, with the status `stopped`.
    Raises `UserError` when these do not fit together. Divergence is a status, never an exception.
    """
    check_fit(runs, data)
    check_augmentation(runs, augment is not None)
    orders = repeat(None) if order is None else checked_orders(order, runs, data)
    with np.errstate(all="ignore"):  # a run that diverges must not disturb the others
        return _train(runs, data, initial, orders, augment, progress)


def _train(
    runs: Sequence[Hyperparameters],
    data: Data,
    initial: Initial | None,
    orders: Iterator[Order | None],
    augment: Augment | None,
    progress: ProgressFunction | None,
) -> list[Result]:
    common = runs[0]
    parts = {
        name: ReadyPart.of(getattr(data, name), data.n_classes, common.dtype)
        for name in ("training", "validation", "test")
    }
    parameters = draw_parameters(runs, data) if initial is None else initial_parameters(initial, runs, data)
    network = Network(parameters.sizes, ACTIVATIONS[common.activation], OUTPUTS[common.output, common.cost])
    stacks = split_into_stacks(network, runs, parameters, parts, augment)
    logs = sorted((log for stack in stacks for log in stack.logs), key=lambda log: log.row)
    for epoch, order in passes(common, orders):
        metrics = {name: np.full(len(runs), np.nan) for name in HISTORY_METRICS}
        for stack in stacks:
            rows, columns = stack.epoch(epoch, order)
            for name, column in columns.items():
                metrics.setdefault(name, np.full(len(runs), np.nan))[rows] = column
        stop = progress is not None and progress(epoch, metrics)
        stacks = [stack for stack in stacks if stack.logs]
        if stop or not stacks:
            break
    return make_results(network, logs, parts["test"])


def passes(common: Hyperparameters, orders: Iterator[Order | None]) -> Iterator[tuple[int, Order | None]]:
    """Each epoch and its order; epoch 0, which trains nothing, if a monitor looks before training, too."""
    first = next(orders)
    if set(common.monitor) - {"test"}:
        yield 0, first
    yield 1, first
    for epoch in range(2, common.epochs + 1):
        yield epoch, next(orders)


def split_into_stacks(
    network: Network,
    runs: Sequence[Hyperparameters],
    parameters: Parameters,
    parts: dict[str, ReadyPart],
    augment: Augment | None,
) -> list[TrainingStack]:
    """The runs in stacks that fit the cache, runs of one order together: they share its gathering.

    If images are distorted, the cache does not count: making each seed's images once saves more. Runs with
    momentum have stacks of their own: they add gradients to a velocity, the others to the weights themselves.
    """
    size = len(runs) if augment else max(1, CACHE // parameters.flat[0].nbytes)
    by_seed = sorted(range(len(runs)), key=lambda row: seed_of(runs[row], "order"))
    stacks = []
    for has_velocity in (False, True):
        kind = [row for row in by_seed if (runs[row].momentum > 0) == has_velocity]
        for start in range(0, len(kind), size):
            rows = kind[start : start + size]
            logs = [RunLog(row, runs[row], parameters.flat[row]) for row in rows]
            stacks.append(TrainingStack(network, logs, parameters.of_runs(rows), parts, augment))
    return stacks


def draw_parameters(runs: Sequence[Hyperparameters], data: Data) -> Parameters:
    """Fresh parameters, each run's from its own seeds."""
    common = runs[0]
    sizes = common.layer_sizes(data.training.inputs.shape[1], data.n_classes)
    parameters = Parameters.zeros(sizes, len(runs), common.dtype)
    for k, run in enumerate(runs):
        rng = stream(seed_of(run, "weights"), "weights")
        for W in parameters.weights:
            W[k] = INITIALIZERS[run.initializer](rng, *W.shape[1:])
        rng = stream(seed_of(run, "biases"), "biases")
        for b in parameters.biases:
            b[k, 0] = BIAS_INITIALIZERS[run.bias_initializer](rng, b.shape[2])
    return parameters


def make_results(network: Network, logs: Sequence[RunLog], test: ReadyPart) -> list[Result]:
    """What the runs leave behind; the kept networks are evaluated on the test set, once."""
    snapshots = Parameters(network.sizes, np.stack([log.snapshot for log in logs]))
    evaluation = evaluate(network, snapshots, test)
    return [
        Result(
            status=log.status,
            epochs_done=log.epochs_done,
            history=log.history,
            weights=[W[k].copy() for W in snapshots.weights],
            biases=[b[k, 0].copy() for b in snapshots.biases],
            kept_epoch=log.kept_epoch,
            test_cost=None if log.diverged else float(evaluation.cost[k]),
            test_accuracy=None if log.diverged else float(evaluation.accuracy[k]),
            seconds=log.seconds,
            evaluation_seconds=log.evaluation_seconds,
            stack_size=len(logs),
        )
        for k, log in enumerate(logs)
    ]

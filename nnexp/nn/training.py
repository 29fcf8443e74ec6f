"""Training: the entrance of the core. `validation` checks, once, all that a caller can get wrong."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np

from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.answer import Progress, ask
from nnexp.nn.batches import Augment, Order, ReadyPart
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.evaluation import evaluate
from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Network, Parameters
from nnexp.nn.result import Result
from nnexp.nn.runlog import RunLog
from nnexp.nn.start import first_parameters
from nnexp.nn.state import RunState, check_states, premises_of, restore_log
from nnexp.nn.turns import Turns
from nnexp.nn.validation import (
    Initial,
    check_augmentation,
    check_fit,
    checked_orders,
)


def train(
    runs: Sequence[Hyperparameters],
    data: Data,
    *,
    initial: Initial | None = None,
    order: Any = None,
    augment: Augment | None = None,
    progress: Progress | None = None,
    resume: Sequence[RunState] | None = None,
) -> list[Result]:
    """Train K runs together; a run's result is the same, bit for bit, alone or in any stack.

    `runs` may differ in the names of `PER_RUN` only. `initial`: for each layer `(W (K, fan_out, fan_in),
    b (K, 1, fan_out))`, whose shapes then fix the network. `order`: indices of training examples,
    `(epochs, n)` for all runs, `(K, epochs, n)`, or an iterable of one epoch each. `augment(rng, images)`:
    distorted images of the same shape, asked for once per epoch and seed.

    `progress(epoch, metrics)`: called after each epoch; metrics `(K,)` by name, NaN where a run has ended or
    the epoch was not evaluated. It returns None or an `Answer`: end all runs (their status is `stopped`), end
    some rows (`pruned`), or bring the states; then `progress(epoch, metrics, states)` is called at once.
    `resume`: a state for each run, all of one epoch, from this stack or from others. Training goes on after
    that epoch, to the results of training in one go; what had ended trains no more. `order` is given whole,
    from the first epoch; those that are done are passed over.
    Raises `UserError` when these do not fit together. Divergence is a status, never an exception.
    """
    check_fit(runs, data)
    check_augmentation(runs, augment is not None)
    premises = premises_of(runs, data, ordered=order is not None, distorted=augment is not None)
    check_states(resume, premises, initial)
    orders = repeat(None) if order is None else checked_orders(order, runs, data)
    with np.errstate(all="ignore"):  # a run that diverges must not disturb the others
        return _train(runs, data, initial, orders, augment, progress, resume, premises)


def _train(
    runs: Sequence[Hyperparameters],
    data: Data,
    initial: Initial | None,
    orders: Iterator[Order | None],
    augment: Augment | None,
    progress: Progress | None,
    resume: Sequence[RunState] | None,
    premises: Sequence[dict[str, Any]],
) -> list[Result]:
    common = runs[0]
    parts = {
        name: ReadyPart.of(getattr(data, name), data.n_classes, common.dtype)
        for name in ("training", "validation", "test")
    }
    parameters = first_parameters(runs, data, initial, resume)
    network = Network(parameters.sizes, ACTIVATIONS[common.activation], OUTPUTS[common.output, common.cost])
    logs = make_logs(runs, parameters, resume)
    turns = Turns(network, logs, parameters, parts, augment)
    if resume:
        turns.resume(resume)
    for epoch, order in passes(common, orders, resume[0].epoch if resume else None):
        if not turns.stacks:
            break
        metrics = turns.epoch(epoch, order)
        answer = ask(progress, epoch, metrics, partial(turns.states, epoch, premises))
        turns.prune(answer.prune)
        if answer.stop:
            break
    return make_results(network, logs, parts["test"])


def passes(
    common: Hyperparameters, orders: Iterator[Order | None], done: int | None
) -> Iterator[tuple[int, Order | None]]:
    """Each epoch that is not done, and its order; epoch 0, which trains nothing, if a monitor looks then.

    `done`: None before epoch 0.
    """
    first = next(orders)
    if done is None and set(common.monitor) - {"test"}:
        yield 0, first
    for epoch in range(1, common.epochs + 1):
        order = first if epoch == 1 else next(orders)
        if epoch > (done or 0):
            yield epoch, order


def make_logs(
    runs: Sequence[Hyperparameters], parameters: Parameters, resume: Sequence[RunState] | None
) -> list[RunLog]:
    """A log for each run, in their order."""
    logs = [RunLog(row, run, parameters.flat[row]) for row, run in enumerate(runs)]
    for log in logs:
        if resume:
            restore_log(log, resume[log.row])
        log.stack_size = max(log.stack_size, len(runs))
    return logs


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
            test_cost=None if log.status == "diverged" else float(evaluation.cost[k]),
            test_accuracy=None if log.status == "diverged" else float(evaluation.accuracy[k]),
            seconds=log.seconds,
            evaluation_seconds=log.evaluation_seconds,
            stack_size=log.stack_size,
        )
        for k, log in enumerate(logs)
    ]

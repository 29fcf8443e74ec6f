"""Training, compiled: the entrance, for what `nnexp.nn.train` takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np

from nnexp.nn.answer import Progress, ask
from nnexp.nn.arrays import PerRun
from nnexp.nn.batches import Augment
from nnexp.nn.compiled.epoch import Part, Recipe
from nnexp.nn.compiled.evaluation import metrics_of, scores
from nnexp.nn.compiled.feed import Drawn, Feed
from nnexp.nn.compiled.start import first_state, inputs_of, layers_of, part_of
from nnexp.nn.compiled.states import kept_layers, resumed_state, states
from nnexp.nn.compiled.turns import PARTS, Turn
from nnexp.nn.compiled.units import units_of
from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.result import Result
from nnexp.nn.runlog import HISTORY_METRICS, RunLog
from nnexp.nn.start import first_parameters
from nnexp.nn.state import RunState, check_states, premises_of, restore_log
from nnexp.nn.validation import Initial, check_augmentation, check_fit, checked_orders


def train(
    runs: Sequence[Hyperparameters],
    data: Data,
    *,
    initial: Initial | None = None,
    order: Any = None,
    augment: Augment | None = None,
    progress: Progress | None = None,
    resume: Sequence[RunState] | None = None,
    at_once: int | None = None,
) -> list[Result]:
    """Train K runs together: the arguments and results are those of `nnexp.nn.train`, to rounding.

    `at_once`: how many runs a call of the device trains; if not given, one on a processor, where a run's
    result is then the same, bit for bit, alone or in any stack, and all on an accelerator.
    Raises `UserError` as that does.
    """
    if all(run.engine == "numpy" for run in runs):
        runs = [replace(run, engine="jax") for run in runs]
    check_fit(runs, data)
    check_augmentation(runs, distorted=augment is not None)
    premises = premises_of(runs, data, ordered=order is not None, distorted=augment is not None)
    check_states(resume, premises, initial)
    inputs = np.asarray(data.training.inputs, runs[0].dtype)
    orders = None if order is None else checked_orders(order, runs, data)
    feed = Feed(runs, inputs, augment, orders, resume)
    size = at_once or (1 if jax.default_backend() == "cpu" else len(runs))
    with jax.enable_x64(runs[0].dtype == "float64"), np.errstate(all="ignore"):
        parts = {name: part_of(getattr(data, name), data.n_classes, runs[0].dtype) for name in PARTS}
        logs = make_logs(runs, resume)
        turns = make_turns(logs, data, initial, resume, size)
        _train(turns, logs, parts, feed, progress, premises, resume[0].epoch if resume else None)
        return [result for turn in turns for result in results(turn, parts["test"])]


def make_logs(runs: Sequence[Hyperparameters], resume: Sequence[RunState] | None) -> list[RunLog]:
    """A log for each run, in their order; a number stands for the parameters, which stay on the device."""
    logs = [RunLog(row, run, np.zeros(1)) for row, run in enumerate(runs)]
    for log in logs:
        if resume:
            restore_log(log, resume[log.row]._replace(arrays={"snapshot": log.snapshot}))
        log.stack_size = max(log.stack_size, len(runs))
    return logs


def make_turns(
    logs: Sequence[RunLog],
    data: Data,
    initial: Initial | None,
    resume: Sequence[RunState] | None,
    size: int,
) -> list[Turn]:
    """The runs before their first step, or where they go on, so many in a turn."""
    runs = [log.hyperparameters for log in logs]
    parameters = first_parameters(runs, data, initial, resume)
    recipe = Recipe(units_of(runs[0]), runs[0].optimizer, runs[0].batch_size)
    turns = []
    for start in range(0, len(runs), size):
        rows = range(len(runs))[start : start + size]
        some, own = [runs[row] for row in rows], parameters.of_runs(rows)
        if resume:
            left = [resume[row] for row in rows]
            state, kept = resumed_state(some, left), kept_layers(left)
        else:
            state, kept = first_state(some, own), layers_of(own)
        turns.append(Turn([logs[row] for row in rows], state, kept, recipe))
    return turns


def _train(
    turns: Sequence[Turn],
    logs: Sequence[RunLog],
    parts: Mapping[str, Part],
    feed: Feed,
    progress: Progress | None,
    premises: Sequence[dict[str, Any]],
    done: int | None,
) -> None:
    """Train the epochs that follow `done` passes; None: before epoch 0."""
    if all(log.ended for log in logs):
        return
    for epoch, drawn in passes(logs[0].hyperparameters, feed, done):
        images = {seed: inputs_of(each) for seed, each in drawn.images.items()}
        metrics = {name: np.full(len(logs), np.nan) for name in HISTORY_METRICS}
        for turn in turns:
            if not turn.is_over:
                put(turn.epoch(epoch, drawn.order, parts, images), turn, metrics)
        take_states = partial(states, turns, epoch, drawn.places, premises)
        answer = ask(progress, epoch, metrics, take_states)
        for row in answer.prune:
            logs[row].prune()
        if answer.stop or all(log.ended for log in logs):
            return


def passes(common: Hyperparameters, feed: Feed, done: int | None) -> Iterator[tuple[int, Drawn]]:
    """Each epoch that is not done, and what it sees; epoch 0, in which none trains, if a monitor looks."""
    before = feed.places
    for epoch, drawn in enumerate(feed.epochs(common.epochs - (done or 0)), start=(done or 0) + 1):
        if done is None and epoch == 1 and set(common.monitor) - {"test"}:
            yield 0, drawn._replace(images={}, places=before)
        yield epoch, drawn


def put(columns: Mapping[str, PerRun], turn: Turn, metrics: dict[str, PerRun]) -> None:
    """Metrics of a turn's runs where they belong among those of all runs."""
    rows = [log.row for log in turn.logs]
    for name, column in columns.items():
        K = len(metrics[HISTORY_METRICS[0]])
        metrics.setdefault(name, np.full(K, np.nan))[rows] = column


def results(turn: Turn, test: Part) -> list[Result]:
    """What the runs leave behind; the kept networks are evaluated on the test set, once."""
    metrics = metrics_of("test", scores(turn.kept, test, turn.recipe.units), len(test.labels))
    layers = [(np.asarray(W), np.asarray(b)) for W, b in turn.kept]
    return [
        Result(
            status=log.status,
            epochs_done=log.epochs_done,
            history=log.history,
            weights=[W[k].copy() for W, _ in layers],
            biases=[b[k, 0].copy() for _, b in layers],
            kept_epoch=log.kept_epoch,
            test_cost=None if log.status == "diverged" else float(metrics["test_cost"][k]),
            test_accuracy=None if log.status == "diverged" else float(metrics["test_accuracy"][k]),
            seconds=log.seconds,
            evaluation_seconds=log.evaluation_seconds,
            stack_size=log.stack_size,
        )
        for k, log in enumerate(turn.logs)
    ]

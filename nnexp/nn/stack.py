"""A stack: runs trained together, one array with a leading run axis."""

import time
from collections.abc import Collection, Sequence
from functools import partial

import numpy as np

from nnexp.nn.arrays import Array, PerRun
from nnexp.nn.backprop import Backprop
from nnexp.nn.batches import Augment, Feed, Order, ReadyPart
from nnexp.nn.dropout import Dropout, InputDropout
from nnexp.nn.evaluation import evaluate, penalty
from nnexp.nn.layers import Calls, TrainedLayer, run_all, trained_layers
from nnexp.nn.max_norm import limit_norms
from nnexp.nn.memory import Memory
from nnexp.nn.monitors import watch, weights_before
from nnexp.nn.network import Batch, Network, Parameters
from nnexp.nn.optimizers import OPTIMIZERS
from nnexp.nn.rates import Rates
from nnexp.nn.runlog import RunLog


class TrainingStack:
    """K runs that still train, and differ in `PER_RUN` only. `logs` and all arrays have the same order."""

    def __init__(
        self,
        network: Network,
        logs: Sequence[RunLog],
        parameters: Parameters,
        parts: dict[str, ReadyPart],
        augment: Augment | None,
    ) -> None:
        runs = [log.hyperparameters for log in logs]
        self.network, self.logs, self.parts, self.common = network, list(logs), parts, runs[0]
        self.optimizer = OPTIMIZERS[self.common.optimizer]
        arrays = self.optimizer.start(parameters.flat, self._column)
        self.memory = Memory(parameters.sizes, arrays, self.common)
        self.feed = Feed(parts["training"], runs, augment)
        self.dropout = Dropout(runs) if any(run.dropout for run in runs) else None
        self.input_dropout = InputDropout(runs) if any(run.input_dropout for run in runs) else None
        self._use(parameters)

    def _use(self, parameters: Parameters) -> None:
        self.parameters = parameters
        limits = np.array([log.hyperparameters.max_norm for log in self.logs])
        self.limits = limits if limits.any() else None
        self.rates = np.empty((0, 4))
        self.steps: dict[Batch, Calls] = {}
        self.layers: dict[int, list[TrainedLayer]] = {}  # by size of mini-batch: the usual one, and the last

    def _column(self, name: str) -> PerRun:
        """The runs' values of one hyperparameter, (K, 1)."""
        return np.array([[getattr(log.hyperparameters, name)] for log in self.logs], np.float64)

    def epoch(self, epoch: int, order: Order | None) -> tuple[list[int], dict[str, PerRun]]:
        """Train one epoch (0: none), evaluate if it is due, and keep the runs that have not ended.

        `order`: the caller's, (1, m) or one row for each of the caller's runs; None: it is drawn.
        Returns the rows of the runs that took part, and their metrics (K,) by name.
        """
        rows, every = [log.row for log in self.logs], self.common.evaluate_every
        n = len(self.parts["training"].labels) if order is None else order.shape[1]
        before = weights_before(self.common.monitor, self.parameters)
        if epoch:
            self.train_epoch(order if order is None or len(order) == 1 else order[rows], done=epoch - 1)
        due = epoch in (0, self.common.epochs) or (every > 0 and epoch % every == 0)
        columns = self.evaluate(n, before) if due else {}
        self._end_epoch(epoch, columns)
        return rows, columns

    def train_epoch(self, order: Order | None, done: int) -> None:
        """One pass, after `done` passes."""
        start = time.perf_counter()
        epoch = self.feed.epoch([log.hyperparameters for log in self.logs], order)
        self._set_rates(done, epoch.order.shape[1])
        for batch in self.feed.mini_batches(epoch, self.common.batch_size):
            if batch not in self.steps:
                self.steps[batch] = self._step(batch)
            run_all(self.steps[batch])
        self._share("seconds", start)

    def _set_rates(self, done: int, n: int) -> None:
        """The factors of an epoch of n examples. Steps that were made for the same factors stay."""
        learning_rate = np.array([[log.learning_rate(done)] for log in self.logs])
        momentum = np.array([[log.momentum(done)] for log in self.logs])
        l2, l1 = self._column("lambda_l2") / n, self._column("lambda_l1") / n
        rates = np.hstack([learning_rate, momentum, l2, l1])
        if not np.array_equal(rates, self.rates):
            self.rates, self.steps = rates, {}

    def _step(self, batch: Batch) -> Calls:
        """The calls that train on the examples of a mini-batch, whichever stand in it."""
        calls: Calls = []
        B, dropout = batch.X.shape[1], self.dropout is not None
        if B not in self.layers:
            self.layers[B] = trained_layers(self.network, self.parameters, B, dropout=dropout)
        layers = self.layers[B]
        if self.dropout:
            masks = [layer.mask for layer in layers if layer.mask is not None]
            calls.append(partial(self.dropout.draw, masks))
        if self.input_dropout:
            full, batch = batch, self.input_dropout.room(batch)
            calls.append(partial(self.input_dropout.thin, full, batch.X))
        backprop = Backprop(self.network, self.parameters, layers, batch)
        rates = Rates.of(self.rates, backprop.B, self.parameters.flat.dtype)
        calls += backprop.calls + self.optimizer.calls(self.parameters, backprop, self.memory, rates)
        if self.limits is not None:
            calls.append(partial(limit_norms, self.parameters.weights[:-1], self.limits))
        return calls

    def evaluate(self, n: int, before: Sequence[Array] | None) -> dict[str, PerRun]:
        """Metrics (K,): cost and accuracy of each part, penalty, monitors. `n`: examples in an epoch.

        `before`: the weights before the epoch, where a monitor asks for them.
        """
        start = time.perf_counter()
        columns: dict[str, PerRun] = {}
        parts = ["training", "validation"] + ["test"] * ("test" in self.common.monitor)
        evaluations = {name: evaluate(self.network, self.parameters, self.parts[name]) for name in parts}
        for name, (cost, accuracy, _) in evaluations.items():
            columns |= {name + "_cost": cost, name + "_accuracy": accuracy}
        lambda_l2, lambda_l1 = self._column("lambda_l2")[:, 0], self._column("lambda_l1")[:, 0]
        columns["penalty"] = penalty(self.parameters, lambda_l2, lambda_l1, n)
        winners = evaluations["validation"].winners
        columns |= watch(self.common.monitor, self.network, self.parameters, self.parts, winners, before)
        self._share("evaluation_seconds", start)
        return columns

    def _end_epoch(self, epoch: int, columns: dict[str, PerRun]) -> None:
        """Write the epoch into the runs' logs, and cut out the runs that have ended."""
        for k, log in enumerate(self.logs):
            metrics = {name: float(column[k]) for name, column in columns.items()}
            log.add(epoch, self.parameters.flat[k], metrics)
        self._cut()

    def prune(self, rows: Collection[int]) -> None:
        """End the runs that stand in these rows of the caller's."""
        for log in self.logs:
            if log.row in rows:
                log.prune()
        self._cut()

    def _cut(self) -> None:
        """Take the runs that have ended out of all arrays: nothing is drawn or computed for them any more."""
        remaining = [k for k, log in enumerate(self.logs) if not log.ended]
        if len(remaining) == len(self.logs):
            return
        self.logs = [self.logs[k] for k in remaining]
        self.memory = self.memory.of_runs(remaining)
        self.feed.blocks.clear()
        if self.dropout and not self.dropout.cut(remaining):
            self.dropout = None
        if self.input_dropout and not self.input_dropout.cut(remaining):
            self.input_dropout = None
        self._use(self.parameters.of_runs(remaining))

    def _share(self, clock: str, start: float) -> None:
        """Each run bears its part of the time since `start`."""
        share = (time.perf_counter() - start) / len(self.logs)
        for log in self.logs:
            setattr(log, clock, getattr(log, clock) + share)

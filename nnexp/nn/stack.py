"""A stack: runs trained together, one array with a leading run axis."""

import time
from collections.abc import Sequence

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.batches import Augment, Feed, Order, Part, mini_batches
from nnexp.nn.dropout import Dropout
from nnexp.nn.evaluation import PerRun, evaluate, penalty, watch
from nnexp.nn.network import Backprop, Network, Parameters
from nnexp.nn.optimizers import OPTIMIZERS, Rates, add_l1
from nnexp.nn.runlog import RunLog


class Stack:
    """K runs that differ in `PER_RUN` only, and that still train; `logs` and all arrays are in one order."""

    def __init__(
        self,
        network: Network,
        logs: Sequence[RunLog],
        parameters: Parameters,
        parts: dict[str, Part],
        augment: Augment | None,
    ) -> None:
        runs = [log.hyperparameters for log in logs]
        self.network, self.logs, self.parts, self.common = network, list(logs), parts, runs[0]
        self.optimizer = OPTIMIZERS[self.common.optimizer]
        self.state = self.optimizer.start(parameters.flat, self._column("momentum"))
        self.feed = Feed(parts["training"], [run.seed for run in runs], augment)
        self.dropout = Dropout(runs) if any(run.dropout for run in runs) else None
        self._use(parameters)

    def _use(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.grads = Parameters.zeros(parameters.sizes, len(parameters.flat), parameters.flat.dtype)
        self.backprops: dict[int, Backprop] = {}  # by size of mini-batch: the usual one, and the last

    def _column(self, name: str) -> PerRun:
        """The runs' values of one hyperparameter, (K, 1)."""
        return np.array([[getattr(log.hyperparameters, name)] for log in self.logs], np.float64)

    def epoch(self, epoch: int, given: Order | None) -> tuple[list[int], dict[str, PerRun]]:
        """Train one epoch (0: none), evaluate if it is due, go on with the runs that have not ended.

        `given`: an order, (1, m) or one row for each of the caller's runs, instead of a drawn one.
        Returns the rows of the runs that took part, and their metrics (K,) by name.
        """
        common, rows = self.common, [log.row for log in self.logs]
        n = len(self.parts["training"].labels) if given is None else given.shape[1]
        if epoch:
            self.train_epoch(given if given is None or len(given) == 1 else given[rows], epoch - 1)
        every = common.evaluate_every
        due = epoch in (0, common.epochs) or (every > 0 and epoch % every == 0)
        columns = self.evaluate(n) if due else {}
        self._note(epoch, columns)
        return rows, columns

    def train_epoch(self, given: Order | None, done: int) -> None:
        """One pass, after `done` passes."""
        began = time.perf_counter()
        part, order = self.feed.epoch([log.hyperparameters.seed for log in self.logs], given)
        rates, scales = self._rates(done, order.shape[1])
        for X, Y in mini_batches(part, order, self.common.batch_size):
            self._step(X, Y, scales[X.shape[1]], rates)
        self._share("seconds", began)

    def _rates(self, done: int, n: int) -> tuple[Rates, dict[int, Array]]:
        """The epoch's factors, and the scale of delta (K, B, C) for each size of mini-batch."""
        dtype, batch_size = self.parameters.flat.dtype, self.common.batch_size
        learning_rate = np.array([[log.learning_rate(done)] for log in self.logs])
        scale = learning_rate if self.optimizer.scaled else np.ones_like(learning_rate)
        l2, l1 = self._column("lambda_l2") / n, self._column("lambda_l1") / n
        rates = Rates(
            learning_rate=learning_rate.astype(dtype),
            momentum=self._column("momentum").astype(dtype),
            decay=(1 - learning_rate * l2).astype(dtype) if l2.any() else None,
            pull=(scale * l2).astype(dtype) if l2.any() else None,
            pull_l1=(scale * l1).astype(dtype) if l1.any() else None,
        )
        K, C = len(scale), self.network.sizes[-1]
        scales = {
            m: np.broadcast_to(scale[:, :, np.newaxis] / m, (K, m, C)).astype(dtype)
            for m in {min(batch_size, n), n % batch_size or batch_size}
        }
        return rates, scales

    def _step(self, X: Array, Y: Array, scale: Array, rates: Rates) -> None:
        """One mini-batch."""
        m = X.shape[1]
        if m not in self.backprops:
            dropout = self.dropout is not None
            self.backprops[m] = Backprop(self.network, self.parameters, self.grads, m, dropout=dropout)
        backprop = self.backprops[m]
        if self.dropout:
            self.dropout.draw(backprop.masks)
        backprop(X, Y, scale)
        if rates.pull_l1 is not None:
            add_l1(self.parameters, self.grads, rates.pull_l1)
        self.optimizer.step(self.parameters, self.grads, self.state, rates)

    def evaluate(self, n: int) -> dict[str, PerRun]:
        """Metrics (K,): cost and accuracy of each part, penalty, monitors. `n`: examples in an epoch."""
        began = time.perf_counter()
        columns: dict[str, PerRun] = {}
        names = ["training", "validation"] + ["test"] * ("test" in self.common.monitor)
        found = {name: evaluate(self.network, self.parameters, self.parts[name]) for name in names}
        for name, (cost, accuracy, _) in found.items():
            columns |= {f"{name}_cost": cost, f"{name}_accuracy": accuracy}
        lambda_l2, lambda_l1 = self._column("lambda_l2")[:, 0], self._column("lambda_l1")[:, 0]
        columns["penalty"] = penalty(self.parameters, lambda_l2, lambda_l1, n)
        winners = found["validation"].winners
        columns |= watch(self.common.monitor, self.network, self.parameters, self.parts["training"], winners)
        self._share("evaluation_seconds", began)
        return columns

    def _note(self, epoch: int, columns: dict[str, PerRun]) -> None:
        """Write the epoch into the runs' logs, and cut out the runs that have ended."""
        for k, log in enumerate(self.logs):
            metrics = {name: float(column[k]) for name, column in columns.items()}
            log.add(epoch, self.parameters.flat[k], metrics)
        going = [k for k, log in enumerate(self.logs) if not log.ended]
        if len(going) < len(self.logs):
            self.logs = [self.logs[k] for k in going]
            self.state = {name: array[going] for name, array in self.state.items()}
            if self.dropout:
                self.dropout.cut(going)
            self._use(self.parameters.of_runs(going))

    def _share(self, clock: str, began: float) -> None:
        """Each run bears its part of the time since `began`."""
        share = (time.perf_counter() - began) / len(self.logs)
        for log in self.logs:
            setattr(log, clock, getattr(log, clock) + share)

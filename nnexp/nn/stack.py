"""A stack: runs trained together, one array with a leading run axis."""

import time
from collections.abc import Sequence

import numpy as np

from nnexp.nn.activations import ACTIVATIONS, Array
from nnexp.nn.batches import Order, Part, mini_batches
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.dropout import Dropout
from nnexp.nn.evaluation import PerRun, evaluate, penalty, watch
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Backprop, Network, Parameters
from nnexp.nn.optimizers import OPTIMIZERS, Rates
from nnexp.nn.runlog import RunLog


class Stack:
    """K runs that differ in `PER_RUN` only. `active`: which of them still train, in the arrays' order."""

    def __init__(self, runs: Sequence[Hyperparameters], sizes: Sequence[int], flat: Array) -> None:
        common = runs[0]
        self.common = common
        output = OUTPUTS[common.output, common.cost]
        self.network = Network(tuple(sizes), ACTIVATIONS[common.activation], output)
        self.optimizer = OPTIMIZERS[common.optimizer]
        self.logs = [RunLog(run, row) for run, row in zip(runs, flat, strict=True)]
        self.active = list(range(len(runs)))
        rates = [run.dropout if common.hidden_layers else 0.0 for run in runs]
        self.dropout = Dropout([run.seed for run in runs], rates, flat.dtype) if any(rates) else None
        self.state = self.optimizer.start(flat, self._column("momentum"))
        self._use(flat)

    def _use(self, flat: Array) -> None:
        self.parameters = Parameters(self.network.sizes, flat)
        self.grads = Parameters(self.network.sizes, np.empty_like(flat))
        self._backprops: dict[int, Backprop] = {}

    def _column(self, name: str) -> PerRun:
        """The active runs' values of one hyperparameter, (K, 1)."""
        runs = [self.logs[k].hyperparameters for k in self.active]
        return np.array([[getattr(run, name)] for run in runs], np.float64)

    def _backprop(self, batch_size: int) -> Backprop:
        if batch_size not in self._backprops:
            self._backprops[batch_size] = Backprop(self.network, self.parameters, self.grads, batch_size)
        return self._backprops[batch_size]

    def _rates(self, learning_rate: PerRun, n: int) -> Rates:
        dtype = self.parameters.flat.dtype
        pull = self._column("lambda_l2") / n
        decay = 1 - learning_rate * pull
        pull *= learning_rate if self.optimizer.scaled else 1
        used = pull.any()
        return Rates(
            learning_rate.astype(dtype),
            self._column("momentum").astype(dtype),
            pull.astype(dtype) if used else None,
            decay.astype(dtype) if used else None,
        )

    def train_epoch(self, part: Part, order: Order, done: int) -> None:
        """One pass over the examples in `order`, after `done` passes."""
        began = time.perf_counter()
        n, dtype = order.shape[1], self.parameters.flat.dtype
        learning_rate = np.array([[self.logs[k].learning_rate(done)] for k in self.active])
        rates = self._rates(learning_rate, n)
        scale = learning_rate[:, :, np.newaxis] if self.optimizer.scaled else np.ones((len(order), 1, 1))
        shrinkage = self._column("lambda_l1") / n * scale[:, 0]
        l1 = shrinkage.astype(dtype) if shrinkage.any() else None
        scales = {
            m: (scale / m).astype(dtype) for m in {self.common.batch_size, n % self.common.batch_size} if m
        }
        for X, Y in mini_batches(part, order, self.common.batch_size):
            m = X.shape[1]
            self._step(self._backprop(m), X, Y, scales[m], rates, l1)
        self._share("seconds", began)

    def _step(
        self, backprop: Backprop, X: Array, Y: Array, scale: Array, rates: Rates, l1: Array | None
    ) -> None:
        masks = self.dropout.masks(backprop.activations[:-1]) if self.dropout else ()
        backprop(X, Y, scale, masks)
        if l1 is not None:
            self.grads.penalised += l1 * np.sign(self.parameters.penalised)  # sgn(0) = 0
        self.optimizer.step(self.parameters, self.grads, self.state, rates)

    def evaluate(self, parts: dict[str, Part], n: int) -> dict[str, PerRun]:
        """The metrics of the active runs, each (K,): cost and accuracy of each part, penalty, monitors."""
        began = time.perf_counter()
        columns: dict[str, PerRun] = {}
        for name, part in parts.items():
            found = evaluate(self.network, self.parameters, part)
            columns |= {f"{name}_cost": found.cost, f"{name}_accuracy": found.accuracy}
            if name == "validation":
                winners = found.winners
        lambdas = [self._column(name)[:, 0] for name in ("lambda_l2", "lambda_l1")]
        columns["penalty"] = penalty(self.parameters, *lambdas, n)
        columns |= watch(self.common.monitor, self.network, self.parameters, parts["training"], winners)
        self._share("evaluation_seconds", began)
        return columns

    def note(self, epoch: int, columns: dict[str, PerRun]) -> None:
        """Write the epoch into the runs' logs, and go on with those that neither diverged nor stopped."""
        finite = np.isfinite(self.parameters.flat).all(axis=1)
        absent = {} if "test_cost" in columns or not columns else {"test_cost": None, "test_accuracy": None}
        for row, k in enumerate(self.active):
            values = {name: float(column[row]) for name, column in columns.items()}
            self.logs[k].add(epoch, self.parameters.flat[row], values | absent, finite=bool(finite[row]))
        rows = [row for row, k in enumerate(self.active) if not self.logs[k].stopped]
        if len(rows) < len(self.active):
            self._cut(rows)

    def _cut(self, rows: list[int]) -> None:
        self.active = [self.active[row] for row in rows]
        self.state = {name: array[rows] for name, array in self.state.items()}
        if self.dropout:
            self.dropout.cut(rows)
        self._use(self.parameters.flat[rows])

    def _share(self, clock: str, began: float) -> None:
        """Each active run bears its part of the time since `began`."""
        share = (time.perf_counter() - began) / len(self.active)
        for k in self.active:
            log = self.logs[k]
            setattr(log, clock, getattr(log, clock) + share)

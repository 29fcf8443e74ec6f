"""What one run has done so far, and whether it goes on."""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.result import History, Status
from nnexp.nn.schedules import LAST_SHARE, SCHEDULES, momentum_ramp

HISTORY_METRICS = ["training_cost", "training_accuracy", "validation_cost", "validation_accuracy"]
TEST_METRICS = ["test_cost", "test_accuracy"]


class Best:
    """The best validation accuracy so far, and the first epoch that reached it."""

    def __init__(self) -> None:
        self.accuracy, self.epoch = -1.0, 0  # below any

    def improves(self, epoch: int, accuracy: float) -> bool:
        """Take in an epoch's accuracy. Returns whether it is a new best."""
        if accuracy <= self.accuracy:
            return False
        self.accuracy, self.epoch = accuracy, epoch
        return True


class Plateau:
    """The book's rule for the learning rate: it drops after `epochs` epochs without a better accuracy."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.drops, self.since = epochs, 0, 0

    def add(self, epoch: int, improved: bool) -> None:
        """Take in an epoch; after an improvement and after a drop, the waiting starts anew."""
        drop = not improved and epoch - self.since >= self.epochs
        self.drops += drop
        if improved or drop:
            self.since = epoch


class RunLog:
    """History, weights to keep, and state of one run.

    `row`: its place among the caller's runs; `snapshot (P,)`: its parameters after `kept_epoch` passes;
    `ending`: how it ended before its last epoch, if it has; `stack_size`: the most runs it was trained with.
    """

    def __init__(self, row: int, hyperparameters: Hyperparameters, flat: Array) -> None:
        self.row, self.hyperparameters = row, hyperparameters
        columns = ["epoch", *HISTORY_METRICS, *TEST_METRICS, "penalty", "seconds"]
        self.history: History = {column: [] for column in columns}
        self.snapshot, self.kept_epoch = flat.copy(), 0
        self.epochs_done = 0
        self.ending: Literal["finished", "diverged", "pruned"] | None = None
        self.seconds = self.evaluation_seconds = 0.0
        self.stack_size = 1
        self.best, self.plateau = Best(), Plateau(hyperparameters.schedule_epochs)

    @property
    def ended(self) -> bool:
        """Whether the run trains no more."""
        return self.ending is not None

    @property
    def status(self) -> Status:
        """How the run has ended; the caller may have `pruned` it, or `stopped` all runs."""
        complete = self.epochs_done == self.hyperparameters.epochs
        return self.ending or ("finished" if complete else "stopped")

    def prune(self) -> None:
        """End the run, unless this was its last epoch."""
        if not self.ended and self.epochs_done < self.hyperparameters.epochs:
            self.ending = "pruned"

    def learning_rate(self, done: int) -> float:
        """The learning rate for the epoch that follows `done` passes."""
        h, drops = self.hyperparameters, self.plateau.drops
        factor = SCHEDULES[h.schedule](done, h.epochs, h.schedule_epochs, h.schedule_factor, drops)
        return h.learning_rate * factor

    def momentum(self, done: int) -> float:
        """The momentum for the epoch that follows `done` passes."""
        h = self.hyperparameters
        if not h.momentum_ramp_epochs:
            return h.momentum
        return momentum_ramp(done, h.momentum_ramp_epochs, h.momentum_start, h.momentum)

    def add(self, epoch: int, flat: Array, metrics: Mapping[str, float]) -> None:
        """Take in the end of an epoch: parameters `flat (P,)`, and metrics if it was evaluated."""
        costs = [metrics[name] for name in (*HISTORY_METRICS, "penalty") if name in metrics]
        if not np.isfinite(flat).all() or not np.isfinite(costs).all():
            self.ending = "diverged"
            return
        self.epochs_done = epoch
        if metrics:
            self._add_row(epoch, metrics)
        improved = epoch > 0 and bool(metrics) and self.best.improves(epoch, metrics["validation_accuracy"])
        keep = improved if self.hyperparameters.keeps_best else epoch > 0
        if keep:
            self.snapshot[:], self.kept_epoch = flat, epoch
        if epoch and metrics:
            self._end_without_improvement(epoch, improved)

    def _add_row(self, epoch: int, metrics: Mapping[str, float]) -> None:
        row = {"epoch": epoch, **dict.fromkeys(TEST_METRICS), **metrics, "seconds": self.seconds}
        for column, value in row.items():
            finite = value is not None and math.isfinite(value)  # a monitor may overflow before the cost
            self.history.setdefault(column, []).append(value if finite else None)

    def _end_without_improvement(self, epoch: int, improved: bool) -> None:
        """End the run where patience has run out, or where the learning rate has dropped to its end."""
        h = self.hyperparameters
        self.plateau.add(epoch, improved)
        if h.patience and epoch - self.best.epoch >= h.patience:
            self.ending = "finished"
        if h.schedule == "plateau" and h.schedule_factor**self.plateau.drops <= LAST_SHARE:
            self.ending = "finished"

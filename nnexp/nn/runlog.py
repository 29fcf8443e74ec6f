"""What one run has done so far, and whether it goes on."""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from nnexp.nn.arrays import Array
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.result import History
from nnexp.nn.schedules import LAST_SHARE, SCHEDULES

METRICS = ["training_cost", "training_accuracy", "validation_cost", "validation_accuracy"]
TEST_METRICS = ["test_cost", "test_accuracy"]


class RunLog:
    """History, kept weights and state of one run.

    `row`: its place among the caller's runs; `kept (P,)`: its parameters after `kept_epoch` passes.
    """

    def __init__(self, row: int, hyperparameters: Hyperparameters, flat: Array) -> None:
        self.row, self.hyperparameters = row, hyperparameters
        columns = ["epoch", *METRICS, *TEST_METRICS, "penalty", "seconds"]
        self.history: History = {column: [] for column in columns}
        self.kept, self.kept_epoch = flat.copy(), 0
        self.epochs_done = 0
        self.diverged = self.ended = False
        self.seconds = self.evaluation_seconds = 0.0
        self._best, self._best_epoch = -math.inf, 0
        self._drops, self._waiting_since = 0, 0

    @property
    def status(self) -> Literal["finished", "diverged", "stopped"]:
        """How the run has ended; `stopped`: the caller ended it before its time."""
        if self.diverged:
            return "diverged"
        return "finished" if self.ended or self.epochs_done == self.hyperparameters.epochs else "stopped"

    def learning_rate(self, done: int) -> float:
        """The learning rate for the epoch that follows `done` passes."""
        h = self.hyperparameters
        factor = SCHEDULES[h.schedule](done, h.epochs, h.schedule_epochs, h.schedule_factor, self._drops)
        return h.learning_rate * factor

    def add(self, epoch: int, flat: Array, metrics: Mapping[str, float]) -> None:
        """Take in the end of an epoch: parameters `flat (P,)`, and metrics if it was evaluated."""
        seen = [metrics[name] for name in (*METRICS, "penalty") if name in metrics]
        if not np.isfinite(flat).all() or not np.isfinite(seen).all():
            self.diverged = self.ended = True
            return
        self.epochs_done = epoch
        if metrics:
            row = {"epoch": epoch, **dict.fromkeys(TEST_METRICS), **metrics, "seconds": self.seconds}
            for column, value in row.items():
                known = value is not None and math.isfinite(value)  # a monitor may overflow before the cost
                self.history.setdefault(column, []).append(value if known else None)
        if epoch and not self.hyperparameters.keeps_best:
            self._keep(epoch, flat)
        if epoch and metrics:
            self._judge(epoch, flat, metrics["validation_accuracy"])

    def _keep(self, epoch: int, flat: Array) -> None:
        self.kept[:], self.kept_epoch = flat, epoch

    def _judge(self, epoch: int, flat: Array, accuracy: float) -> None:
        """Keep the weights if they are the best so far; stop, or slow down, where nothing improves."""
        h = self.hyperparameters
        if accuracy > self._best:
            self._best, self._best_epoch, self._waiting_since = accuracy, epoch, epoch
            if h.keeps_best:
                self._keep(epoch, flat)
        if h.patience and epoch - self._best_epoch >= h.patience:
            self.ended = True
        if h.schedule == "plateau" and epoch - self._waiting_since >= h.schedule_epochs:
            self._drops, self._waiting_since = self._drops + 1, epoch
            self.ended |= h.schedule_factor**self._drops <= LAST_SHARE

"""What one run has done so far, and whether it goes on."""

import math
from collections.abc import Mapping

from nnexp.nn.activations import Array
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.result import History
from nnexp.nn.schedules import LAST_SHARE, SCHEDULES

BASE_COLUMNS = (
    "epoch training_cost training_accuracy validation_cost validation_accuracy test_cost test_accuracy "
    "penalty seconds"
).split()


class RunLog:
    """History, kept weights and state of one run; `kept (P,)` after `kept_epoch` passes."""

    def __init__(self, hyperparameters: Hyperparameters, flat: Array) -> None:
        self.hyperparameters = hyperparameters
        self.history: History = {column: [] for column in BASE_COLUMNS}
        self.kept, self.kept_epoch = flat.copy(), 0
        self.diverged = self.stopped = False
        self.seconds = self.evaluation_seconds = 0.0
        self._best, self._best_epoch = -math.inf, 0
        self._drops, self._waiting_since = 0, 0

    def learning_rate(self, done: int) -> float:
        """The learning rate for the epoch that follows `done` passes."""
        h = self.hyperparameters
        schedule = SCHEDULES[h.schedule]
        return h.learning_rate * schedule(done, h.epochs, h.schedule_epochs, h.schedule_factor, self._drops)

    def add(self, epoch: int, flat: Array, row: Mapping[str, float | None], *, finite: bool) -> None:
        """Take in the end of an epoch: the parameters `flat (P,)` and, if it was evaluated, its metrics."""
        costs = (row.get("training_cost"), row.get("validation_cost"))
        if not finite or not all(math.isfinite(cost) for cost in costs if cost is not None):
            self.diverged = self.stopped = True
            return
        if row:
            self._append({"epoch": epoch, **row, "seconds": self.seconds})
        if epoch:
            self._judge(epoch, flat, row.get("validation_accuracy"))

    def _append(self, row: Mapping[str, float | None]) -> None:
        for column, value in row.items():
            self.history.setdefault(column, []).append(value)

    def _judge(self, epoch: int, flat: Array, accuracy: float | None) -> None:
        """Keep the weights if they are the ones wanted; stop or slow down where nothing improves."""
        h = self.hyperparameters
        better = accuracy is not None and accuracy > self._best
        if better or not h.keeps_best:
            self.kept[:], self.kept_epoch = flat, epoch
        if better and accuracy is not None:
            self._best, self._best_epoch, self._waiting_since = accuracy, epoch, epoch
        if h.patience and epoch - self._best_epoch >= h.patience:
            self.stopped = True
        if h.schedule == "plateau" and epoch - self._waiting_since >= h.schedule_epochs:
            self._drops, self._waiting_since = self._drops + 1, epoch
            self.stopped |= h.schedule_factor**self._drops <= LAST_SHARE

"""The board: a small memory map on which workers show how far runs are. It survives a killed worker."""

import errno
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("epoch", "cost", "accuracy", "pid", "safe", "troubles", "errno")
PID, SAFE, TROUBLES, ERRNO = 3, 4, 5, 6
DISTANT = 2**40  # larger than any pid of this machine


class Board:
    """A row per run of the plan: epochs done, training cost, validation accuracy, the worker's pid, until
    when nothing that it did can be lost, and how often a checkpoint made trouble, and which.
    One more row holds what the parent asks of all workers.

    Pickles as its path, so a worker opens the same file.
    """

    def __init__(self, path: Path, runs: int) -> None:
        self.path, self.runs = path, runs
        if not path.exists():
            np.zeros((runs + 1, len(COLUMNS))).tofile(path)
        whole = np.memmap(path, np.float64, "r+", shape=(runs + 1, len(COLUMNS)))
        self.rows: NDArray[np.float64] = whole[:runs]
        self._wishes = whole[runs]

    def __reduce__(self) -> tuple[type["Board"], tuple[Path, int]]:
        return Board, (self.path, self.runs)

    def start(self, rows: Sequence[int], epoch: int = 0, pid: int | None = None) -> None:
        """The runs of `rows`, which have done `epoch` epochs, train now: in this process, or, as a stack of
        another machine's, in what stands for one, a `pid` of at least `DISTANT`."""
        self.rows[list(rows), :TROUBLES] = (epoch, np.nan, np.nan, pid or os.getpid(), time.monotonic())

    def show(self, rows: Sequence[int], epoch: int, metrics: Mapping[str, NDArray[np.floating]]) -> None:
        """The runs of `rows` have done `epoch` epochs."""
        self.rows[list(rows), 0] = epoch
        for column, name in ((1, "training_cost"), (2, "validation_accuracy")):
            evaluated = ~np.isnan(metrics[name])  # else not evaluated: the figures before stand
            self.rows[np.array(rows)[evaluated], column] = metrics[name][evaluated]

    def mirror(self, rows: Sequence[int], figures: Sequence[Sequence[float]], ages: Sequence[float]) -> None:
        """Show what another machine says of the runs of `rows`: epoch, cost and accuracy, and the seconds
        since nothing that it did could be lost."""
        self.rows[list(rows), :PID] = figures
        self.rows[list(rows), SAFE] = time.monotonic() - np.array(ages)

    def mark(self, rows: Sequence[int]) -> None:
        """The runs of `rows` have a checkpoint of this moment."""
        self.rows[list(rows), SAFE] = time.monotonic()

    def report(self, rows: Sequence[int], error: Exception) -> None:
        """A checkpoint of the runs of `rows` could not be written or read."""
        self.rows[rows[0], TROUBLES] += 1
        self.rows[rows[0], ERRNO] = getattr(error, "errno", None) or errno.EIO

    def finish(self, rows: Sequence[int]) -> None:
        """The process that trained the runs of `rows` does so no more; who it was still stands there."""
        self.rows[list(rows), PID] = -np.abs(self.rows[list(rows), PID])

    def put_back(self, rows: Sequence[int]) -> None:
        """The runs of `rows` wait for a process, as if none had begun them."""
        self.rows[list(rows), :TROUBLES] = 0

    def holder(self, rows: Sequence[int]) -> int:
        """The pid of the process that began the runs of `rows`; 0: none."""
        return int(np.abs(self.rows[list(rows), PID]).max())

    @property
    def running(self) -> NDArray[np.bool_]:
        """Which runs are training now, `(runs,)`."""
        return np.asarray(self.rows[:, PID] > 0)

    @property
    def at_stake(self) -> float:
        """Seconds of training that a stop may lose now."""
        safe = self.rows[self.running, SAFE]
        return float(time.monotonic() - safe.min()) if len(safe) else 0.0

    @property
    def troubles(self) -> tuple[int, str]:
        """How often a checkpoint could not be written or read, and the last reason."""
        numbers = self.rows[self.rows[:, TROUBLES] > 0, ERRNO]
        return int(self.rows[:, TROUBLES].sum()), os.strerror(int(numbers[-1])) if len(numbers) else ""

    def ask_to_stop(self) -> None:
        """Let every worker stop at the end of its epoch, and begin no other stack."""
        self._wishes[0] = 1

    @property
    def stop_asked(self) -> bool:
        """Whether somebody has asked to stop."""
        return bool(self._wishes[0])

"""The board: a small memory map on which workers show how far runs are. It survives a killed worker."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("epoch", "cost", "accuracy", "pid")


class Board:
    """A row per run of the plan: epochs done, training cost, validation accuracy, and the worker's pid.
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

    def start(self, rows: Sequence[int]) -> None:
        """This process now trains the runs of `rows`."""
        self.rows[list(rows)] = (0, np.nan, np.nan, os.getpid())

    def show(self, rows: Sequence[int], epoch: int, metrics: Mapping[str, NDArray[np.floating]]) -> None:
        """The runs of `rows` have done `epoch` epochs."""
        self.rows[list(rows), 0] = epoch
        for column, name in ((1, "training_cost"), (2, "validation_accuracy")):
            known = ~np.isnan(metrics[name])  # else not evaluated: the figures before stand
            self.rows[np.array(rows)[known], column] = metrics[name][known]

    def finish(self, rows: Sequence[int]) -> None:
        """No process trains the runs of `rows` any more."""
        self.rows[list(rows), 3] = 0

    @property
    def running(self) -> NDArray[np.bool_]:
        """Which runs are training now, `(runs,)`."""
        return np.asarray(self.rows[:, 3] > 0)

    def ask_to_stop(self) -> None:
        """Let every worker stop at the end of its epoch, and begin no other stack."""
        self._wishes[0] = 1

    @property
    def stop_asked(self) -> bool:
        """Whether somebody has asked to stop."""
        return bool(self._wishes[0])

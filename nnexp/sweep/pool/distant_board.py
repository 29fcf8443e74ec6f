"""The board of a stack that trains far from its parent."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnexp.sweep.pool.progress_board import ERRNO, SAFE, TROUBLES, Board

TELL_EVERY = 1.0  # seconds from one message to the next
_stopped = set[str]()  # sweeps that are to stop


def stop(sweep: str) -> None:
    """In a worker: let the runs of a sweep stop at the end of their epoch."""
    _stopped.add(sweep)


class DistantBoard(Board):
    """Tells the parent now and then what its own board would say, and stops runs that nobody waits for."""

    def __init__(self, path: Path, rows: Sequence[int], sweep: str) -> None:
        """`rows`: those of the stack on the parent's board; here they are 0, 1, ..."""
        from distributed import get_worker

        super().__init__(path, len(rows))
        self._worker, self._sweep, self._plan_rows = get_worker(), sweep, list(rows)
        self._order = self._worker.get_current_task()
        self._next, self._seconds, self._end = 0.0, 0.0, np.inf

    def end_after(self, seconds: float) -> None:
        """Let runs stop as well so many seconds after they have first shown something; 0: they may go on to
        their end."""
        self._seconds = seconds

    def show(self, rows: Sequence[int], epoch: int, metrics: Mapping[str, NDArray[np.floating]]) -> None:
        super().show(rows, epoch, metrics)
        now = time.monotonic()
        if self._seconds and self._end == np.inf:  # else one that takes longer to begin would gain nothing
            self._end = now + self._seconds
        if now >= self._next:
            self._next = now + TELL_EVERY
            ages = (now - self.rows[:, SAFE]).tolist()
            told = {"rows": self._plan_rows, "figures": self.rows[:, :3].tolist(), "ages": ages}
            self._worker.log_event(self._sweep, told)

    @property
    def stop_asked(self) -> bool:
        """Whether the sweep stops, its parent is gone, or this stack is to come back now."""
        task = self._worker.state.tasks.get(self._order)  # cancelled, once its client is gone
        is_wanted = task is not None and task.state == "executing"
        return self._sweep in _stopped or not is_wanted or time.monotonic() >= self._end

    @property
    def trouble(self) -> int:
        """The error number of the last trouble with checkpoints; 0 for none."""
        numbers = self.rows[self.rows[:, TROUBLES] > 0, ERRNO]
        return int(numbers[-1]) if len(numbers) else 0

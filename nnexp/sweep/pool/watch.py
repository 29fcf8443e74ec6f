"""What looks at a stack while it trains: shows it, stops it, and keeps what it has done."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nnexp.nn import Answer, RunState
from nnexp.sweep.pool.premises import Premises
from nnexp.sweep.pool.running_clock import RunningClock
from nnexp.sweep.pool.stacks import Stack


class Progress(Protocol):
    """Where a worker shows how far its runs are; rows are numbers in the plan."""

    def start(self, rows: tuple[int, ...], epoch: int = 0) -> None: ...
    def show(
        self, rows: tuple[int, ...], epoch: int, metrics: Mapping[str, NDArray[np.floating]]
    ) -> None: ...
    def mark(self, rows: tuple[int, ...]) -> None: ...
    def report(self, rows: tuple[int, ...], error: Exception) -> None: ...
    def finish(self, rows: tuple[int, ...]) -> None: ...
    def ask_to_stop(self) -> None: ...
    @property
    def stop_asked(self) -> bool: ...


class Watch:
    """What looks at a stack after each epoch: shows it, ends it when its time is over or a stop is asked for,
    and writes its checkpoints. `stack`: as it would go on now; `begun_at`: the epochs that were done before;
    `cut`: whether a stop has ended it."""

    def __init__(self, stack: Stack, expected: Premises, progress: Progress) -> None:
        self.stack, self.expected, self.progress = stack, expected, progress
        self.clock, self._seconds_before = RunningClock(), 0.0
        self.begun_at, self.cut = 0, False
        self._due = time.monotonic() + expected.checkpoint_every

    def states(self) -> list[RunState] | None:
        """Where the runs go on; None if they begin, as they do if their checkpoint cannot be read."""
        if not self.stack.marks or self.expected.checkpoints is None:
            return None
        try:
            states = self.expected.checkpoints.read(self.stack)
        except (OSError, ValueError) as error:
            self.progress.report(self.stack.rows, error)
            self.stack = replace(self.stack, marks=())
            self.progress.start(self.stack.rows)
            return None
        self.begun_at = self.stack.epoch
        self._seconds_before = max(state.log["seconds"] + state.log["evaluation_seconds"] for state in states)
        return states

    def __call__(
        self,
        epoch: int,
        metrics: Mapping[str, NDArray[np.floating]],
        states: list[RunState] | None = None,
    ) -> Answer | None:
        if states is not None:
            self._write(states)
            return None
        self.progress.show(self.stack.rows, epoch, metrics)
        late = self._is_late()
        self.cut = self.progress.stop_asked and not late
        is_last = epoch == self.stack.runs[0].hyperparameters.epochs
        due = self.expected.checkpoint_every > 0 and (self.cut or time.monotonic() >= self._due)
        checkpoint = due and not late and not is_last and epoch > 0 and self.expected.checkpoints is not None
        return Answer(stop=late or self.cut, states=checkpoint)

    def _is_late(self) -> bool:
        limit, runs = self.expected.max_seconds, len(self.stack.runs)
        return limit is not None and self._seconds_before + self.clock.seconds() / runs > limit

    def _write(self, states: list[RunState]) -> None:
        """Make the states durable. Where that fails, training goes on, and a stop loses more."""
        assert self.expected.checkpoints is not None
        try:
            self.stack = self.expected.checkpoints.write(self.stack, states)
            self.progress.mark(self.stack.rows)
        except OSError as error:
            self.progress.report(self.stack.rows, error)
        self._due = time.monotonic() + self.expected.checkpoint_every

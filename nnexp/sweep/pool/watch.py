"""What looks at a stack while it trains: shows it, stops it, and keeps what it has done."""

import time
from collections.abc import Collection, Mapping
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
    writes its checkpoints, and ends runs that fall below their floor. `stack`: as it would go on now;
    `begun_at`: the epochs that were done before; `cut`: whether a stop has ended it."""

    def __init__(self, stack: Stack, expected: Premises, progress: Progress) -> None:
        self.stack, self.expected, self.progress = stack, expected, progress
        self.clock, self._seconds_before = RunningClock(), 0.0
        self.begun_at, self.cut = 0, False
        self._due = time.monotonic() + expected.checkpoint_every
        self._floors = [expected.floors.get(run.run_id, {}) for run in stack.runs]
        self._best = np.zeros(len(stack.runs))  # validation accuracies so far
        self._pruned: Collection[int] = ()  # rows that end at this epoch

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
        for row, state in enumerate(states):
            self._best[row] = max((a or 0.0 for a in state.log["history"]["validation_accuracy"]), default=0)
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
        self._pruned = () if is_last or epoch == 0 else self._below(epoch, metrics["validation_accuracy"])
        return Answer(stop=late or self.cut, states=checkpoint, prune=self._pruned)

    def _below(self, epoch: int, accuracy: NDArray[np.floating]) -> list[int]:
        """The rows of runs that are below their floor after an epoch, and still train."""
        self._best = np.fmax(self._best, accuracy)
        return [
            row
            for row, floors in enumerate(self._floors)
            if not np.isnan(accuracy[row]) and self._best[row] < floors.get(epoch, 0.0)
        ]

    def _is_late(self) -> bool:
        limit, runs = self.expected.max_seconds, len(self.stack.runs)
        return limit is not None and self._seconds_before + self.clock.seconds() / runs > limit

    def _write(self, states: list[RunState]) -> None:
        """Make the states durable, but for those of runs that end here: were their records lost, they would
        end an epoch later. Where that fails, training goes on, and a stop loses more."""
        assert self.expected.checkpoints is not None
        try:
            if self._pruned:
                self._write_rest(states)
            else:
                self.stack = self.expected.checkpoints.write(self.stack, states)
            self.progress.mark(self.stack.rows)
        except OSError as error:
            self.progress.report(self.stack.rows, error)
        self._due = time.monotonic() + self.expected.checkpoint_every

    def _write_rest(self, states: list[RunState]) -> None:
        """The checkpoint of an epoch at which some runs of the stack are pruned, without these."""
        assert self.expected.checkpoints is not None
        going_on = [row for row in range(len(states)) if row not in self._pruned]
        if going_on:
            alone = self.stack.apart()
            rest = Stack.of([(alone[row].runs[0], alone[row].rows[0]) for row in going_on], {})
            self.expected.checkpoints.write(rest, [states[row] for row in going_on])

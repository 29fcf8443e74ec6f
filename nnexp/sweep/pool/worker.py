"""What a worker process does: train one stack and return values. It writes nothing but checkpoints."""

import os
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nnexp.data import Dataset, DataSpec, augmenter, open_shared, part_of
from nnexp.nn import Answer, Result, RunState, train
from nnexp.nn.kernels import blas_kernels, one_blas_thread
from nnexp.sweep.pool.running_clock import RunningClock
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.question.identity import formulas, numerics_of
from nnexp.sweep.question.plan import Plan, Run
from nnexp.text import encodable


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


class Checkpoints(Protocol):
    """Where a worker leaves the states of runs that have not ended, and finds them again."""

    def write(self, stack: Stack, states: Sequence[RunState]) -> Stack: ...
    def read(self, stack: Stack) -> list[RunState]: ...
    def marks(self, runs: Iterable[Run]) -> Mapping[str, Mark]: ...


@dataclass(frozen=True)
class Premises:
    """What holds for every stack of a sweep: its parent process, the code (a digest of all formulas) and BLAS
    kernels that must be the same in every worker, and the seconds that a run may take (None: no limit).

    `checkpoints`: None for a sweep that has none; `checkpoint_every`: seconds from one to the next of a
    stack, which has another one at a stop; 0 for no new ones."""

    parent: int
    code: str
    kernels: Mapping[str, str]
    max_seconds: float | None = None
    checkpoints: Checkpoints | None = None
    checkpoint_every: float = 0.0


class PremiseError(Exception):
    """A worker has other code, BLAS kernel or data than the parent: the sweep cannot go on. Says which."""


@dataclass(frozen=True)
class Outcome:
    """How one run ended: a result, or the traceback of its failure (or what is known of it).

    `begun_at`: the epochs that it had done before, in another stack."""

    run: Run
    started: datetime
    ended: datetime
    result: Result | None
    traceback: str | None
    begun_at: int = 0

    @property
    def status(self) -> Literal["finished", "diverged", "failed", "timed_out", "pruned"]:
        if self.result is None:
            return "failed"
        return "timed_out" if self.result.status == "stopped" else self.result.status


def premises(
    plan: Plan,
    max_seconds: float | None = None,
    checkpoints: Checkpoints | None = None,
    checkpoint_every: float = 0.0,
) -> Premises:
    """The premises of a sweep whose parent is this process.

    Raises:
        PremiseError: the formulas are not those that the sweep was planned with.
    """
    if numerics_of(run.settings for run in plan.first_runs) != plan.numerics:
        raise PremiseError("the code changed since the sweep was planned: start again")
    code = formulas().all_digest
    return Premises(os.getpid(), code, blas_kernels(), max_seconds, checkpoints, checkpoint_every)


def train_stack(
    stack: Stack, source: Dataset | Path, expected: Premises, progress: Progress
) -> list[Outcome]:
    """Train the runs of a stack on a data set, or the one shared in a folder; an outcome for each, in order.

    Once somebody has asked to stop, none begins, those that train stop at the end of their epoch, and only
    those have an outcome that had ended by then. An error in a stack of several runs trains each alone (same
    bits), so it costs only its own run.

    Raises:
        PremiseError: this process does not meet what the parent expects; nothing was trained.
    """
    check_premises(expected)
    if progress.stop_asked:
        return []
    dataset, started = _dataset(source, stack.data), datetime.now(UTC)
    progress.start(stack.rows, stack.epoch)
    watch = Watch(stack, expected, progress)
    try:
        results = _train(watch, dataset)
    except KeyboardInterrupt:
        raise
    except BaseException:  # sys.exit in a run, too, is that run's failure
        if len(stack.runs) > 1:
            return [
                outcome
                for alone in watch.stack.apart()
                for outcome in train_stack(alone, dataset, expected, progress)
            ]
        trace = encodable(traceback.format_exc())
        return [Outcome(stack.runs[0], started, datetime.now(UTC), None, trace)]
    finally:
        progress.finish(stack.rows)
    ended = datetime.now(UTC)
    return [
        Outcome(run, started, ended, result, None, watch.begun_at)
        for run, result in zip(stack.runs, results, strict=True)
        if result is not None
    ]


def _train(watch: "Watch", dataset: Dataset) -> list[Result | None]:
    """The results of a stack's runs; None for one that was stopped on its way."""
    stack = watch.stack
    with one_blas_thread(), watch.clock:
        results = train(
            [run.hyperparameters for run in stack.runs],
            dataset.data,
            augment=augmenter(stack.data, dataset),
            progress=watch,
            resume=watch.states(),
        )
    return [None if watch.cut and result.status == "stopped" else result for result in results]


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
        wanted = due and not late and not is_last and epoch > 0 and self.expected.checkpoints is not None
        return Answer(stop=late or self.cut, states=wanted)

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


def _dataset(source: Dataset | Path, spec: DataSpec) -> Dataset:
    try:
        return part_of(open_shared(source) if isinstance(source, Path) else source, spec)
    except OSError as error:
        raise temporary_folder_is_gone(error) from error


def temporary_folder_is_gone(error: OSError) -> PremiseError:
    """What ends a sweep whose temporary folder somebody, or a cleaner, has removed: no fault of any run."""
    return PremiseError(f"the temporary folder of the sweep was removed while it ran ({error}): start again")


def check_premises(expected: Premises) -> None:
    """Raise `PremiseError` unless this process's code and BLAS kernels are the expected ones."""
    try:
        same = formulas().all_digest == expected.code
    except (OSError, SyntaxError, ValueError):  # an editor that saves half a file
        same = False
    if not same:
        raise PremiseError("the code changed while the sweep ran: start again")
    for package, kernel in blas_kernels().items():
        if kernel != expected.kernels[package]:
            theirs = f"the parent's {expected.kernels[package]}"
            raise PremiseError(f"this worker's kernel of {package}'s BLAS is {kernel}, {theirs}")


def end_with(parent: int) -> None:
    """Let this process end within a second of its parent's end, so that no orphan trains on."""
    threading.Thread(target=_exit_without, args=(parent,), daemon=True).start()


def _exit_without(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

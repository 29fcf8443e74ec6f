"""What a worker process does: train one stack and return values. It writes no file."""

import os
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nnexp.data import Dataset, DataSpec, augmenter, open_shared, part_of
from nnexp.nn import Answer, Result, train
from nnexp.nn.kernels import blas_kernels, one_blas_thread
from nnexp.sweep.pool.running_clock import RunningClock
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.question.identity import formulas, numerics_of
from nnexp.sweep.question.plan import Plan, Run
from nnexp.text import encodable


class Progress(Protocol):
    """Where a worker shows how far its runs are; rows are numbers in the plan."""

    def start(self, rows: tuple[int, ...]) -> None: ...
    def show(
        self, rows: tuple[int, ...], epoch: int, metrics: Mapping[str, NDArray[np.floating]]
    ) -> None: ...
    def finish(self, rows: tuple[int, ...]) -> None: ...
    def ask_to_stop(self) -> None: ...
    @property
    def stop_asked(self) -> bool: ...


@dataclass(frozen=True)
class Premises:
    """What holds for every stack of a sweep: its parent process, the code (a digest of all formulas) and BLAS
    kernels that must be the same in every worker, and the seconds that a run may take (None: no limit)."""

    parent: int
    code: str
    kernels: Mapping[str, str]
    max_seconds: float | None = None


class PremiseError(Exception):
    """A worker has other code, BLAS kernel or data than the parent: the sweep cannot go on. Says which."""


@dataclass(frozen=True)
class Outcome:
    """How one run ended: a result, or the traceback of its failure (or what is known of it)."""

    run: Run
    started: datetime
    ended: datetime
    result: Result | None
    traceback: str | None

    @property
    def status(self) -> Literal["finished", "diverged", "failed", "timed_out", "pruned"]:
        if self.result is None:
            return "failed"
        return "timed_out" if self.result.status == "stopped" else self.result.status


def premises(plan: Plan, max_seconds: float | None = None) -> Premises:
    """The premises of a sweep whose parent is this process.

    Raises:
        PremiseError: the formulas are not those that the sweep was planned with.
    """
    if numerics_of(run.settings for run in plan.first_runs) != plan.numerics:
        raise PremiseError("the code changed since the sweep was planned: start again")
    return Premises(os.getpid(), formulas().all_digest, blas_kernels(), max_seconds)


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
    progress.start(stack.rows)
    try:
        results = _train(stack, dataset, progress, expected.max_seconds)
    except KeyboardInterrupt:
        raise
    except BaseException:  # sys.exit in a run, too, is that run's failure
        if len(stack.runs) > 1:
            return [
                outcome
                for alone in stack.apart()
                for outcome in train_stack(alone, dataset, expected, progress)
            ]
        trace = encodable(traceback.format_exc())
        return [Outcome(stack.runs[0], started, datetime.now(UTC), None, trace)]
    finally:
        progress.finish(stack.rows)
    ended = datetime.now(UTC)
    return [
        Outcome(run, started, ended, result, None)
        for run, result in zip(stack.runs, results, strict=True)
        if result is not None
    ]


def _dataset(source: Dataset | Path, spec: DataSpec) -> Dataset:
    try:
        return part_of(open_shared(source) if isinstance(source, Path) else source, spec)
    except OSError as error:
        raise temporary_folder_is_gone(error) from error


def temporary_folder_is_gone(error: OSError) -> PremiseError:
    """What ends a sweep whose temporary folder somebody, or a cleaner, has removed: no fault of any run."""
    return PremiseError(f"the temporary folder of the sweep was removed while it ran ({error}): start again")


def _train(
    stack: Stack, dataset: Dataset, progress: Progress, max_seconds: float | None
) -> list[Result | None]:
    """The results of a stack's runs; None for one that was stopped on its way."""
    cut = False

    def after_epoch(epoch: int, metrics: Mapping[str, NDArray[np.floating]]) -> Answer:
        nonlocal cut
        progress.show(stack.rows, epoch, metrics)
        late = max_seconds is not None and clock.seconds() / len(stack.runs) > max_seconds
        cut = progress.stop_asked and not late
        return Answer(stop=late or cut)

    with one_blas_thread(), RunningClock() as clock:
        results = train(
            [run.hyperparameters for run in stack.runs],
            dataset.data,
            augment=augmenter(stack.data, dataset),
            progress=after_epoch,
        )
    return [None if cut and result.status == "stopped" else result for result in results]


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

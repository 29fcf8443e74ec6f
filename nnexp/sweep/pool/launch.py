"""Training in parallel: the only place that uses joblib, for the processes of its loky backend."""

from __future__ import annotations

import multiprocessing.resource_tracker
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from nnexp.data import Dataset, DataSpec
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.stop import deferred
from nnexp.sweep.pool.worker import (
    Outcome,
    PremiseError,
    Premises,
    Progress,
    check_premises,
    end_with,
    temporary_folder_is_gone,
    train_stack,
)


@dataclass(frozen=True)
class Attempt:
    """A stack to train. `last`: its worker died at the first attempt, and there will be no third."""

    stack: Stack
    last: bool = False


def worker_count(n_jobs: int | None, runs: int) -> int:
    """Processes to use: `n_jobs`, else all cores this process may use; never more than there are runs."""
    from joblib import cpu_count

    return max(1, min(n_jobs or cpu_count(), runs))


def launch(
    stacks: Sequence[Stack],
    sources: Mapping[DataSpec, Dataset | Path],
    expected: Premises,
    progress: Progress,
    workers: int,
) -> Generator[Outcome, None, None]:
    """Train `stacks` on so many processes and yield the outcome of each run as soon as its stack is done.

    With 0 workers the same code runs in this process. `sources`: the folders that hold the shared data sets,
    or, for this process, the data sets themselves. If a worker dies, each of its runs is tried once more,
    alone in its stack; the other workers do not notice. Closing the iterator ends the workers, whatever they
    do. A stop (Ctrl-C, SIGTERM) takes effect while this waits; what has ended by then is yielded first.

    Raises:
        PremiseError: the code or a BLAS kernel is not what the plan was made with.
    """
    if not workers:
        for stack in stacks:
            with deferred(False):
                outcomes = train_stack(stack, sources[stack.data], expected, progress)
            yield from outcomes
        return
    idle = [Worker(expected.parent) for _ in range(workers)]
    waiting = deque(Attempt(stack) for stack in stacks)
    training: dict[Connection[Any, Any], Worker] = {}
    try:
        while waiting or training:
            while waiting and idle:
                worker, attempt = idle.pop(), waiting.popleft()
                worker.start(attempt, sources[attempt.stack.data], expected, progress)
                training[worker.connection] = worker
            try:
                with deferred(False):
                    ready = [connection for connection in wait(training) if connection in training]
            except KeyboardInterrupt:
                for worker in training.values():
                    yield from worker.outcomes() if worker.connection.poll() else []
                raise
            for connection in ready:
                worker = training.pop(connection)
                idle.append(worker)
                attempt = worker.attempt
                outcomes = worker.outcomes()
                yield from outcomes
                if worker.died:
                    check_premises(expected)  # code that cannot be imported any more is not the run's fault
                    progress.finish(attempt.stack.rows)
                    if attempt.last:
                        yield worker.lost()
                    else:
                        waiting.extendleft(Attempt(alone, last=True) for alone in attempt.stack.apart())
    finally:
        for worker in [*idle, *training.values()]:
            worker.end()


class Worker:
    """One process that trains one stack after the other; a new one takes its place if it dies."""

    attempt: Attempt
    started: datetime

    def __init__(self, parent: int) -> None:
        self._parent, self.died = parent, False
        self._begin()

    def _begin(self) -> None:
        from joblib.externals.loky.backend import get_context

        context = get_context("loky")  # starts processes that do not import the caller's main module again
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._parent))
        with _deaf_to_ctrl_c():
            self._process.start()
        theirs.close()  # so that the end of the process, even in the midst of a message, ends the connection

    def start(self, attempt: Attempt, source: Dataset | Path, expected: Premises, progress: Progress) -> None:
        """Begin to train a stack."""
        self.attempt, self.started = attempt, datetime.now(UTC)
        work = attempt.stack, source, expected, progress
        if self.died:
            self._begin_again()
        try:
            self.connection.send(work)
        except OSError:  # it died while it had nothing to do
            self._begin_again()
            self.connection.send(work)

    def _begin_again(self) -> None:
        self.end()
        self.died = False
        self._begin()

    def outcomes(self) -> list[Outcome]:
        """What the stack came to; nothing, and `died`, if the process ended before it said so."""
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            self.died = True
            return []
        if isinstance(answer, PremiseError):
            raise answer
        outcomes: list[Outcome] = answer
        return outcomes

    def lost(self) -> Outcome:
        """The outcome of a run whose worker died twice."""
        self._process.join()
        status = self._process.exitcode
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        run = self.attempt.stack.runs[0]
        return Outcome(run, self.started, datetime.now(UTC), None, f"the worker died ({how})")

    def end(self) -> None:
        """End the process now."""
        if self._process.exitcode is None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
        self.connection.close()


def serve(connection: Connection[Any, Any], parent: int) -> None:
    """What a worker process does until its connection ends: train what comes, and answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
    while True:
        try:
            answer: list[Outcome] | PremiseError = train_stack(*connection.recv())
        except (EOFError, ConnectionError):
            return
        except PremiseError as error:
            answer = error
        except FileNotFoundError as error:  # the board, which is opened as it is received
            answer = temporary_folder_is_gone(error)
        connection.send(answer)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started here never see the terminal's Ctrl-C: the parent decides what becomes of them.

    multiprocessing and loky unblock Ctrl-C when they start a helper process each: these must run before.
    """
    from joblib.externals.loky.backend import resource_tracker

    for tracker in (multiprocessing.resource_tracker, resource_tracker):
        tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

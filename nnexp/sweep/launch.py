"""Training in parallel: the only place that uses joblib, through loky, its pool of processes."""

import re
import signal
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from joblib import cpu_count
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from nnexp.data import DataSpec
from nnexp.sweep.stacks import Stack
from nnexp.sweep.stop import deferred
from nnexp.sweep.worker import Outcome, Premises, Progress, end_with, train_stack


class Attempt(NamedTuple):
    """A stack to train. `last`: its run killed a worker before, and gets no further attempt."""

    stack: Stack
    last: bool = False


def worker_count(n_jobs: int | None, runs: int) -> int:
    """Processes to use: `n_jobs`, else all cores this process may use; never more than there are runs."""
    return max(1, min(n_jobs or cpu_count(), runs))


def launch(
    stacks: Sequence[Stack],
    folders: Mapping[DataSpec, Path],
    expected: Premises,
    progress: Progress,
    workers: int,
) -> Generator[Outcome, None, None]:
    """Train `stacks` and yield the outcome of each run as soon as its stack is done.

    With one worker the same code runs in this process. If a worker dies, each of its runs is tried once
    more, alone in its stack; the other workers do not notice. Closing the iterator ends the workers, whatever
    they do. A stop (Ctrl-C, SIGTERM) takes effect while this waits; what has ended by then is yielded first.

    Raises:
        PremiseError: a worker refuses to train.
    """
    if workers == 1:
        for stack in stacks:
            with deferred(False):
                outcomes = train_stack(stack, folders[stack.data], expected, progress)
            yield from outcomes
        return
    everyone = [Worker(expected.parent) for _ in range(workers)]
    idle, waiting = list(everyone), deque(Attempt(stack) for stack in stacks)
    training: dict[Future[list[Outcome]], tuple[Worker, Attempt, datetime]] = {}
    try:
        while waiting or training:
            while waiting and idle:
                worker, attempt = idle.pop(), waiting.popleft()
                future = worker.start(attempt.stack, folders[attempt.stack.data], expected, progress)
                training[future] = worker, attempt, datetime.now(UTC)
            try:
                with deferred(False):
                    ended = wait(training, return_when=FIRST_COMPLETED).done
            except KeyboardInterrupt:
                for future in [future for future in training if future.done() and not future.exception()]:
                    yield from future.result()
                raise
            for future in ended:
                worker, attempt, started = training.pop(future)
                idle.append(worker)
                try:
                    yield from future.result()
                except TerminatedWorkerError as death:
                    progress.finish(attempt.stack.rows)
                    if attempt.last:
                        yield _lost(attempt.stack, started, death)
                    else:
                        waiting.extendleft(Attempt(alone, last=True) for alone in attempt.stack.apart())
    finally:
        for worker in everyone:
            worker.end()


class Worker:
    """One process that trains one stack after the other; a new one takes its place if it dies."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, initializer=end_with, initargs=(self._parent,))

    def start(
        self, stack: Stack, folder: Path, expected: Premises, progress: Progress
    ) -> "Future[list[Outcome]]":
        """Begin to train `stack`."""
        with _deaf_to_ctrl_c():
            try:
                return self._submit(stack, folder, expected, progress)
            except TerminatedWorkerError:  # it died at its last stack, or while it had nothing to do
                self._pool = self._new()
                return self._submit(stack, folder, expected, progress)

    def _submit(self, *work: object) -> "Future[list[Outcome]]":
        future: Future[list[Outcome]] = self._pool.submit(train_stack, *work)
        return future

    def end(self) -> None:
        """End the process now."""
        self._pool.shutdown(wait=True, kill_workers=True)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started here never see the terminal's Ctrl-C: the parent decides what becomes of them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lost(stack: Stack, started: datetime, death: TerminatedWorkerError) -> Outcome:
    """The outcome of a run that killed its worker twice."""
    code = re.search(r"\((-?\d+)\)", str(death))  # loky tells the exit status in its message only
    number = int(code[1]) if code else 0
    how = f" (signal {-number})" if number < 0 else f" (exit status {number})" if code else ""
    return Outcome(stack.runs[0], started, datetime.now(UTC), None, f"the worker died{how}")

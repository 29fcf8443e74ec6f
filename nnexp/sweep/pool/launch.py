"""Training in parallel: the only place that uses joblib. Any backend of it that returns results as they come
carries a sweep."""

from __future__ import annotations

import multiprocessing.resource_tracker
import signal
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from nnexp.data import Dataset, DataSpec
from nnexp.nn.kernels import one_blas_thread
from nnexp.sweep.pool.answers import leave
from nnexp.sweep.pool.premises import (
    PremiseError,
    Premises,
    check_premises,
    temporary_folder_is_gone,
)
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.remainder import Remainder
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.stop import SIGNALS, interruptible
from nnexp.sweep.pool.watch import Progress
from nnexp.sweep.pool.worker import Outcome, train_stack
from nnexp.sweep.pool.worker_processes import KeptProcesses, begin

Answer = tuple[tuple[int, ...], PremiseError | None]  # of the stack with these rows; why it did not train
Task = tuple[Callable[..., Answer], tuple[object, ...], dict[str, object]]  # as `joblib.delayed` makes it


def worker_count(n_jobs: int | None, runs: int, backend: str | None = None) -> int:
    """Workers to use: `n_jobs`, else all that the backend has; never more than there are runs.

    0: the backend trains one stack after the other in this process. `backend`: None for the caller's.

    Raises:
        ValueError: the caller's backend cannot return results as they come.
    """
    from joblib import Parallel, effective_n_jobs

    with _chosen(backend):
        try:
            Parallel(return_as="generator_unordered")
        except ValueError as error:
            raise ValueError(f"backend must be one of joblib's that return what is done: {error}") from error
        if effective_n_jobs(2) == 1:
            return 0
        wished = effective_n_jobs(None)  # that of the caller's `parallel_config`; 1 where it says nothing
        most: int = n_jobs or (wished if wished > 1 else effective_n_jobs(-1))
    return max(1, min(most, runs))


def train_here(
    stacks: Iterable[Stack],
    sources: Mapping[DataSpec, Dataset | Path],
    expected: Premises,
    progress: Progress,
) -> Generator[Sequence[Outcome], None, None]:
    """Train `stacks` in this process, one after the other, and yield the outcomes of each; otherwise as
    `launch`."""
    for stack in stacks:
        with interruptible():
            outcomes = train_stack(stack, sources[stack.data], expected, progress)
        yield outcomes


def launch(
    stacks: Sequence[Stack],
    sources: Mapping[DataSpec, Dataset | Path],
    expected: Premises,
    board: Board,
    workers: int,
    backend: str | None = None,
    kept: KeptProcesses | None = None,
) -> Generator[Sequence[Outcome], None, None]:
    """Train `stacks` on so many workers and yield the outcomes of each as soon as it is done.

    `sources`: the folders that hold the shared data sets. `kept`: worker processes of earlier calls, which
    later ones get; without it they start here, and end. If a worker dies, joblib ends all: they begin again
    with what has no outcome, each run of the dead worker's stack alone. A run that kills workers (`Deaths`)
    has failed. Once the board asks to stop, no stack begins, and runs that did not end have no outcome.
    Closing the iterator ends the workers, whatever they do.

    Raises:
        PremiseError: the code or a BLAS kernel is not what the plan was made with.
        OSError: a file of the temporary folder cannot be written or read, or workers die that have no run.
    """
    remainder, folder = Remainder(stacks), board.path.parent
    own = KeptProcesses(folder)
    with one_blas_thread(), own:  # threads would give each other's limit back, each at its end
        while remainder and not board.stop_asked:
            tasks = (_task(stack, sources, expected, board) for stack in remainder.hand_out(board))
            with ExitStack() as using:
                processes = using.enter_context((kept or own).in_use(workers))
                beginning = expected.parent, processes.announcements
                answers = using.enter_context(closing(_answers(tasks, workers, beginning, backend)))
                try:
                    for rows, error in answers:
                        if error:
                            raise error
                        yield remainder.take(rows, folder)
                except (PremiseError, OSError):
                    for rows in remainder.out:  # what has ended was trained by the code of the plan
                        yield remainder.take(rows, folder)
                    raise
                except BrokenExecutor:
                    culprit = processes.culprit()
                    processes.end()
                    for rows in remainder.out:
                        yield remainder.take(rows, folder)
                    if board.stop_asked:
                        return
                    check_premises(expected)  # code that cannot be imported any more is no run's fault
                    runs = [run for stack in stacks for run in stack.runs]
                    marks = expected.checkpoints.marks(runs) if expected.checkpoints else {}
                    yield list(remainder.after_death(culprit, board, marks))


def _task(stack: Stack, sources: Mapping[DataSpec, Dataset | Path], expected: Premises, board: Board) -> Task:
    return train_apart, (stack, sources[stack.data], expected, partial(Board, board.path, board.runs)), {}


def train_apart(
    stack: Stack, source: Dataset | Path, expected: Premises, opened: Callable[[], Board]
) -> Answer:
    """What a worker does: open the board, train a stack, and leave its outcomes beside the board."""
    try:
        board = opened()
        leave(train_stack(stack, source, expected, board), stack.rows, board.path.parent)
    except PremiseError as error:
        return stack.rows, error
    except FileNotFoundError as error:  # of the temporary folder
        return stack.rows, temporary_folder_is_gone(error)
    return stack.rows, None


def _answers(
    tasks: Iterator[Task], workers: int, beginning: tuple[int, Path], backend: str | None
) -> Generator[Answer, None, None]:
    """What `tasks` come to, in the order in which they end. One waits, so that no worker ever does.

    `beginning`: the arguments of each worker's `begin`.
    """
    from joblib import Parallel

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"joblib\.")  # of an end before the end, which is meant
        with _chosen(backend):
            pool = Parallel(
                n_jobs=max(2, workers),  # with 1 joblib trains in this process, which a run might kill
                return_as="generator_unordered",
                batch_size=1,
                pre_dispatch=workers + 1 if workers > 1 else 1,
                max_nbytes=None,
                initializer=begin,
                initargs=beginning,
            )
        with pool:
            with deaf():
                answers = pool(tasks)
            with closing(answers):
                while True:
                    with interruptible():
                        answer = next(answers, None)
                    if answer is None:
                        return
                    yield answer


def _chosen(backend: str | None) -> AbstractContextManager[object]:
    """joblib's configuration for a backend; None leaves the caller's as it is."""
    from joblib import parallel_config

    return parallel_config(backend=backend) if backend else nullcontext()


@contextmanager
def deaf() -> Iterator[None]:
    """Processes started here hear no signal, from their first moment on: the parent decides for them.

    A helper process of multiprocessing unblocks signals when it starts, and so must run before. joblib's has
    started with the pool.
    """
    multiprocessing.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

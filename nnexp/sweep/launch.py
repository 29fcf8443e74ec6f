"""Training in parallel: the only place that uses joblib."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from joblib import Parallel, cpu_count, delayed
from joblib.externals.loky import get_reusable_executor

from nnexp.data import DataSpec
from nnexp.sweep.stacks import Stack
from nnexp.sweep.worker import Outcome, Premises, Progress, train_stack


def worker_count(n_jobs: int | None, runs: int) -> int:
    """Processes to use: `n_jobs`, else all cores this process may use; never more than there are runs."""
    return max(1, min(n_jobs or cpu_count(), runs))


def launch(
    stacks: Sequence[Stack],
    folders: Mapping[DataSpec, Path],
    expected: Premises,
    progress: Progress,
    workers: int,
) -> Iterator[Outcome]:
    """Train `stacks` and yield the outcome of each run as soon as its stack is done.

    With one worker the same code runs in this process.
    """
    pool = Parallel(n_jobs=workers, batch_size=1, return_as="generator_unordered")
    outcomes = pool(delayed(train_stack)(stack, folders[stack.data], expected, progress) for stack in stacks)
    with warnings.catch_warnings():  # joblib warns of the stacks that a stop leaves untrained
        warnings.filterwarnings("ignore", ".*were still being processed by the workers", UserWarning)
        try:
            for stack_outcomes in outcomes:
                yield from stack_outcomes
        finally:
            outcomes.close()


def stop_workers() -> None:
    """End the worker processes now, whatever they are doing."""
    get_reusable_executor().shutdown(wait=True, kill_workers=True)

"""What trains the runs of a command: this process, processes of this machine, or the workers of a cluster."""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from rich.console import Console

from nnexp.config import Execution
from nnexp.errors import UserError
from nnexp.experiment.messages import queued
from nnexp.files import scratch
from nnexp.nn import check_engine
from nnexp.sweep.pool.cluster import launch_on_cluster
from nnexp.sweep.pool.countdown import Countdown
from nnexp.sweep.pool.dask import cluster_size, opened, other_versions
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.engines import accelerated, engine_of
from nnexp.sweep.pool.launch import launch, train_here, worker_count
from nnexp.sweep.pool.premises import Premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.slurm import submitted, wait_for_first
from nnexp.sweep.pool.slurm_jobs import Jobs, check_installed, check_jobs
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.stop import deferred
from nnexp.sweep.pool.watch import Progress
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.pool.worker_processes import KeptProcesses
from nnexp.sweep.question.plan import Plan


class Workers:
    """Those of a command. They are looked for once, when the first run is to train.

    Processes and clusters stay from one round to the next, until the end of the `with`.
    """

    def __init__(
        self, whole: Plan, execution: Execution, folder: Path, datasets: Datasets, console: Console
    ) -> None:
        """`whole`: the plan with all runs that may come; `folder`: that of its sweep."""
        self._plan, self._execution, self._folder = whole, execution, folder
        self._datasets, self._say = datasets, console.print
        self._cluster, self._size = ExitStack(), 0
        self._client: Any = None  # Dask's; it has `_size` workers, or those of somebody's scheduler

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with deferred():
            self._cluster.close()

    def number(self, runs: int) -> int:
        """How many train so many runs; 0: this process, for a single run, and to measure time.

        Raises:
            UserError: the backend of the caller's `joblib.parallel_config` will not do, or Dask's scheduler,
                or what the backend needs is not installed.
        """
        return min(self._most, runs) if runs else 0

    @cached_property
    def _most(self) -> int:
        plan, n_jobs, backend = self._plan, self._execution.n_jobs, self._execution.backend
        check_engine(engine_of(plan.first_runs))
        if plan.timing or n_jobs == 1 or len(plan.runs) == 1:
            return 0
        try:
            if backend.name == "slurm":
                check_installed()
                return backend.workers
            is_dask = backend.name == "dask"
            if is_dask and (size := cluster_size(backend.scheduler)):
                return size
            if n_jobs is None and accelerated(plan.first_runs):
                return int(is_dask)  # its memory is for one process, this one or Dask's
            return worker_count(n_jobs, len(plan.runs), "loky" if is_dask else backend.name)
        except (ValueError, OSError) as error:
            raise UserError(str(error)) from error

    def jobs(self, runs: int) -> Jobs | None:
        """The jobs of Slurm that train so many runs; None: no jobs do.

        Raises: as `number`.
        """
        workers, backend = self.number(runs), self._execution.backend
        if backend.name != "slurm" or not workers:
            return None
        return Jobs(
            name=f"nnexp-{self._plan.sweep_id}",
            folder=self._folder.absolute() / "slurm",
            partition=backend.partition,
            account=backend.account,
            cores=backend.cores,
            memory=backend.memory,
            walltime=backend.walltime,
            workers=workers,
        )

    def check(self, runs: int) -> None:
        """Ask Slurm, if it is to train so many runs, before anything else is done.

        Raises:
            UserError: it is not here, or would not take the jobs.
        """
        try:
            if jobs := self.jobs(runs):
                check_jobs(jobs)
        except ValueError as error:
            raise UserError(str(error)) from error

    def outcomes(
        self, stacks: Sequence[Stack], expected: Premises, progress: Progress, board: Board
    ) -> Generator[Sequence[Outcome], None, None]:
        """The outcomes of each stack as it ends."""
        specs, backend = [stack.data for stack in stacks], self._execution.backend.name
        runs = sum(len(stack.runs) for stack in stacks)
        if not (workers := self.number(runs)):
            return train_here(stacks, self._datasets.load_all(specs), expected, progress)
        if backend in ("dask", "slurm"):
            return self._outcomes_on_cluster(stacks, expected, board, runs)
        kept = self._kept
        sources = self._datasets.share(specs, kept.folder)
        return launch(stacks, sources, expected, board, workers, backend, kept)

    @cached_property
    def _kept(self) -> KeptProcesses:
        """Processes of this machine, and the folder of what they share."""
        return self._cluster.enter_context(KeptProcesses(self._cluster.enter_context(scratch())))

    def _outcomes_on_cluster(
        self, stacks: Sequence[Stack], expected: Premises, board: Board, runs: int
    ) -> Generator[Sequence[Outcome], None, None]:
        wholes = self._datasets.load_wholes(stack.data for stack in stacks)
        client, within = self._opened(runs, board), self._execution.stop_within
        yield from launch_on_cluster(client, stacks, wholes, expected, board, within, self._say)

    def _opened(self, runs: int, board: Board) -> Any:
        """Dask's client of a cluster with workers enough for so many runs."""
        scheduler, needs = self._execution.backend.scheduler, self.number(runs)
        if self._client is not None and (scheduler or needs <= self._size):
            return self._client
        self._cluster.close()
        jobs = self.jobs(runs)
        client = self._cluster.enter_context(submitted(jobs) if jobs else opened(scheduler, needs))
        self._client, self._size = client, needs
        if scheduler and (note := other_versions(client)):
            self._say(note, soft_wrap=True)
        if not scheduler and find_spec("bokeh"):  # that of another's scheduler is theirs to tell
            self._say(f"Dask's dashboard: {client.dashboard_link}", soft_wrap=True)
        if jobs:
            self._say(queued(jobs.number, jobs.name))
            wait_for_first(client, jobs, board)
        return client

    def countdown(self, runs: int, board: Board, ask: Callable[[], None]) -> Countdown:
        """What ends so many runs if they take too long to stop. `ask`: lets them stop, and says so."""
        here = not self.number(runs)

        def pids() -> set[int]:
            return {os.getpid()} if here else set(board.rows[board.running, 3].astype(int))

        return Countdown(ask, pids, self._execution.stop_within)

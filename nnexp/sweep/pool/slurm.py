"""A Dask cluster whose workers are jobs of Slurm, asked for again when they end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from nnexp.sweep.pool.crew import DEMAND, Demand
from nnexp.sweep.pool.dask import LOCAL, quiet
from nnexp.sweep.pool.launch import deaf
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.slurm_jobs import KEYS, Jobs, asked, jobqueue, keywords
from nnexp.sweep.pool.slurm_keys import certificate

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed import Client

SETTINGS = LOCAL | {"distributed.deploy.lost-worker-timeout": "1000 days"}  # we ask for them again
ALIVE = "PENDING,CONFIGURING,RUNNING,SUSPENDED,REQUEUED"  # states of jobs
BEAT, LOOK_EVERY = 0.1, 15.0  # seconds between two looks for workers, and for jobs
LOOKS = 4  # in a row that see a worker with nothing to do, before it is given back


@contextmanager
def submitted(jobs: Jobs) -> Iterator[Client]:
    """A client of a scheduler in this process, whose workers are jobs; they are cancelled at the end."""
    import dask
    from distributed import Client

    over = Event()
    with certificate(jobs.folder / KEYS), dask.config.set(SETTINGS):
        wanted = keywords(jobs)
        with deaf():
            options = {"dashboard_address": "127.0.0.1:0"} | dask.config.get(
                "jobqueue.slurm.scheduler-options"
            )
            cluster = jobqueue().SLURMCluster(scheduler_options=options, **wanted)
        with quiet(), cluster, Client(cluster, direct_to_workers=True, set_as_default=False) as client:
            client.extensions[DEMAND] = Demand(jobs.workers, more_come=True)
            keeper = Thread(target=_keep, args=(jobs, cluster, client, over), daemon=True)
            try:
                cluster.scale(jobs=jobs.number)
                keeper.start()
                yield client
            finally:
                over.set()
                if keeper.is_alive():
                    keeper.join(BEAT)  # it may wait for Slurm


def _keep(jobs: Jobs, cluster: SLURMCluster, client: Client, over: Event) -> None:
    """Ask again for jobs that have ended, and give back workers that have nothing to do for a while.

    As many are wanted as there are stacks, and no worker goes while one waits, be it for data. One that is
    left out keeps its job, or the next would come to the same machine.
    """
    demand, idle = client.extensions[DEMAND], dict[str, int]()  # idle: looks in a row
    joined = False  # jobs that end before a worker joins would end again
    while not over.wait(LOOK_EVERY if joined else BEAT):
        try:
            tasks = client.processing()
            idle = {worker: idle.get(worker, 0) + 1 for worker, has in tasks.items() if not has}
            rested = [worker for worker, looks in idle.items() if looks >= LOOKS]
            if rested and not demand.waiting:
                client.retire_workers(rested, close_workers=True)
            if not (joined := joined or bool(tasks)):
                continue
            alive, busy = _alive(cluster), len(tasks) - len(idle)
            wanted = min(jobs.workers, busy + demand.waiting + demand.left_out)
            missing = max(0, -(-wanted // jobs.cores) - alive)
            demand.more_come = (alive + missing) * jobs.cores > len(tasks)
            if missing and not over.is_set():
                cluster.scale(jobs=len(cluster.worker_spec) + missing)  # counts those that have ended as well
        except (OSError, RuntimeError):  # of a scheduler that ends, or of Slurm, which is too busy to answer
            continue


def wait_for_first(client: Client, jobs: Jobs, board: Board) -> None:
    """Wait for the first worker, or for the board to ask to stop.

    Raises:
        OSError: no job is left that it could come from.
    """
    due = time.monotonic() + LOOK_EVERY
    while not board.stop_asked and not client.nthreads():
        time.sleep(BEAT)
        if time.monotonic() > due:
            due = time.monotonic() + LOOK_EVERY
            with suppress(OSError):
                if not _alive(client.cluster):
                    break
    else:
        return
    raise OSError(f"no job of this sweep waits or runs in Slurm; what they printed is in {jobs.folder}")


def _alive(cluster: SLURMCluster) -> int:
    """How many of a cluster's jobs wait or run, or are about to be submitted.

    Raises:
        OSError: Slurm does not answer.
    """
    unborn = len(cluster.worker_spec) - len(cluster.workers)
    numbers = {job.job_id for job in list(cluster.workers.values())}
    listed = asked("squeue", "--noheader", f"--user={os.getuid()}", f"--states={ALIVE}", "--format=%i")
    if listed.returncode:
        raise OSError(listed.stderr.strip())
    return unborn + len(numbers & set(listed.stdout.split()))

"""Workers of a Dask cluster as jobs of Slurm, by dask-jobqueue.

What else Slurm is to be told stands in dask-jobqueue's own file, ~/.config/dask/jobqueue.yaml.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from nnexp.sweep.pool.crew import DEMAND, Demand
from nnexp.sweep.pool.dask import LOCAL, quiet
from nnexp.sweep.pool.launch import deaf
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.slurm_keys import certificate, security

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed import Client

SETTINGS = LOCAL | {"distributed.deploy.lost-worker-timeout": "1000 days"}  # we ask for them again
NOT_NOW = ("not available now", "node not available")  # what sbatch says of jobs that will be queued
ALIVE = "PENDING,CONFIGURING,RUNNING,SUSPENDED,REQUEUED"  # states of jobs
BEAT, LOOK_EVERY = 0.1, 15.0  # seconds between two looks for workers, and for jobs
SLOW = 60.0  # seconds for Slurm to answer
LOOKS = 4  # in a row that see a worker with nothing to do, before it is given back
KEYS = "tls"  # the folder of the certificate that workers and scheduler know each other by


class Jobs(NamedTuple):
    """What Slurm is asked for: jobs of `cores` worker processes with one thread each, in all `workers`."""

    name: str
    folder: Path  # of what jobs print; workers must see it
    partition: str | None
    account: str | None
    cores: int
    memory: str
    walltime: str
    workers: int

    @property
    def number(self) -> int:
        """How many jobs."""
        return -(-self.workers // self.cores)


def check_installed() -> None:
    """Raise `ValueError` where dask-jobqueue is not installed."""
    if not find_spec("dask_jobqueue"):
        raise ValueError("backend=slurm needs dask-jobqueue: pip install 'nnexp[slurm]'")


def check_jobs(jobs: Jobs) -> None:
    """Ask Slurm whether it would take such a job.

    Raises:
        ValueError: there is no Slurm here, or it would not.
    """
    if not re.fullmatch(r"[\w./-]+", str(jobs.folder), re.ASCII):
        rule = "sweeps_dir must be a path of letters, digits and _./- for Slurm"
        raise ValueError(f"{rule}, got {jobs.folder}")
    if not shutil.which("sbatch"):
        raise ValueError("backend=slurm needs Slurm's sbatch on the PATH: start it on a login node")
    with TemporaryDirectory() as folder:
        script = Path(folder) / "job.sh"
        script.write_text(job_script(jobs))
        try:
            tried = _asked("sbatch", "--test-only", str(script))
        except OSError as error:
            raise ValueError(str(error)) from error
    if tried.returncode and not any(reason in tried.stderr for reason in NOT_NOW):
        said = tried.stderr.strip().partition("\n")[0] or f"exit status {tried.returncode}"
        raise ValueError(f"Slurm refuses the jobs of backend=slurm: {said.removeprefix('sbatch: error: ')}")


def job_script(jobs: Jobs) -> str:
    """What is submitted, but for the scheduler's address and the worker's name."""
    made = _jobqueue().slurm.SLURMJob("tls://HOST:PORT", name="NAME", **_keywords(jobs))
    return str(made.job_script())


def _jobqueue() -> Any:
    """dask-jobqueue; its import would end this process at Ctrl-C from then on."""
    before = signal.getsignal(signal.SIGINT)
    with deaf():
        import dask_jobqueue

        signal.signal(signal.SIGINT, before)
    return dask_jobqueue


def _keywords(jobs: Jobs) -> dict[str, Any]:
    import dask
    from dask.utils import parse_bytes

    slurm = _jobqueue().slurm  # reads its file
    theirs = dask.config.get("jobqueue.slurm")
    memory = slurm.slurm_format_bytes_ceil(parse_bytes(jobs.memory))
    return {
        "job_name": jobs.name,
        "queue": jobs.partition,
        "account": jobs.account,
        "cores": jobs.cores,
        "processes": jobs.cores,
        "memory": "0 B",  # as Dask's limit, which is none: Slurm sees to it
        "job_mem": theirs["job-mem"] or memory,
        "walltime": jobs.walltime,
        "job_extra_directives": [*theirs["job-extra-directives"], f"--output={jobs.folder}/%j.txt"],
        "security": security(jobs.folder / KEYS),
        "protocol": "tls://",
    }


@contextmanager
def submitted(jobs: Jobs) -> Iterator[Client]:
    """A client of a scheduler in this process, whose workers are jobs; they are cancelled at the end."""
    import dask
    from distributed import Client

    over = Event()
    with certificate(jobs.folder / KEYS), dask.config.set(SETTINGS):
        keywords = _keywords(jobs)
        with deaf():
            options = {"dashboard_address": "127.0.0.1:0"} | dask.config.get(
                "jobqueue.slurm.scheduler-options"
            )
            cluster = _jobqueue().SLURMCluster(scheduler_options=options, **keywords)
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
    listed = _asked("squeue", "--noheader", f"--user={os.getuid()}", f"--states={ALIVE}", "--format=%i")
    if listed.returncode:
        raise OSError(listed.stderr.strip())
    return unborn + len(numbers & set(listed.stdout.split()))


def _asked(*command: str) -> subprocess.CompletedProcess[str]:
    """What a command of Slurm's comes to.

    Raises:
        OSError: nothing.
    """
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SLOW)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"Slurm's {command[0]} does not answer within {SLOW:.0f} s") from error

"""Workers of a Dask cluster as jobs of Slurm, by dask-jobqueue.

What else Slurm is to be told stands in dask-jobqueue's own file, ~/.config/dask/jobqueue.yaml.
"""

from __future__ import annotations

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

from nnexp.sweep.pool.dask import LOCAL, quiet
from nnexp.sweep.pool.launch import deaf
from nnexp.sweep.pool.progress_board import Board

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed import Client
    from distributed.security import Security

SETTINGS = LOCAL | {"distributed.deploy.lost-worker-timeout": "1000 days"}  # we ask for them again
NOT_NOW = ("not available now", "node not available")  # what sbatch says of jobs that will be queued
ALIVE = "PENDING,CONFIGURING,RUNNING,SUSPENDED,REQUEUED"  # states of jobs
BEAT, LOOK_EVERY = 0.1, 15.0  # seconds between two looks for workers, and for jobs
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
        tried = subprocess.run(["sbatch", "--test-only", script], capture_output=True, text=True)
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

    _jobqueue()  # reads its file
    theirs = dask.config.get("jobqueue.slurm")
    return {
        "job_name": jobs.name,
        "queue": jobs.partition,
        "account": jobs.account,
        "cores": jobs.cores,
        "processes": jobs.cores,
        "memory": jobs.memory,
        "walltime": jobs.walltime,
        "job_extra_directives": [*theirs["job-extra-directives"], f"--output={jobs.folder}/%j.txt"],
        "worker_extra_args": [*theirs["worker-extra-args"], "--memory-limit", "0"],  # Slurm sees to it
        "security": _security(jobs.folder / KEYS),
        "protocol": "tls://",
    }


def _security(folder: Path) -> Security:
    """Both sides show the certificate in this folder: others on the network can talk to neither."""
    from distributed.security import Security

    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    roles = ("client", "scheduler", "worker")
    shown = {f"tls_{role}_cert": cert for role in roles} | {f"tls_{role}_key": key for role in roles}
    return Security(tls_ca_file=cert, require_encryption=True, **shown)


@contextmanager
def _certificate(folder: Path) -> Iterator[None]:
    """A certificate in the folder, for nobody else's eyes, as long as the `with`."""
    from distributed.security import Security

    made = Security.temporary()
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    folder.mkdir(parents=True, mode=0o700)
    try:
        (folder / "cert.pem").write_text(made.tls_ca_file)
        (folder / "key.pem").write_text(made.tls_client_key)
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def submitted(jobs: Jobs) -> Iterator[Client]:
    """A client of a scheduler in this process, whose workers are jobs; they are cancelled at the end."""
    import dask
    from distributed import Client

    over = Event()
    with _certificate(jobs.folder / KEYS):
        with dask.config.set(SETTINGS), deaf():
            options = {"dashboard_address": "127.0.0.1:0"}
            cluster = _jobqueue().SLURMCluster(scheduler_options=options, **_keywords(jobs))
        with quiet(), cluster, Client(cluster, direct_to_workers=True, set_as_default=False) as client:
            cluster.scale(jobs=jobs.number)
            keeper = Thread(target=_keep, args=(jobs, cluster, client, over), daemon=True)
            keeper.start()
            try:
                yield client
            finally:
                over.set()
                keeper.join()


def _keep(jobs: Jobs, cluster: SLURMCluster, client: Client, over: Event) -> None:
    """Ask again for jobs that have ended, and give back workers that have nothing to do for a while."""
    asked, wanted, idle = jobs.number, jobs.workers, dict[str, int]()  # idle: looks in a row
    joined = False  # jobs that end before a worker joins would end again
    while not over.wait(LOOK_EVERY if joined else BEAT):
        try:
            tasks = client.processing()
            joined = joined or bool(tasks)
            idle = {worker: idle.get(worker, 0) + 1 for worker, has in tasks.items() if not has}
            if rested := [worker for worker, looks in idle.items() if looks >= LOOKS]:
                client.retire_workers(rested, close_workers=True)
                wanted -= len(rested)
            missing = -(-wanted // jobs.cores) - len(_alive(jobs.name)) if joined else 0
        except (OSError, RuntimeError):  # of a scheduler that ends, or of Slurm, which is too busy to answer
            continue
        if missing > 0:
            asked += missing  # the cluster counts those that have ended as well
            cluster.scale(jobs=asked)


def wait_for_first(client: Client, jobs: Jobs, board: Board) -> None:
    """Wait for the first worker, or for the board to ask to stop.

    Raises:
        OSError: no job is left that it could come from.
    """
    due = time.monotonic() + LOOK_EVERY
    while not board.stop_asked and not client.nthreads():
        time.sleep(BEAT)
        if time.monotonic() > due:
            due += LOOK_EVERY
            with suppress(OSError):
                if not _alive(jobs.name):
                    break
    else:
        return
    raise OSError(f"no job of this sweep waits or runs in Slurm; what they printed is in {jobs.folder}")


def _alive(name: str) -> list[str]:
    """The numbers of the jobs of that name that wait or run.

    Raises:
        OSError: Slurm does not answer.
    """
    command = ["squeue", "--noheader", f"--name={name}", f"--states={ALIVE}", "--format=%i"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode:
        raise OSError(listed.stderr.strip())
    return listed.stdout.split()

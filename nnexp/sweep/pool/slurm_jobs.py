"""What Slurm is asked for: jobs of Dask's workers, by dask-jobqueue.

What else Slurm is to be told stands in dask-jobqueue's own file, ~/.config/dask/jobqueue.yaml.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from nnexp.sweep.pool.launch import deaf
from nnexp.sweep.pool.slurm_keys import security

NOT_NOW = ("not available now", "node not available")  # what sbatch says of jobs that will be queued
SLOW = 60.0  # seconds for Slurm to answer
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
            tried = asked("sbatch", "--test-only", str(script))
        except OSError as error:
            raise ValueError(str(error)) from error
    if tried.returncode and not any(reason in tried.stderr for reason in NOT_NOW):
        said = tried.stderr.strip().partition("\n")[0] or f"exit status {tried.returncode}"
        raise ValueError(f"Slurm refuses the jobs of backend=slurm: {said.removeprefix('sbatch: error: ')}")


def job_script(jobs: Jobs) -> str:
    """What is submitted, but for the scheduler's address and the worker's name."""
    made = jobqueue().slurm.SLURMJob("tls://HOST:PORT", name="NAME", **keywords(jobs))
    return str(made.job_script())


def jobqueue() -> Any:
    """dask-jobqueue; its import would end this process at Ctrl-C from then on."""
    before = signal.getsignal(signal.SIGINT)
    with deaf():
        import dask_jobqueue

        signal.signal(signal.SIGINT, before)
    return dask_jobqueue


def keywords(jobs: Jobs) -> dict[str, Any]:
    import dask
    from dask.utils import parse_bytes

    slurm = jobqueue().slurm  # reads its file
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


def asked(*command: str) -> subprocess.CompletedProcess[str]:
    """What a command of Slurm's comes to.

    Raises:
        OSError: nothing.
    """
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SLOW)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"Slurm's {command[0]} does not answer within {SLOW:.0f} s") from error

"""A Slurm of one node with two cores, on loopback: Debian's slurm-wlm and munge, as processes of ours."""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.driving import wait_for
from tests.tracking.conftest import free_port

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
CONFIGURATION = """\
ClusterName=field
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller}
SlurmdPort={daemon}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=5
MailProg=/bin/true
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=16000 State=UNKNOWN
PartitionName=cpu Nodes=node Default=YES MaxTime=INFINITE State=UP
"""


class NotStartedError(Exception):
    """Why there is no Slurm here."""


@contextmanager
def slurm() -> Iterator[dict[str, str]]:
    """The environment in which commands reach it. At the end no job and no process of it is left.

    Raises:
        NotStartedError: its programs are not installed, or they do not get ready.
    """
    if lacks := [program for program in PROGRAMS if not shutil.which(program)]:
        raise NotStartedError(f"not installed (slurm-wlm, munge): {', '.join(lacks)}")
    folder = Path(tempfile.mkdtemp(prefix="nnexp-slurm-"))
    environment = {
        "SLURM_CONF": str(folder / "slurm.conf"),
        "DASK_CONFIG": str(folder / "dask"),
        "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
    }
    try:
        _configure(folder)
        with ExitStack() as at_the_end:
            for command in _daemons(folder):
                at_the_end.enter_context(_daemon(command, folder, environment))
            if not wait_for(lambda: asked(environment, "sinfo", "-h", "-o", "%T") == "idle", 30):
                logs = "".join(path.read_text()[-500:] for path in folder.glob("*.log"))
                raise NotStartedError(f"Slurm does not get ready here: {logs}")
            try:
                yield environment
            finally:
                asked(environment, "scancel", f"--user={getpass.getuser()}")
                wait_for(lambda: not asked(environment, "squeue", "-h"), 30)
    finally:
        shutil.rmtree(folder)


def _configure(folder: Path) -> None:
    text = CONFIGURATION.format(
        host=socket.gethostname().partition(".")[0],
        user=getpass.getuser(),
        folder=folder,
        controller=free_port(),
        daemon=free_port(),
    )
    (folder / "slurm.conf").write_text(text)
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key").chmod(0o400)


def _daemons(folder: Path) -> list[list[str]]:
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
    options = [f"--{option}={folder}/munge.{name}" for option, name in files.items()]
    return [
        ["munged", "--foreground", "--force", *options],
        ["slurmctld", "-D", "-c"],
        ["slurmd", "-D", "-N", "node"],
    ]


@contextmanager
def _daemon(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """One that runs as long as the `with`."""
    with (folder / f"{command[0]}.log").open("w") as log:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def asked(environment: Mapping[str, str], *command: str) -> str:
    """What a command of Slurm's prints."""
    ended = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    return ended.stdout.strip()

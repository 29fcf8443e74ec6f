"""Schedulers and workers of Dask as processes of this machine."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults.driving import INJECT, ROOT
from tests.tracking.conftest import free_port

WORKER = ("-m", "distributed.cli.dask_worker")
# As if nnexp was not installed.
WITHOUT = "import sys; sys.modules['nnexp'] = None; from distributed.cli.dask_{0} import main; main()"
WORKER_WITHOUT, SCHEDULER = ("-c", WITHOUT.format("worker")), ("-c", WITHOUT.format("scheduler"))

# As if it had another Dask.
OTHER_VERSION = "2026.1.0"
WORKER_OF_ANOTHER_DASK = (
    "-c",
    "from distributed import versions; real = versions._version_cached; "
    f"versions._version_cached = lambda name: {OTHER_VERSION!r} if name == 'distributed' else real(name); "
    "from distributed.cli.dask_worker import main; main()",
)


class Cluster(NamedTuple):
    """The address of a scheduler, its process, and those of the workers that it began with."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def process(*words: str, hides: Path | None = None, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Python with these words until the end of the `with`. `hides`: a folder that is empty for it."""
    command = [sys.executable, *words]
    if hides:
        script = f"mount -t tmpfs none {shlex.quote(str(hides))} && exec {shlex.join(command)}"
        command = ["unshare", "--mount", "sh", "-c", script]
    surroundings = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(INJECT)])} | environment
    part = subprocess.Popen(
        command, env=os.environ | surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield part
    finally:
        part.kill()
        part.wait()


@contextmanager
def worker(
    address: str,
    *,
    program: Sequence[str] = WORKER,
    port: int = 0,
    hides: Path | None = None,
    **environment: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with one thread, and nobody who starts it again."""
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--worker-port", str(port)]
    with process(*program, address, *options, hides=hides, **environment) as part:
        yield part


@contextmanager
def cluster(workers: int = 2, hides: Path | None = None, **environment: str) -> Iterator[Cluster]:
    """A scheduler that has no nnexp, and so many workers with this environment."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    words = [*SCHEDULER, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with ExitStack() as at_the_end:
        scheduler = at_the_end.enter_context(process(*words))
        parts = [
            at_the_end.enter_context(worker(address, hides=hides, **environment)) for _ in range(workers)
        ]
        if workers:
            wait_for_workers(address, workers)
        yield Cluster(address, scheduler, parts)


def wait_for_workers(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=60)


def can_hide() -> bool:
    """Whether a process may have mounts of its own here."""
    if not shutil.which("unshare"):
        return False
    return not subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode

"""Dask: its client, and the cluster that a sweep trains on."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from nnexp.sweep.pool.launch import deaf
from nnexp.text import count

if TYPE_CHECKING:
    from distributed import Client

LOCAL = {"distributed.scheduler.allowed-failures": 0}  # we count deaths
T = TypeVar("T")
PATIENCE, FAREWELL = 10.0, 2.0  # seconds for a scheduler to answer, and to hear of the end


def cluster_size(scheduler: str | None) -> int:
    """How many stacks the workers of a scheduler train at a time; None: its cluster is still to be made.

    Raises:
        ValueError: Dask is not installed, or there are no workers.
        OSError: the scheduler does not answer.
    """
    if not find_spec("distributed"):
        raise ValueError("backend=dask needs Dask: pip install 'nnexp[dask]'")
    if scheduler is None:
        return 0
    with opened(scheduler, 0) as client:
        size: int = sum(client.nthreads().values())
    if not size:
        raise ValueError(
            f"backend.scheduler must have workers: dask worker {scheduler} --nthreads 1 starts one"
        )
    return size


@contextmanager
def opened(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A client of that scheduler, or of a cluster of this machine that lasts as long as the `with`."""
    import dask
    from distributed import Client, LocalCluster

    if scheduler:
        with quiet():
            client = _connected(scheduler)
            try:
                yield _prompt(client)
            finally:
                with suppress(OSError):  # of a scheduler that hangs
                    client.close(timeout=FAREWELL)
        return
    # A worker that Dask thinks too large is paused by it for ever: here memory is the user's business.
    with dask.config.set(LOCAL), deaf(), quiet():
        try:
            local = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=None,
                dashboard_address="127.0.0.1:0",
            )
        except RuntimeError as error:  # each of its processes imports what the user has started
            why = 'a script of yours needs `if __name__ == "__main__":` around what it starts'
            raise OSError(f"the workers of a Dask cluster on this machine did not start ({why})") from error
    with quiet(), local, Client(local, direct_to_workers=True, set_as_default=False) as client:
        yield _prompt(client)


def _prompt(client: Client) -> Client:
    """The client, which lets an order wait for others 1 ms, not 10: a worker waits for it."""
    client.scheduler_comm.interval = 0.001
    return client


def _connected(scheduler: str) -> Client:
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    keywords = {"timeout": PATIENCE, "direct_to_workers": True, "set_as_default": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)  # a table; `other_versions` is a line
            # A server of another kind is tried for ever.
            return apart(Client, scheduler, **keywords).result(timeout=1.5 * PATIENCE)
    except (OSError, ValueError) as error:
        why = str(error) or f"{scheduler} does not answer as one"
        raise OSError(f"backend.scheduler must be the address of a Dask scheduler: {why}") from error


def other_versions(client: Client) -> str:
    """What is to be said if the scheduler or workers have another Dask than this process; else nothing."""
    try:
        versions = apart(client.get_versions).result(timeout=PATIENCE)
    except (OSError, TimeoutError):  # what that comes to, the sweep will see
        return ""
    ours, others = _version(versions["client"]), dict[str, list[str]]()
    for where, known in {"the scheduler": versions["scheduler"], **versions["workers"]}.items():
        if known and (theirs := _version(known)) != ours:
            others.setdefault(theirs, []).append(where)
    if not others:
        return ""
    differences = ", ".join(f"{theirs} on {_places(where)}" for theirs, where in others.items())
    return f"Dask is {ours} here, {differences}: one version everywhere is safer."


def _version(known: Mapping[str, Any]) -> str:
    return str(known["packages"]["distributed"])


def _places(where: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    first, noun = (where[0], "worker") if where[0] == "the scheduler" else (f"worker {where[0]}", "other")
    return f"{first} and {count(len(where) - 1, noun)}" if len(where) > 1 else first


def apart(call: Callable[..., T], *args: Any, **keywords: Any) -> Future[T]:
    """What a call comes to that may take for ever, in a thread that nobody waits for at the end."""
    answer: Future[T] = Future()

    def carry_out() -> None:
        try:
            answer.set_result(call(*args, **keywords))
        except BaseException as error:
            answer.set_exception(error)

    Thread(target=carry_out, name="nnexp-apart", daemon=True).start()
    return answer


@contextmanager
def quiet() -> Iterator[None]:
    """Dask and what it stands on print tracebacks when a connection ends; what matters is told by us."""
    names = ("distributed", "distributed.client", "tornado", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

"""Stacks on a Dask cluster, by Dask's own client.

joblib's backend for Dask sends data with every stack, and waits for ever for one that kills worker after
worker. Here data travel to each worker once, and not through the scheduler.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nnexp.data import Dataset, DataSpec
from nnexp.nn.kernels import one_blas_thread
from nnexp.sweep.pool.launch import deaf
from nnexp.sweep.pool.premises import PremiseError, Premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.remainder import MOST_DEATHS, lost
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.worker import Outcome, train_stack

if TYPE_CHECKING:
    from distributed import Client

LOCAL = {"distributed.scheduler.allowed-failures": 0, "distributed.scheduler.worker-saturation": 1.0}
BEAT = 0.01  # seconds between two looks for what is done
WISH_EVERY = 0.5  # seconds between two questions of a worker whether it is to stop
PATIENCE = 10.0  # seconds for a scheduler to answer


@cache
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
            try:
                client = Client(scheduler, timeout=PATIENCE, direct_to_workers=True, set_as_default=False)
            except (OSError, ValueError) as error:
                raise OSError(
                    f"backend.scheduler must be the address of a Dask scheduler: {error}"
                ) from error
            with client:
                yield client
        return
    with dask.config.set(LOCAL), deaf():
        local = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    with quiet(), local, Client(local, direct_to_workers=True, set_as_default=False) as client:
        yield client


@contextmanager
def quiet() -> Iterator[None]:
    """Dask and what it stands on print tracebacks when a connection ends; what matters is told by us."""
    loggers = [
        logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado", "asyncio")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def launch_on_cluster(
    client: Client,
    stacks: Sequence[Stack],
    wholes: Mapping[DataSpec, Dataset],
    expected: Premises,
    board: Board,
    stop_within: float,
    tell: Callable[[str], None],
) -> Generator[Sequence[Outcome], None, None]:
    """As `launch`, on the workers of a Dask cluster. `wholes`: data sets that those of the runs are part of.

    A worker that does not meet the premises is told of, by its address, and the sweep goes on without it.

    Raises:
        PremiseError: no worker meets them.
        OSError: the scheduler is gone.
    """
    from distributed import Event, KilledWorker, as_completed

    wish = Event(f"nnexp-stop-{uuid4().hex}", client)
    sent = {whole.digest: client.scatter(whole, broadcast=True, hash=False) for whole in wholes.values()}
    out: dict[Any, tuple[Stack, datetime]] = {}
    done, deaths, refused = as_completed([], loop=client.loop), Counter[int](), set[str]()

    def submit(stack: Stack, **where: object) -> None:
        data = sent[wholes[stack.data].digest]
        future = client.submit(train_there, stack, data, expected, wish.name, pure=False, **where)
        out[future] = stack, datetime.now(UTC)
        done.add(future)

    for stack in stacks:
        submit(stack)
    suspects = deque[
        Stack
    ]()  # runs that two workers had when they died: each is tried with no other beside it
    latest = None  # when the last stack must have stopped
    while out or suspects:
        if not out:
            submit(suspects.popleft())
        if board.stop_asked and latest is None:
            latest = time.monotonic() + stop_within
            wish.set()
        if not done.has_ready():
            if latest is not None and time.monotonic() > latest:
                client.cancel(list(out), force=True)
                return
            time.sleep(BEAT)
            continue
        future = next(done)
        stack, began = out.pop(future)
        if future.status in ("lost", "cancelled"):
            raise OSError("the Dask scheduler is gone")
        try:
            address, answer = future.result()
        except KilledWorker:
            for alone in stack.apart():
                [row] = alone.rows
                deaths[row] += 1
                if deaths[row] < MOST_DEATHS:
                    submit(alone)
                elif deaths[row] == MOST_DEATHS:
                    suspects.append(alone)
                else:
                    yield [lost(alone, began, None)]
            continue
        if isinstance(answer, PremiseError):
            if address not in refused:
                refused.add(address)
                tell(f"Worker {address} is left out: {answer}")
            others = [worker for worker in client.nthreads() if worker not in refused]
            if not others:
                raise answer
            submit(stack, workers=others)
        else:
            yield answer


def train_there(
    stack: Stack, whole: Dataset, expected: Premises, wish: str
) -> tuple[str, list[Outcome] | PremiseError]:
    """What a Dask worker does; with its address."""
    from distributed import get_worker

    address: str = get_worker().address
    _one_thread_for_good()
    here = replace(stack, rows=tuple(range(len(stack.runs))))
    with TemporaryDirectory() as folder:
        board = DistantBoard(Path(folder) / "board", len(here.rows), wish)
        try:
            return address, train_stack(here, whole, expected, board)
        except PremiseError as error:
            return address, error


@cache
def _one_thread_for_good() -> object:
    """Stacks in threads of one process would give each other's limit back."""
    limit = one_blas_thread()
    limit.__enter__()
    return limit


class DistantBoard(Board):
    """A board of a stack alone; the wish to stop comes through Dask."""

    def __init__(self, path: Path, runs: int, wish: str) -> None:
        from distributed import Event

        super().__init__(path, runs)
        self._event, self._due = Event(wish), 0.0

    @property
    def stop_asked(self) -> bool:
        """Whether somebody has asked to stop, as far as it is known here."""
        if time.monotonic() > self._due and not self._wishes[0]:
            self._due = time.monotonic() + WISH_EVERY
            if self._event.is_set():
                self.ask_to_stop()
        return bool(self._wishes[0])

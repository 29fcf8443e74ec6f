"""Stacks on the workers of a Dask cluster, by Dask's own client.

joblib's backend for Dask sends data with every stack, and waits for ever for one that kills worker after
worker. Here each stack goes to one worker that we choose, so that it is known who trains what; data travel to
a worker that has none once, and not through the scheduler.
"""

from __future__ import annotations

import pickle
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from nnexp.data import Dataset, DataSpec
from nnexp.sweep.pool.distant import Answer, Order
from nnexp.sweep.pool.distant_board import stop
from nnexp.sweep.pool.parcels import Parcels
from nnexp.sweep.pool.premises import PremiseError, Premises
from nnexp.sweep.pool.progress_board import DISTANT, Board
from nnexp.sweep.pool.remainder import MOST_DEATHS, lost
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.pool.worker import Outcome

if TYPE_CHECKING:
    from distributed import Client, Future

BEAT = 0.1  # seconds between two looks for a wish to stop
LOOK_EVERY = 0.5  # seconds between two looks at which workers there are
FETCH = 30.0  # seconds for an answer to come from its worker


class Sent(NamedTuple):
    """A stack that a worker has now."""

    stack: Stack
    worker: str
    began: datetime


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

    Workers may come and go. One that does not meet the premises is told of, by its address, and the sweep
    goes on without it.

    Raises:
        PremiseError: no worker meets them.
        OSError: the scheduler is gone.
    """
    dispatch = Dispatch(client, stacks, wholes, expected, board, tell)
    try:
        yield from dispatch.outcomes(stop_within)
    except (OSError, RuntimeError) as error:
        if client.status == "running":
            raise
        raise OSError("the Dask scheduler is gone") from error
    finally:
        dispatch.close()


class Dispatch:
    """Stacks that wait, stacks that are out, and the workers that may have more."""

    def __init__(
        self,
        client: Client,
        stacks: Iterable[Stack],
        wholes: Mapping[DataSpec, Dataset],
        expected: Premises,
        board: Board,
        tell: Callable[[str], None],
    ) -> None:
        self.client, self.board, self.tell, self.expected = client, board, tell, expected
        self.sweep = f"nnexp-{uuid4().hex}"
        self.digests = {spec: whole.digest for spec, whole in wholes.items()}
        self.parcels = Parcels(client, self.sweep, wholes)
        self.waiting, self.out = deque(stacks), dict[Any, Sent]()
        self.threads, self.refused = dict[str, int](), dict[str, str]()
        self.deaths = Counter[tuple[int, int]]()  # of workers, by a run's row and the epoch where it began
        self.failed = list[Outcome]()
        self.done = SimpleQueue[Any]()
        self._orders, self._due, self._alone = 0, 0.0, False
        self._latest: float | None = None  # when the last stack must have stopped

    def outcomes(self, stop_within: float) -> Iterator[Sequence[Outcome]]:
        """Those of each stack, as soon as it is back."""
        self.client.subscribe_topic(self.sweep, self._hear)
        if self.expected.checkpoints:
            self.expected.checkpoints.announce()
        while self.waiting or self.out:
            if self.board.stop_asked and self._latest is None:
                self._latest = time.monotonic() + stop_within
                self._pass_on_the_wish()
            if self._latest is not None and (not self.out or time.monotonic() > self._latest):
                return
            if time.monotonic() >= self._due:
                self._look()
            with suppress(Empty):
                yield self._take(self.done.get(timeout=BEAT))
            if self.failed:
                failed, self.failed = self.failed, []
                yield failed

    def close(self) -> None:
        """Let workers end what they still have."""
        if self.client.status == "running":
            with suppress(Exception):  # of a scheduler that goes at this moment
                self.client.unsubscribe_topic(self.sweep)
                self.client.cancel(list(self.out), force=True)
        if self.expected.checkpoints:
            self.expected.checkpoints.withdraw()

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """In Dask's thread: what a worker says of its stack."""
        _, said = event
        self.board.mirror(said["rows"], said["figures"], said["ages"])

    def _pass_on_the_wish(self) -> None:
        """Not from this thread: a worker that hangs would hold it up."""

        def pass_on() -> None:
            with suppress(Exception):  # from then on they are cancelled
                self.client.run(stop, self.sweep, workers=workers, on_error="ignore")

        workers = list({sent.worker for sent in self.out.values()})
        Thread(target=pass_on, name="nnexp-stop", daemon=True).start()

    def _look(self) -> None:
        """See which workers there are, take back what those had that are gone, and give all something."""
        if self.client.status != "running":
            raise OSError("the Dask scheduler is gone")
        self._due = time.monotonic() + LOOK_EVERY
        try:
            self.threads = self.client.nthreads()
        except OSError as error:
            raise OSError("the Dask scheduler is gone") from error
        for future in [future for future, sent in self.out.items() if sent.worker not in self.threads]:
            self._after_death(self.out.pop(future))
        if not self.out and self.threads and self.threads.keys() <= self.refused.keys():
            address = next(iter(self.threads))
            raise PremiseError(f"no worker of the cluster can train: {address}: {self.refused[address]}")
        if not self.threads and not self._alone:
            self.tell("The cluster has no worker now: the sweep waits for one.")
        self._alone = not self.threads
        busy = Counter(sent.worker for sent in self.out.values())
        for worker in [worker for worker, n in self.threads.items() if busy[worker] < n]:
            self._occupy(worker)

    def _occupy(self, worker: str) -> None:
        """Hand out stacks to a worker until each of its threads has one.

        A run that is suspected of having killed one has the next for itself.
        """
        if worker in self.refused:
            return
        has = [sent.stack for sent in self.out.values() if sent.worker == worker]
        while self.waiting and self._latest is None and len(has) < self.threads.get(worker, 0):
            if has and any(map(self._is_suspect, (*has, self.waiting[0]))):
                return
            has.append(self.waiting.popleft())
            self._send(has[-1], worker)

    def _is_suspect(self, stack: Stack) -> bool:
        return len(stack.rows) == 1 and self.deaths[stack.rows[0], stack.epoch] > 0

    def _send(self, stack: Stack, worker: str) -> None:
        """Hand out a stack to a worker."""
        # From wherever a worker is called.
        marks = tuple(Mark(mark.epoch, mark.path.absolute()) for mark in stack.marks)
        order = Order(self.sweep, replace(stack, marks=marks), self.digests[stack.data], self.expected)
        self._orders += 1
        future = self.client.submit(
            pickle.loads,
            order.sealed,
            key=f"train-{self.sweep}-{self._orders}",
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )
        self.out[future] = Sent(stack, worker, datetime.now(UTC))
        self.board.start(stack.rows, stack.epoch, DISTANT + stack.rows[0])
        future.add_done_callback(self.done.put)

    def _take(self, future: Future) -> Sequence[Outcome]:
        """What an order has come to; its worker has the next one before anybody looks at that."""
        if (sent := self.out.pop(future, None)) is None:  # its worker was gone
            return []
        outcomes: Sequence[Outcome] = []
        if future.status == "finished":
            try:
                outcomes = self._settle(sent, future.result(timeout=FETCH))
            except OSError:  # it may still come, if its worker or the scheduler is not gone
                self.out[future], self._due = sent, 0.0
                future.add_done_callback(self.done.put)
        else:
            self._after_failure(sent, future)
        self._occupy(sent.worker)
        return outcomes

    def _after_failure(self, sent: Sent, future: Future) -> None:
        """Do without a worker that cannot carry out an order, whatever it lacks: nnexp, a library, a disk."""
        from distributed import KilledWorker

        error = future.exception() if future.status == "error" else None
        if error and not isinstance(error, KilledWorker):
            self._refuse(sent, f"{type(error).__name__}: {error}".splitlines()[0])
        elif self.client.status == "running":
            self._after_death(sent)
        else:
            raise OSError("the Dask scheduler is gone")

    def _settle(self, sent: Sent, answer: Answer) -> Sequence[Outcome]:
        """Take in what a worker has answered."""
        if answer.refusal:
            self._refuse(sent, answer.refusal)
            return []
        if answer.lacks:
            self._supply(sent, answer.lacks)
            return []
        self.board.finish(sent.stack.rows)
        if answer.trouble:
            self.board.report(sent.stack.rows, OSError(answer.trouble, ""))
        marks = self._keep(sent, answer)
        ended = {outcome.run.run_id for outcome in answer.outcomes}
        self.waiting.extendleft(_rest(sent.stack, ended, marks))
        return answer.outcomes

    def _supply(self, sent: Sent, lacks: Sequence[str]) -> None:
        """Send a worker what it lacks, then the stack again."""
        stack = sent.stack
        try:
            self.parcels.send(sent.worker, lacks, stack, sent.began)
        except FileNotFoundError:  # somebody has removed its checkpoint
            stack = replace(stack, marks=())
        except Exception as error:
            self._refuse(sent, f"it cannot be sent data: {error}".splitlines()[0])
            return
        self._send(stack, sent.worker)

    def _keep(self, sent: Sent, answer: Answer) -> Mapping[str, Mark]:
        """Write the checkpoints that came with an answer; returns where runs go on."""
        self.parcels.forget(sent.worker, sent.stack)
        if not answer.files or self.expected.checkpoints is None:
            return {}
        try:
            folder = self.expected.checkpoints.keep(answer.files)
        except OSError as error:  # runs that come back without one would never end
            self.board.report(sent.stack.rows, error)
            self.expected = replace(self.expected, checkpoint_every=0.0)
            return {}
        return {run_id: Mark(mark.epoch, folder / mark.path) for run_id, mark in answer.marks.items()}

    def _refuse(self, sent: Sent, why: str) -> None:
        """Do without a worker from now on."""
        if sent.worker not in self.refused:
            self.refused[sent.worker] = why
            self.tell(f"Worker {sent.worker} is left out: {why}")
        self.board.finish(sent.stack.rows)
        self.waiting.appendleft(sent.stack)
        self._due = 0.0

    def _after_death(self, sent: Sent) -> None:
        """Put back what a worker had when it was lost: each run alone, and at the end.

        A run that has lost two workers and gained nothing has failed.
        """
        checkpoints, stack = self.expected.checkpoints, sent.stack
        marks = checkpoints.marks(stack.runs) if checkpoints else {}
        self.board.finish(stack.rows)
        self.parcels.forget(sent.worker)
        self.threads.pop(sent.worker, None)  # before anything is sent to where nobody is
        for alone in (each.going_on(marks) for each in stack.apart()):
            key = alone.rows[0], alone.epoch
            self.deaths[key] += 1
            if self.deaths[key] < MOST_DEATHS:
                self.waiting.append(alone)
            else:
                self.failed.append(lost(alone, sent.began, None))


def _rest(stack: Stack, ended: set[str], marks: Mapping[str, Mark]) -> Iterator[Stack]:
    """What has still to be trained of a stack that came back, from where it is now.

    Each run alone if it has gained nothing: then an error in one of them has cost the others theirs.
    """
    alone = [each.going_on(marks) for each in stack.apart() if each.runs[0].run_id not in ended]
    if not ended and not marks:
        yield from alone
        return
    at = {each.runs[0].run_id: each.marks[0] for each in alone if each.marks}
    by_epoch = attrgetter("epoch")
    for _, group in groupby(sorted(alone, key=by_epoch), key=by_epoch):
        yield Stack.of([(each.runs[0], each.rows[0]) for each in group], at)

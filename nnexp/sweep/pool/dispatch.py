"""Which stacks of a sweep wait, which worker of a cluster has which, and what comes of what is back."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, wait
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from queue import Empty
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from nnexp.data import Dataset, DataSpec
from nnexp.sweep.pool.crew import Crew
from nnexp.sweep.pool.dask import FAREWELL, apart
from nnexp.sweep.pool.distant import Answer, Order
from nnexp.sweep.pool.parcels import Parcels
from nnexp.sweep.pool.premises import Premises
from nnexp.sweep.pool.progress_board import DISTANT, Board
from nnexp.sweep.pool.remainder import lost
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.pool.worker import Outcome

if TYPE_CHECKING:
    from distributed import Client, Future

BEAT = 0.1  # seconds between two looks for a wish to stop
LOOK_EVERY = 0.5  # seconds between two looks at which workers there are


class Sent(NamedTuple):
    """A stack that a worker has now."""

    stack: Stack
    worker: str
    began: datetime


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
        self.client, self.board, self.expected = client, board, expected
        self.sweep = f"nnexp-{uuid4().hex}"
        self.digests = {spec: whole.digest for spec, whole in wholes.items()}
        self.parcels, self.crew = Parcels(client, self.sweep, wholes), Crew(client, tell)
        self.waiting, self.out = deque(stacks), dict[Any, Sent]()
        self.failed = list[Outcome]()
        self._due = 0.0
        self._latest: float | None = None  # when the last stack must have stopped

    def outcomes(self, stop_within: float) -> Iterator[Sequence[Outcome]]:
        """Those of each stack, as soon as it is back."""
        self.client.subscribe_topic(self.sweep, self._hear)
        if self.expected.checkpoints:
            self.expected.checkpoints.announce()
        while self.waiting or self.out:
            if self.board.stop_asked and self._latest is None:
                self._latest = time.monotonic() + stop_within
                self.crew.stop(self.sweep, [sent.worker for sent in self.out.values()])
            if self._latest is not None and (not self.out or time.monotonic() > self._latest):
                break
            if time.monotonic() >= self._due:
                self._look()
            with suppress(Empty):
                yield self._take(*self.parcels.came.get(timeout=BEAT))
            if self.failed:
                failed, self.failed = self.failed, []
                yield failed
        while not self.parcels.came.empty():  # what came late has come
            yield self._take(*self.parcels.came.get())

    def close(self) -> None:
        """Let workers end what they still have."""
        self.crew.demand.waiting = 0
        if self.client.status == "running":
            with suppress(Exception):  # of a scheduler that goes at this moment
                self.client.unsubscribe_topic(self.sweep)
            wait([apart(self.client.cancel, list(self.out), force=True)], FAREWELL)
        if self.expected.checkpoints:
            self.expected.checkpoints.withdraw()

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """In Dask's thread: what a worker says of its stack."""
        _, said = event
        self.board.mirror(said["rows"], said["figures"], said["ages"])

    def _look(self) -> None:
        """See which workers there are, take back what those had that are gone, and give all something."""
        self._due = time.monotonic() + LOOK_EVERY
        self.crew.look()
        for worker in {sent.worker for sent in self.out.values()} - self.crew.threads.keys():
            self._after_death(worker)
        self.crew.check_refusals(busy=bool(self.out))
        self.crew.demand.waiting = len(self.waiting)
        busy = Counter(sent.worker for sent in self.out.values())
        for worker in [worker for worker, n in self.crew.threads.items() if busy[worker] < n]:
            self._occupy(worker)

    def _occupy(self, worker: str) -> None:
        """Hand out stacks to a worker until each of its threads has one."""
        has = [sent.stack for sent in self.out.values() if sent.worker == worker]
        while self.waiting and self._latest is None and self.crew.may_have(worker, self.waiting[0], has):
            has.append(self.waiting.popleft())
            self._send(has[-1], worker)

    def _send(self, stack: Stack, worker: str) -> None:
        """Hand out a stack to a worker, unless the sweep stops."""
        if self._latest is not None:
            self.waiting.appendleft(stack)
            return
        # From wherever a worker is called.
        marks = tuple(Mark(mark.epoch, mark.path.absolute()) for mark in stack.marks)
        order = Order(self.sweep, replace(stack, marks=marks), self.digests[stack.data], self.expected)
        future = self.parcels.hand_out(order, worker)
        self.out[future] = Sent(stack, worker, datetime.now(UTC))
        self.board.start(stack.rows, stack.epoch, DISTANT + stack.rows[0])
        self.parcels.fetch(future)

    def _take(self, future: Future, came: Answer | BaseException | None) -> Sequence[Outcome]:
        """What an order has come to; its worker has the next one before anybody looks at that."""
        if (sent := self.out.pop(future, None)) is None:  # its worker was gone
            return []
        outcomes: Sequence[Outcome] = []
        if came is None:
            self._send(sent.stack, sent.worker)
        elif isinstance(came, Answer):
            outcomes = self._settle(future, sent, came)
        elif future.status in ("error", "cancelled"):
            self._after_failure(sent, came)
        else:  # it may still come, if its worker or the scheduler is not gone
            self.out[future], self._due = sent, 0.0
            self.parcels.fetch(future)
        self._occupy(sent.worker)
        return outcomes

    def _after_failure(self, sent: Sent, error: BaseException) -> None:
        """Do without a worker that cannot carry out an order, whatever it lacks: nnexp, a library, a disk.
        What does not fit in its memory is as if it had died of it."""
        from distributed import KilledWorker

        if isinstance(error, MemoryError):
            self._try_again([sent], f"{type(error).__name__}: {error}")
        elif isinstance(error, CancelledError):
            self.crew.check_scheduler()
            self._try_again([sent])
        elif isinstance(error, KilledWorker):
            self._after_death(sent.worker, sent)
        else:
            self._refuse(sent, f"{type(error).__name__}: {error}".splitlines()[0])

    def _settle(self, future: Future, sent: Sent, answer: Answer) -> Sequence[Outcome]:
        """Take in what a worker has answered."""
        if answer.refusal:
            self._refuse(sent, answer.refusal)
            return []
        if answer.lacks:
            self._supply(future, sent, answer.lacks)
            return []
        self.board.finish(sent.stack.rows)
        if answer.trouble:
            self.board.report(sent.stack.rows, OSError(answer.trouble, ""))
        marks = self._keep(sent, answer)
        ended = {outcome.run.run_id for outcome in answer.outcomes}
        self.waiting.extendleft(sent.stack.rest(ended, marks))
        return answer.outcomes

    def _supply(self, future: Future, sent: Sent, lacks: Sequence[str]) -> None:
        """Send a worker what it lacks, then the stack again; without a checkpoint that cannot be read."""
        try:
            contents = self.parcels.contents(sent.worker, lacks, sent.stack, sent.began)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):  # which somebody has removed
                self.board.report(sent.stack.rows, error)
            self._send(replace(sent.stack, marks=()), sent.worker)
            return
        self.out[future] = sent
        self.parcels.send(future, sent.worker, contents)

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
        self.crew.refuse(sent.worker, why)
        self.board.finish(sent.stack.rows)
        self.waiting.appendleft(sent.stack)
        self._due = 0.0

    def _after_death(self, worker: str, *more: Sent) -> None:
        """Put back all that a worker had when it was lost; `more`: what has come back for that reason."""
        had = [*more, *(sent for sent in self.out.values() if sent.worker == worker)]
        self.out = {future: sent for future, sent in self.out.items() if sent.worker != worker}
        self.crew.tell_loss(worker, self._try_again(had))

    def _try_again(self, had: Sequence[Sent], why: str = "") -> list[Stack]:
        """Put back what one worker had: each run alone, and at the end; all but those that have failed."""
        checkpoints, stacks = self.expected.checkpoints, [sent.stack for sent in had]
        marks = checkpoints.marks(run for stack in stacks for run in stack.runs) if checkpoints else {}
        for stack in stacks:
            self.board.finish(stack.rows)
        self.parcels.forget(had[0].worker)
        alone = [each.going_on(marks) for stack in stacks for each in stack.apart()]
        culprits = self.crew.lose(had[0].worker, alone)
        ends = [lost(each, had[0].began, None) for each in culprits]
        self.failed += [replace(end, traceback=why or end.traceback) for end in ends]
        left = [each for each in alone if each not in culprits]
        self.waiting.extend(left)
        return left

"""The workers of a cluster: who is there, who is left out and why, and who may have another stack."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnexp.sweep.pool.dask import apart
from nnexp.sweep.pool.deaths import Deaths
from nnexp.sweep.pool.distant_board import stop
from nnexp.sweep.pool.premises import PremiseError
from nnexp.sweep.pool.stacks import Stack
from nnexp.text import count

if TYPE_CHECKING:
    from distributed import Client

DEMAND = "nnexp-demand"  # the name of a client's `Demand` among its extensions
PATIENCE = 15.0  # seconds to wait for a worker that can train, and for the scheduler without a word
BEAT = 0.1  # seconds within which a scheduler usually answers


@dataclass
class Demand:
    """What a sweep and the queue that its workers come from know of each other.

    `waiting`: stacks that no worker has; `left_out`: workers that will not have any; `more_come`: whether the
    queue has jobs whose workers have not joined."""

    waiting: int = 1
    left_out: int = 0
    more_come: bool = False


class Crew:
    """Workers by their addresses. `threads`: of each that is there, as far as is known; 0 if it is paused."""

    def __init__(self, client: Client, tell: Callable[[str], None]) -> None:
        self._client, self._tell = client, tell
        self.threads = dict[str, int]()
        self.demand: Demand = client.extensions.setdefault(DEMAND, Demand())
        self._refused = dict[str, str]()
        self._deaths = Deaths()
        self._said = set[str]()  # what was told, and still holds
        self._answer: Future[Any] | None = None  # that a look waits for
        self._asked = self._hope = time.monotonic()  # when it began, and when somebody could train last

    def look(self) -> None:
        """See who is there now; who was there before, as long as the scheduler does not answer.

        Raises:
            OSError: the scheduler is gone.
        """
        self.check_scheduler()
        if self._answer is None:
            self._answer, self._asked = apart(self._client.scheduler_info), time.monotonic()
        wait([self._answer], BEAT)
        late = not self._answer.done() and time.monotonic() - self._asked > PATIENCE
        self._tell_while(late, "The Dask scheduler does not answer: the sweep waits for it.")
        if not self._answer.done():
            return
        answer, self._answer = self._answer, None
        try:
            there = answer.result()["workers"]
        except OSError as error:
            raise OSError("the Dask scheduler is gone") from error
        paused = {worker for worker, known in there.items() if known["status"] == "paused"}
        self.threads = {who: 0 if who in paused else known["nthreads"] for who, known in there.items()}
        self.demand.left_out = len(self._refused.keys() & there.keys())
        self._tell_while(not there, "The cluster has no worker now: the sweep waits for one.")
        for worker in there:
            limit = "Dask has paused it, for it is near its memory limit; --memory-limit 0 sets none"
            self._tell_while(worker in paused, f"Worker {worker} does not go on: {limit}.")

    def check_scheduler(self) -> None:
        """Raise `OSError` if the scheduler is gone."""
        if self._client.status != "running":
            raise OSError("the Dask scheduler is gone")

    def check_refusals(self, *, busy: bool) -> None:
        """Raise `PremiseError` if all who are there are left out, none is `busy`, and no other comes."""
        hopeless = bool(self.threads) and self.threads.keys() <= self._refused.keys() and not busy
        self._tell_while(hopeless, "All workers that are there are left out: the sweep waits for others.")
        if not hopeless or self.demand.more_come:
            self._hope = time.monotonic()
        elif time.monotonic() - self._hope > PATIENCE:
            address = next(iter(self.threads))
            raise PremiseError(f"no worker of the cluster can train: {address}: {self._refused[address]}")

    def refuse(self, worker: str, why: str) -> None:
        """Do without a worker from now on."""
        if worker not in self._refused:
            self._refused[worker] = why
            self._tell(f"Worker {worker} is left out: {why}")

    def lose(self, worker: str, alone: Sequence[Stack]) -> list[Stack]:
        """A worker is gone that had these runs, each as it would go on; returns those that have failed."""
        self.threads.pop(worker, None)  # before anything is sent to where nobody is
        return self._deaths.add(alone)

    def tell_loss(self, worker: str, left: Sequence[Stack]) -> None:
        """Tell of a worker that is gone, and what becomes of those of its runs that have not failed."""
        kept = sum(bool(stack.marks) for stack in left)
        fate = f": others train its {count(len(left), 'run')}, {kept or 'none'} from a checkpoint"
        self._tell(f"Worker {worker} is gone{fate if left else ''}.")

    def stop(self, sweep: str, workers: Sequence[str]) -> None:
        """Pass on the wish that a sweep stops. One that is gone does not hear it; the others do."""
        apart(self._client.run, stop, sweep, workers=list(workers), on_error="ignore")

    def may_have(self, worker: str, stack: Stack, has: Sequence[Stack]) -> bool:
        """Whether a worker that has some stacks may have another one.

        A run that is suspected of having killed a worker has the next for itself.
        """
        if worker in self._refused or len(has) >= self.threads.get(worker, 0):
            return False
        return not has or not any(map(self._deaths.suspects, (stack, *has)))

    def _tell_while(self, holds: bool, text: str) -> None:
        """Tell something once, until it holds no more."""
        if holds and text not in self._said:
            self._tell(text)
        (self._said.add if holds else self._said.discard)(text)

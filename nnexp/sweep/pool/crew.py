"""The workers of a cluster: who is there, who is left out and why, and who may have another stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from nnexp.sweep.pool.distant_board import stop
from nnexp.sweep.pool.premises import PremiseError
from nnexp.sweep.pool.remainder import MOST_DEATHS
from nnexp.sweep.pool.stacks import Stack

if TYPE_CHECKING:
    from distributed import Client


class Crew:
    """Workers by their addresses. `threads`: of each that is there, as far as is known."""

    def __init__(self, client: Client, tell: Callable[[str], None]) -> None:
        self._client, self._tell = client, tell
        self.threads = dict[str, int]()
        self._refused = dict[str, str]()
        self._deaths = Counter[tuple[int, int]]()  # of workers, by a run's row and the epoch where it began
        self._alone = False

    def look(self) -> None:
        """See who is there now.

        Raises:
            OSError: the scheduler is gone.
        """
        self.check_scheduler()
        try:
            self.threads = self._client.nthreads()
        except OSError as error:
            raise OSError("the Dask scheduler is gone") from error
        if not self.threads and not self._alone:
            self._tell("The cluster has no worker now: the sweep waits for one.")
        self._alone = not self.threads

    def check_scheduler(self) -> None:
        """Raise `OSError` if the scheduler is gone."""
        if self._client.status != "running":
            raise OSError("the Dask scheduler is gone")

    def check_refusals(self) -> None:
        """Raise `PremiseError` if all who are there are left out."""
        if self.threads and self.threads.keys() <= self._refused.keys():
            address = next(iter(self.threads))
            raise PremiseError(f"no worker of the cluster can train: {address}: {self._refused[address]}")

    def refuse(self, worker: str, why: str) -> None:
        """Do without a worker from now on."""
        if worker not in self._refused:
            self._refused[worker] = why
            self._tell(f"Worker {worker} is left out: {why}")

    def lose(self, worker: str, alone: Sequence[Stack]) -> list[Stack]:
        """A worker is gone that had these runs; returns those that have lost as many as a run may.

        One that goes on from a later epoch than before has gained something, and begins anew to count.
        """
        self.threads.pop(worker, None)  # before anything is sent to where nobody is
        self._deaths.update((stack.rows[0], stack.epoch) for stack in alone)
        return [stack for stack in alone if self._deaths[stack.rows[0], stack.epoch] >= MOST_DEATHS]

    def stop(self, sweep: str, workers: Sequence[str]) -> None:
        """Pass on the wish that a sweep stops. Not from this thread: a worker that hangs would hold it up."""

        def pass_on() -> None:
            with suppress(Exception):  # of one that is gone; the others hear it
                self._client.run(stop, sweep, workers=list(workers), on_error="ignore")

        Thread(target=pass_on, name="nnexp-stop", daemon=True).start()

    def may_have(self, worker: str, stack: Stack, has: Sequence[Stack]) -> bool:
        """Whether a worker that has some stacks may have another one.

        A run that is suspected of having killed a worker has the next for itself.
        """
        if worker in self._refused or len(has) >= self.threads.get(worker, 0):
            return False
        return not has or not any(map(self._is_suspect, (stack, *has)))

    def _is_suspect(self, stack: Stack) -> bool:
        return len(stack.rows) == 1 and self._deaths[stack.rows[0], stack.epoch] > 0

"""What goes to the workers of a cluster and comes back: orders, answers, and what a worker lacks.

Whatever may take long does so in threads: one worker that hangs holds nobody up.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from nnexp.data import Dataset, DataSpec
from nnexp.sweep.pool.dask import apart
from nnexp.sweep.pool.distant import Answer, Order, file_key
from nnexp.sweep.pool.distant_data import data_key
from nnexp.sweep.pool.stacks import Stack

if TYPE_CHECKING:
    from distributed import Client, Future

FETCH = 30.0  # seconds for an answer to come from its worker


class Parcels:
    """Data sets and checkpoints that each worker was sent, which it keeps while this has the future of it;
    `came`: orders, by their futures, each with its answer, why there is none, or None: it may be handed out
    again, for what the worker lacked is there."""

    def __init__(self, client: Client, sweep: str, wholes: Mapping[DataSpec, Dataset]) -> None:
        self._client, self._sweep, self._wholes = client, sweep, wholes
        self._sent: dict[tuple[str, str], tuple[Any, datetime]] = {}
        self.came = SimpleQueue[tuple[Any, Answer | BaseException | None]]()
        self._orders = 0

    def hand_out(self, order: Order, worker: str) -> Future:
        """Let a worker, and no other, carry out an order."""
        self._orders += 1
        return self._client.submit(
            pickle.loads,
            order.sealed,
            key=f"train-{self._sweep}-{self._orders}",
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )

    def fetch(self, future: Future) -> None:
        """Let the answer come as soon as there is one."""
        future.add_done_callback(lambda done: apart(self._fetch, done))  # Dask's thread must not wait

    def _fetch(self, future: Future) -> None:
        came: Answer | BaseException
        try:
            came = future.result(timeout=FETCH)
        except BaseException as error:
            came = error
        self.came.put((future, came))

    def contents(self, worker: str, keys: Sequence[str], stack: Stack, began: datetime) -> dict[str, Any]:
        """What to send to a worker that lacks it for a stack that it was handed at `began`, by its names.

        Raises:
            OSError: a checkpoint cannot be read, or is not there any more.
        """
        lacks: dict[str, Any] = {}
        for key in keys:
            _, when = self._sent.get((worker, key), (None, datetime.min.replace(tzinfo=UTC)))
            if when < began:  # else it came after the worker had looked
                lacks[key] = self._content(key, stack)
        return lacks

    def send(self, future: Future, worker: str, contents: Mapping[str, Any]) -> None:
        """Send a worker what it lacks for an order."""
        apart(self._send, future, worker, contents)

    def _send(self, order: Future, worker: str, contents: Mapping[str, Any]) -> None:
        came = None
        try:
            futures = self._client.scatter(dict(contents), workers=[worker], direct=True) if contents else {}
            for key, future in futures.items():
                self._sent[worker, key] = future, datetime.now(UTC)
        except Exception as error:
            came = Answer(refusal=f"it cannot be sent data: {error}".splitlines()[0])
        self.came.put((order, came))

    def forget(self, worker: str, stack: Stack | None = None) -> None:
        """Let a worker forget the checkpoints of a stack; all that it was sent, if it is lost."""
        names = None if stack is None else {file_key(self._sweep, mark) for mark in stack.marks}
        for address, key in list(self._sent):
            if address == worker and (names is None or key in names):
                del self._sent[address, key]

    def _content(self, key: str, stack: Stack) -> object:
        whole = self._wholes[stack.data]
        if key == data_key(stack.data, whole.digest):
            return whole
        [path] = {mark.path for mark in stack.marks if file_key(self._sweep, mark) == key}
        return path.read_bytes()

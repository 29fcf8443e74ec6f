"""What the workers of a cluster are sent because they lack it: data sets and checkpoints, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nnexp.data import Dataset, DataSpec
from nnexp.sweep.pool.distant import file_key
from nnexp.sweep.pool.distant_data import data_key
from nnexp.sweep.pool.stacks import Stack

if TYPE_CHECKING:
    from distributed import Client


class Parcels:
    """What each worker was sent. A worker keeps it while this has the future of it."""

    def __init__(self, client: Client, sweep: str, wholes: Mapping[DataSpec, Dataset]) -> None:
        self._client, self._sweep, self._wholes = client, sweep, wholes
        self._sent: dict[tuple[str, str], tuple[Any, datetime]] = {}

    def send(self, worker: str, keys: Sequence[str], stack: Stack, began: datetime) -> None:
        """Send to a worker, and to no other, what it lacks for a stack that it was handed at `began`.

        Raises:
            FileNotFoundError: a checkpoint is not there any more.
            OSError: the worker cannot be reached.
        """
        contents: dict[str, Any] = {}
        for key in keys:
            _, when = self._sent.get((worker, key), (None, datetime.min.replace(tzinfo=UTC)))
            if when < began:  # else it came after the worker had looked
                contents[key] = self._content(key, stack)
        futures = self._client.scatter(contents, workers=[worker], direct=True) if contents else {}
        for key, future in futures.items():
            self._sent[worker, key] = future, datetime.now(UTC)

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

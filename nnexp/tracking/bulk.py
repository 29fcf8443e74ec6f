"""Finished runs written into MLflow's database many at a time: 2 ms of CPU each, where its client takes 47.

Nothing is taken for granted about MLflow's tables: of each kind of run, the first goes through the client,
and what that wrote is compared with what would be written here.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from nnexp.tracking.address import local_folder
from nnexp.tracking.database import Database
from nnexp.tracking.model_logger import ModelIds, ModelWriter, Network, model_text, network_of
from nnexp.tracking.record_fields import DatasetFields, config, dataset
from nnexp.tracking.run_rows import (
    TABLES,
    Entry,
    Rows,
    Target,
    is_plain,
    new_id,
    place_of_model,
    place_of_run,
    rows_of,
)

# Columns that hold an id which nobody else knows, or the moment of logging.
OF_THE_MOMENT = ("input_uuid", "creation_timestamp_ms", "last_updated_timestamp_ms")
Kind = tuple[DatasetFields | None, tuple[str, ...]]


class Prepared(NamedTuple):
    """A run that is ready to be written. `kind`: its data set, and which tables it fills."""

    entry: Entry
    target: Target
    network: Network | None
    rows: Rows
    kind: Kind


class Bulk:
    """Writes the runs of one sweep, whose page is the run `page`, to one experiment.

    Attributes:
        difference: how MLflow's rows differ from ours ("": nowhere so far); then nothing may be written here.
    """

    def __init__(
        self, database: Database, experiment: tuple[str, str], page: str, writer: ModelWriter
    ) -> None:
        number, self._location = experiment
        self._database, self._experiment, self._page, self._writer = database, int(number), page, writer
        self._data: dict[DatasetFields | None, str] = {None: ""}
        self._kinds: set[Kind] = set()
        self.difference = ""

    def split(self, entries: Iterable[Entry]) -> tuple[list[Prepared], list[Entry]]:
        """Those that can be written here, and those that MLflow's client must take: the first of each kind,
        those with a text that it would shorten, and those whose id is that of a deleted run."""
        known, others = [], []
        for entry in entries:
            prepared = self._prepare(entry)
            if prepared.kind in self._kinds and is_plain(prepared.rows):
                known.append(prepared)
            else:
                others.append(entry)
        taken = self._database.taken(prepared.target.run for prepared in known)
        return (
            [prepared for prepared in known if prepared.target.run not in taken],
            others + [prepared.entry for prepared in known if prepared.target.run in taken],
        )

    def insert(self, runs: Sequence[Prepared]) -> None:
        """Write runs: all of them or none. Files come first: a run in the store has its model."""
        for run in runs:
            self._write_files(run)
        self._database.insert(self._experiment, (run.rows for run in runs))

    def learn(self, entry: Entry, mlflow_run_id: str) -> None:
        """Compare what the client has written for a run with what would be written here."""
        found = self._database.rows_of(mlflow_run_id)
        models = [row["model_id"] for row in found["logged_models"]]
        data = [row["source_id"] for row in found["inputs"] if row["source_type"] == "DATASET"]
        source = dataset(entry.record)
        target = self._target(mlflow_run_id, "".join(models), "".join(data))
        expected = _rows(entry, target, _network(entry))
        if not is_plain(expected):
            return
        self.difference = next(
            (name for name in TABLES if _masked(found[name]) != _masked(expected.get(name, []))), ""
        )
        if not self.difference:
            self._data[source] = target.dataset
            self._kinds.add(_kind(entry, expected))

    def _prepare(self, entry: Entry) -> Prepared:
        run = new_id(self._page, entry.record)
        model = f"m-{run}" if entry.weights else ""
        target = self._target(run, model, self._data.get(dataset(entry.record), "unknown"))
        network = _network(entry)
        rows = _rows(entry, target, network)
        return Prepared(entry, target, network, rows, _kind(entry, rows))

    def _target(self, run: str, model: str, data: str) -> Target:
        return Target(self._experiment, self._location, run, model, data)

    def _write_files(self, run: Prepared) -> None:
        entry, target = run.entry, run.target
        if run.network:
            place = place_of_model(target)
            ids = ModelIds(target.model, target.run, place)
            self._writer.write(local_folder(place), ids, run.network, config(entry.record))
        if entry.record.traceback:
            folder = local_folder(place_of_run(target))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "traceback.txt").write_text(entry.record.traceback, encoding="utf-8")


def _network(entry: Entry) -> Network | None:
    return network_of(entry.weights) if entry.weights else None


def _rows(entry: Entry, target: Target, network: Network | None) -> Rows:
    text = model_text(target.run, network) if network else None
    return rows_of(entry, target, text, time.time_ns() // 1_000_000)


def _kind(entry: Entry, rows: Rows) -> Kind:
    return dataset(entry.record), tuple(name for name in TABLES if rows.get(name))


def _masked(rows: list[dict[str, Any]]) -> Counter[frozenset[tuple[str, Any]]]:
    """Rows in no order, without what differs from one moment to the next."""
    return Counter(
        frozenset((name, "" if name in OF_THE_MOMENT else value) for name, value in row.items())
        for row in rows
    )

"""`logged.jsonl` in a sweep's folder: which records are in which MLflow store, a line each, durable."""

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from nnexp.sweep.store.record import Record
from nnexp.tracking.address import scheme, sqlite_path

FILE = "logged.jsonl"
# What SQLite answers where MLflow's tables are not, or not whole; any other error is of the moment.
DAMAGED = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Logged(NamedTuple):
    """One line. `store`: its address without password; `started`: of the training that was logged.

    A line with the sweep's ID in place of a run's is about the parent: with a `status`, that it was ended so,
    without one, that it was opened. A line without an ID says that the sweep is logged to that store, with
    the networks of which runs (`models`).
    """

    run_id: str
    store: str
    mlflow_run_id: str
    started: str
    status: str = ""
    models: str = ""


def read_logged(folder: Path) -> list[Logged]:
    """Every whole line, oldest first; a torn or damaged line is left out. The last line of a run counts."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [entry for line in lines if (entry := _parsed(line)) is not None]


def mlflow_run_ids(folder: Path, records: Mapping[str, Record] | None = None) -> dict[str, str]:
    """run_id -> mlflow_run_id, as logged last; with `records`, only where that training was logged."""
    started = None if records is None else {r.run_id: r.timings["started"] for r in records.values()}
    return {
        line.run_id: line.mlflow_run_id
        for line in read_logged(folder)
        if line.started and (started is None or started.get(line.run_id) == line.started)
    }


def runs_to_log(folder: Path, store: str, records: Mapping[str, Record]) -> list[str]:
    """run_ids of `records` that are not logged to `store` yet, as they were trained last."""
    logged = {(line.run_id, line.started) for line in lines_of(folder, store)}
    return [run_id for run_id, record in records.items() if (run_id, record.timings["started"]) not in logged]


def logged_status(folder: Path, store: str) -> str | None:
    """The status with which the sweep's parent in `store` was ended; None if anything was logged since."""
    lines = lines_of(folder, store)
    return (lines[-1].status or None) if lines else None


def lines_of(folder: Path, store: str) -> list[Logged]:
    """The lines about one store, oldest first; none about a SQLite file that is gone, damaged or another."""
    lines = [line for line in read_logged(folder) if line.store == store]
    parents = [line.mlflow_run_id for line in lines if line.run_id == folder.name]
    if scheme(store) == "sqlite" and not _holds(sqlite_path(store), parents[-1:]):
        return []
    return lines


def usual_store(folder: Path) -> str | None:
    """The store that the sweep was logged to last; None without one, or where its folder is gone."""
    stores = [line.store for line in read_logged(folder)]
    if not stores or (scheme(stores[-1]) == "sqlite" and not sqlite_path(stores[-1]).parent.is_dir()):
        return None
    return stores[-1]


def usual_models(folder: Path) -> str:
    """Whose networks a store got of the sweep last: all, best or none; all where none was logged."""
    return next((line.models for line in reversed(read_logged(folder)) if line.models), "all")


def _holds(store: Path, runs: Sequence[str]) -> bool:
    """Whether the SQLite file has these of MLflow's runs, as far as one can tell without a lock."""
    if not store.is_file():
        return False
    try:
        with closing(
            sqlite3.connect(f"{store.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        ) as database:
            return all(
                database.execute("SELECT 1 FROM runs WHERE run_uuid = ?", [run]).fetchone() for run in runs
            )
    except sqlite3.Error as error:
        return error.sqlite_errorcode & 0xFF not in DAMAGED


def reopen(folder: Path) -> None:
    """Note that the page of the sweep in `folder` is out of date, in every store that has one."""
    for store in dict.fromkeys(line.store for line in read_logged(folder)):
        append_logged(folder, Logged("", store, "", ""))


def append_logged(folder: Path, *entries: Logged) -> None:
    """Add lines, durably; they start on a line of their own, whatever a crash left before them."""
    with (folder / FILE).open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.writelines(json.dumps(entry._asdict()).encode() + b"\n" for entry in entries)
        file.flush()
        os.fsync(file.fileno())


def _parsed(line: str) -> Logged | None:
    if "\ufffd" in line:  # some of its bytes are damaged
        return None
    try:
        values: Any = json.loads(line)
        return Logged(**values)
    except (ValueError, TypeError):
        return None

"""A new SQLite store: MLflow makes one, empty, for each of its versions; every other is a copy of that.

MLflow's 50 migrations take 0.5 s of CPU, and every project starts with them. The empty store lies in the
user's cache folder; without one, MLflow makes each store anew.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from nnexp.data.download import cache_folder
from nnexp.errors import UserError
from nnexp.files import replacing
from nnexp.tracking.address import sqlite_uri


def make_store(path: Path) -> None:
    """Make a SQLite store whole, or not at all: one whose maker was killed half-way could never be opened.

    It is in WAL mode: fewer disk flushes per run, and the UI reading never blocks us.
    """
    if path.exists():
        return
    unfinished, empty = path.with_name(f".{path.name}.new"), _empty_store()
    unfinished.unlink(missing_ok=True)
    if not (empty and _copy(empty, unfinished)):
        _migrate(unfinished)
        if empty:
            _keep(unfinished, empty)
    with closing(sqlite3.connect(unfinished)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def _empty_store() -> Path | None:
    """Where the empty store of the installed MLflow is kept; nowhere for a user without a home."""
    from mlflow.version import VERSION

    with suppress(UserError):
        return cache_folder() / f"mlflow-{VERSION}.db"
    return None


def _copy(empty: Path, target: Path) -> bool:
    """Copy the empty store; whether there is a sound one."""
    with suppress(OSError, sqlite3.Error):
        shutil.copyfile(empty, target)
        with closing(sqlite3.connect(target)) as database:
            if database.execute("PRAGMA quick_check").fetchone() == ("ok",):
                return True
    target.unlink(missing_ok=True)
    return False


def _keep(made: Path, empty: Path) -> None:
    """Keep a copy of a store that was just made, if the cache folder takes it."""
    with suppress(OSError):
        empty.parent.mkdir(parents=True, exist_ok=True)
        with replacing(empty) as file:
            file.write(made.read_bytes())


def _migrate(path: Path) -> None:
    """Let MLflow make its tables, in a store without any experiment.

    Nothing is flushed meanwhile: they would wait for the disk hundreds of times (8 s instead of 0.5).
    """
    from mlflow import MlflowClient
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def never_flush(connection: Any, _: object) -> None:
        if isinstance(connection, sqlite3.Connection) and _file_of(connection).name == path.name:
            connection.execute("PRAGMA synchronous=OFF")

    address = sqlite_uri(path)
    event.listen(Engine, "connect", never_flush)
    try:
        MlflowClient(tracking_uri=address, registry_uri=address).search_experiments(max_results=1)
    finally:
        event.remove(Engine, "connect", never_flush)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM experiments")  # its default one, which names the folder of the moment


def _file_of(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])

"""The door to MLflow: settings made before its first import, and its talk kept off the terminal."""

import logging
import os
import sqlite3
from contextlib import AbstractContextManager, closing, nullcontext
from typing import TYPE_CHECKING

from nnexp.tracking.address import SERVERS, scheme, split_credentials, sqlite_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Short waits, no hidden retries: the tracking thread tries again itself, and knows what it tries.
# A value that the user's environment sets is left alone.
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
LOCK_TIME = 60.0  # seconds: making the tables takes up to 10
# MLflow logs the traceback of every database error before it raises it.
LEVELS = {
    "mlflow": logging.WARNING,
    "mlflow.store.db.utils": logging.CRITICAL,
    "alembic": logging.WARNING,
}


def prepare() -> None:
    """Settings that must stand before MLflow is imported; telemetry is off whatever the environment says."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def store_lock(uri: str) -> AbstractContextManager[object]:
    """Held while a SQLite file is opened: two processes that make its tables at once would ruin it."""
    if scheme(uri) != "sqlite":
        return nullcontext()
    from filelock import FileLock

    path = sqlite_path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_TIME)


def connect(uri: str) -> "MlflowClient":
    """A client of the store at `uri`; a SQLite store that does not exist is made (2-8 s).

    Importing MLflow costs 2.5 s of CPU, so it happens here, at the first use.
    """
    prepare()
    from mlflow import MlflowClient

    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)
    if scheme(uri) in SERVERS:
        uri = _hand_over_credentials(uri)
    elif scheme(uri) == "sqlite":
        _make_sqlite(uri)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _hand_over_credentials(uri: str) -> str:
    """Give user and password to MLflow by its own variables, so that no address it shows holds them."""
    address, user, password = split_credentials(uri)
    if user is not None:
        os.environ["MLFLOW_TRACKING_USERNAME"] = user
        os.environ["MLFLOW_TRACKING_PASSWORD"] = password or ""
    return address


def _make_sqlite(uri: str) -> None:
    """Make a SQLite store whole, or not at all: one whose maker was killed half-way could never be opened.

    It is in WAL mode: fewer disk flushes per run, and the UI reading never blocks us.
    """
    from mlflow import MlflowClient

    path = sqlite_path(uri)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    made = f"sqlite:///{unfinished.absolute()}"
    MlflowClient(tracking_uri=made, registry_uri=made).search_experiments(max_results=1)
    os.replace(unfinished, path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")

"""The door to MLflow: a client of a store, under settings that are undone afterwards."""

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from filelock import FileLock

from nnexp.tracking.address import path_for_mlflow, scheme, sqlite_path, sqlite_uri
from nnexp.tracking.credentials import address_for_client
from nnexp.tracking.new_store import make_store

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Telemetry is off, and MLflow prints no addresses, whatever the environment says.
FORCED = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
# Short waits, no hidden retries: the tracking thread tries again itself, and knows what it tries.
# A value that the user's environment sets is left alone.
DEFAULTS = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
# MLflow logs the traceback of every database error before it raises it.
LEVELS = {
    "mlflow": logging.WARNING,
    "mlflow.store.db.utils": logging.CRITICAL,
    "alembic": logging.WARNING,
}
LOCK_TIME = 60.0  # seconds: making the tables takes up to 10

_guard = Lock()  # of the two below: several threads may be inside `settings` at once
_inside = 0
_restore = ExitStack()


@contextmanager
def session(uri: str) -> Iterator["MlflowClient"]:
    """A client of the store at `uri`, for use inside; a SQLite store that does not exist is made.

    A user and password stay in the address that the client has: in no variable of the process, so that no
    other process and no other server gets them. Importing MLflow costs 2.5 s of CPU, so it happens here.

    Raises:
        UserError: another server than theirs would be handed the environment's user and password.
    """
    uri = address_for_client(uri)
    with settings():
        from mlflow import MlflowClient

        if scheme(uri) == "sqlite":
            path = path_for_mlflow(sqlite_path(uri)) or sqlite_path(uri)
            make_store(path)
            uri = sqlite_uri(path)
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def settings() -> Iterator[None]:
    """Our settings of MLflow, in the environment and of its loggers; the last thread to leave undoes them.

    MLflow can only be set by variables of the whole process; a user's own MLflow must not keep ours.
    """
    global _inside, _restore
    with _guard:
        if not _inside:
            _restore = _apply()
        _inside += 1
    try:
        yield
    finally:
        with _guard:
            _inside -= 1
            if not _inside:
                _restore.close()


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables to add to `environment` for MLflow."""
    return FORCED | {name: value for name, value in DEFAULTS.items() if name not in environment}


def store_lock(uri: str) -> AbstractContextManager[object]:
    """Held while a SQLite file is opened: two processes that make its tables at once would ruin it."""
    if scheme(uri) != "sqlite":
        return nullcontext()
    path = sqlite_path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_TIME)


def _apply() -> ExitStack:
    """Make our settings; closing what is returned undoes them."""
    undo = ExitStack()
    for name, value in variables(os.environ).items():
        undo.callback(_set_variable, name, os.environ.get(name))
        os.environ[name] = value
    with _some_home():  # only now: it reads the variables, and sets the levels of its loggers
        import mlflow  # noqa: F401
    for name, level in LEVELS.items():
        logger = logging.getLogger(name)
        undo.callback(logger.setLevel, logger.level)
        logger.setLevel(level)
    return undo


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


@contextmanager
def _some_home() -> Iterator[None]:
    """MLflow cannot be imported where a user has no home; such a user gets the temporary folder for it."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()
        try:
            yield
        finally:
            del os.environ["HOME"]
    else:
        yield

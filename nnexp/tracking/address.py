"""Addresses of MLflow stores: what is accepted, what is shown, and whether anybody is there."""

import base64
import os
import sqlite3
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, unquote
from urllib.request import Request, urlopen

from nnexp.errors import UserError, unknown

SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
TIME_LIMIT = 3.0  # seconds that a store may take to answer before anything trains
ARTIFACTS = "mlartifacts"


def scheme(uri: str) -> str:
    """`postgresql` of `postgresql+psycopg2://...`; empty for a plain path."""
    return uri.partition("://")[0].partition("+")[0] if "://" in uri else ""


def public_uri(uri: str) -> str:
    """`uri` without user, password and query: what may be shown, tagged and recorded."""
    return split_credentials(uri)[0]


def split_credentials(uri: str) -> tuple[str, str | None, str | None]:
    """The public part of `uri`, the user and the password (None where there is none)."""
    start, mark, rest = uri.partition("://")
    if not mark or scheme(uri) == "sqlite":
        return uri, None, None
    credentials, _, place = rest.partition("?")[0].rpartition("@")
    user, _, password = credentials.partition(":")
    return start + mark + place, unquote(user) or None, unquote(password) or None


def check(uri: str) -> None:
    """See, before anything trains, that runs can be logged at `uri`. Imports no MLflow, writes nothing.

    Raises:
        UserError: `uri` is no address of a store, or nobody answers there within 3 s.
    """
    kind = scheme(uri)
    if kind in ("", "file"):
        raise UserError(
            f"tracking.uri must be a database or a server, got {uri!r} (MLflow no longer writes to folders): "
            "try sqlite:///mlflow.db"
        )
    if kind not in (*DATABASES, *SERVERS):
        raise unknown("kind of store in tracking.uri", kind, (*DATABASES, *SERVERS))
    if kind in SERVERS:
        _check_server(uri)
    elif kind == "sqlite":
        _check_sqlite(uri)


def sqlite_path(uri: str) -> Path:
    """The file of a `sqlite:///FILE` address."""
    return Path(uri.partition(":///")[2].partition("?")[0])


def artifact_location(uri: str, experiment: str) -> str | None:
    """Where an experiment's models and files go: `mlartifacts/` beside the database; None: the server knows.

    A database on another machine has no folder beside it: the current one is meant.
    """
    if scheme(uri) in SERVERS:
        return None
    home = sqlite_path(uri).parent if scheme(uri) == "sqlite" else Path()
    return (home / ARTIFACTS / experiment).absolute().as_uri()


def _check_server(uri: str) -> None:
    address, user, password = split_credentials(uri)
    request = Request(f"{address.rstrip('/')}/health")
    if user is not None:
        pair = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
    try:
        with urlopen(request, timeout=TIME_LIMIT):
            return
    except HTTPError as error:
        error.close()
        reason = f"answers {error.code} to GET /health"
    except (OSError, HTTPException, ValueError) as error:  # refused, timed out, not HTTP, no such host
        reason = f"does not answer ({getattr(error, 'reason', None) or error or type(error).__name__})"
    raise UserError(
        f"tracking.uri must be a running MLflow server, but {address} {reason}: "
        "start it, correct tracking.uri, or use tracking=sqlite or tracking=none"
    )


def _check_sqlite(uri: str) -> None:
    path = sqlite_path(uri)
    if path.name in ("", ":memory:"):
        raise UserError(f"tracking.uri must name a file, such as sqlite:///mlflow.db, got {uri!r}")
    if path.exists():
        problem = _cannot_write(path)
    else:
        home = next(parent for parent in path.absolute().parents if parent.exists())
        problem = None if os.access(home, os.W_OK) else f"{home} cannot be written"
    if problem:
        raise UserError(f"tracking.uri must be a SQLite file that can be written, got {uri!r}: {problem}")


def _cannot_write(path: Path) -> str | None:
    """Why SQLite cannot write to `path`, or None. Takes the write lock, and gives it back."""
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=TIME_LIMIT)
        ) as database:
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
    except sqlite3.Error as error:
        return str(error)
    return None

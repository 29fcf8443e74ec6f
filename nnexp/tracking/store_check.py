"""Whether runs can be logged at an address: seen before anything trains, without importing MLflow."""

import os
import socket
import sqlite3
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from nnexp.errors import UserError, unknown
from nnexp.tracking.address import (
    DATABASES,
    SERVERS,
    is_well_formed,
    path_for_mlflow,
    public_uri,
    scheme,
    sqlite_path,
    without_secrets,
)
from nnexp.tracking.credentials import (
    PASSWORD,
    STORE_VARIABLE,
    USER,
    WAYS,
    address_for_client,
    is_theirs,
    who_asks,
)
from nnexp.tracking.schema import COLUMN, TABLE, schema_problem

ASKED = "api/2.0/mlflow/experiments/search?max_results=1"  # as every client of MLflow may
TIME_LIMIT = 3.0  # seconds that a store may take to answer
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
# What pip calls a driver whose module has another name.
DRIVERS = {"psycopg": "'psycopg[binary]'", "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}
INSTEAD = "use tracking=sqlite or tracking=none"


def check_store(uri: str) -> None:
    """See, before anything trains, that runs can be logged at `uri`. Writes nothing.

    Raises:
        UserError: `uri` is no address of a store, or nobody answers there within 3 s.
    """
    try:
        _check(uri)
    except UserError as error:
        if uri == os.environ.get(STORE_VARIABLE):  # then that is what must be corrected
            raise UserError(str(error).replace("tracking.uri", STORE_VARIABLE)) from error
        raise


def _check(uri: str) -> None:
    kind = scheme(uri)
    if kind in ("", "file"):
        raise UserError(
            f"tracking.uri must be a database or a server, got {public_uri(uri)!r} (MLflow no longer writes "
            "to folders): try sqlite:///mlflow.db"
        )
    if kind not in (*DATABASES, *SERVERS):
        raise unknown("kind of store in tracking.uri", kind, (*DATABASES, *SERVERS))
    if not is_well_formed(uri):
        raise UserError(
            f"tracking.uri must be {kind}://USER:PASSWORD@HOST:PORT, where @ / ? # in user and password are "
            f"written %40 %2F %3F %23, got one with {public_uri(uri)!r}"
        )
    if kind == "sqlite":
        _check_sqlite(uri)
    elif kind in SERVERS:
        _check_server(uri)
    else:
        _check_database(uri)


def _check_server(uri: str) -> None:
    address = public_uri(uri)
    if "#" in address:
        raise UserError(f"tracking.uri must be the server's address alone, without what follows #: {address}")
    address_for_client(uri)
    home, header = address.rstrip("/"), who_asks(uri).header
    try:
        _get(f"{home}/health", header, TIME_LIMIT)
        _get(f"{home}/{ASKED}", header, 3 * TIME_LIMIT)  # its health a server tells everybody
        return
    except HTTPError as error:
        error.close()
        if error.code in (401, 403):
            if any(map(os.environ.get, WAYS)):  # MLflow knows another way in, and we do not
                return
            raise UserError(f"tracking.uri {address} {_refusal(error.code, uri)}, or {INSTEAD}") from error
        reason = f"answers {error.code} to GET {urlsplit(error.url).path}"
    except (OSError, HTTPException, ValueError) as error:  # refused, timed out, not HTTP, no such host
        reason = f"does not answer ({getattr(error, 'reason', None) or error or type(error).__name__})"
    raise UserError(
        f"tracking.uri must be a running MLflow server, but {address} {reason}: "
        f"start it, correct tracking.uri, or {INSTEAD}"
    )


def _get(address: str, header: str | None, seconds: float) -> None:
    request = Request(address)
    if header:
        request.add_unredirected_header("Authorization", header)  # a redirect may lead elsewhere
    urlopen(request, timeout=seconds).close()


def _refusal(status: int, uri: str) -> str:
    """Why a server lets nobody in, and what would help."""
    user, _, token = who_asks(uri)
    if user:
        return f"refuses the user {user} with this password ({status}): correct them"
    if token:
        return f"refuses the token ({status}): correct it"
    if not is_theirs(uri):
        return f"wants a user and password ({status}), and {USER} is for the one of {STORE_VARIABLE} alone"
    return f"wants a user and password ({status}): set {USER} and {PASSWORD}"


def _check_database(uri: str) -> None:
    """Connect once, as MLflow will: the driver, the host, the user and the database are all needed."""
    from sqlalchemy import create_engine, inspect, text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        engine = create_engine(uri, poolclass=NullPool)
        if engine.url.host:  # a driver may wait for minutes where nobody answers
            address = (engine.url.host, engine.url.port or PORTS[scheme(uri)])
            socket.create_connection(address, timeout=TIME_LIMIT).close()
        with engine.connect() as connection:
            noted = None
            if inspect(connection).has_table(TABLE):
                noted = connection.execute(text(f"SELECT {COLUMN} FROM {TABLE}")).scalar()
    except ModuleNotFoundError as error:
        driver = DRIVERS.get(error.name or "", error.name)
        raise UserError(
            f"tracking.uri {public_uri(uri)} needs a database driver that is not installed: "
            f"pip install {driver}, or {INSTEAD}"
        ) from error
    except (SQLAlchemyError, OSError, OverflowError) as error:
        reason = without_secrets(str(error).strip().splitlines()[0], uri)
        raise UserError(
            f"tracking.uri must be a database that can be opened, but {public_uri(uri)}: {reason}; "
            f"correct tracking.uri, or {INSTEAD}"
        ) from error
    if noted and (problem := schema_problem(noted)):
        raise UserError(f"tracking.uri {public_uri(uri)} cannot be used: {problem}")


def _check_sqlite(uri: str) -> None:
    path = sqlite_path(uri)
    if not uri.partition("://")[2].startswith("/") or path.name in ("", ":memory:"):
        raise UserError(
            f"tracking.uri must name a file, such as sqlite:///mlflow.db, got {public_uri(uri)!r}"
        )
    if "?" in uri:
        raise UserError(f"tracking.uri of a SQLite file takes no ?, got {uri!r}: in a name it is written %3F")
    if path_for_mlflow(path) is None:
        raise UserError(
            f"tracking.uri must lead through no folder with % ? # in its name, got {uri!r}: "
            f"start in {path.parent.absolute()}, with tracking.uri=sqlite:///{path.name}"
        )
    if path.exists():
        problem = _cannot_write(path)
    else:
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        problem = None if os.access(folder, os.W_OK) else f"{folder} cannot be written"
    if problem:
        raise UserError(f"tracking.uri must be a SQLite file that can be written, got {uri!r}: {problem}")


def _cannot_write(path: Path) -> str | None:
    """Why MLflow cannot write to the file `path`, or None. Takes the write lock, and gives it back."""
    if path.is_dir():
        return "it is a folder"
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=TIME_LIMIT)
        ) as database:
            database.execute("BEGIN IMMEDIATE")
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            database.rollback()
            known = TABLE in tables
            noted = database.execute(f"SELECT {COLUMN} FROM {TABLE}").fetchone() if known else None
    except sqlite3.Error as error:
        return str(error)
    if tables and not known:
        return "it holds the tables of another program"
    return schema_problem(*noted) if noted else None

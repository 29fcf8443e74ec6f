"""MLflow's database, opened beside its client: for many rows at once, and for what the client is slow at.

The tables are MLflow's own definitions, the engine is ours: none of MLflow's private parts is used.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from nnexp.tracking.address import scheme
from nnexp.tracking.run_rows import TABLES, Rows

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

KINDS = ("sqlite", "postgresql")
BUSY_TIME = 20  # seconds that another process may hold a SQLite file, as for MLflow
CACHE = 65536  # kB: a portion of runs is written once, and not each time that 2 MB are full
# Enough to tell SQLite which index is short; a whole count of 100,000 runs takes seconds.
ANALYSIS_LIMIT = 400


class LoggedRun(NamedTuple):
    """A run as the store has it; `started` in milliseconds tells one training of a run from another."""

    mlflow_run_id: str
    started: int
    complete: bool


class Database(AbstractContextManager["Database"]):
    """The database at `uri`, one of `KINDS`. For use in one thread; raises whatever its driver raises."""

    def __init__(self, uri: str) -> None:
        from mlflow.store.db.base_sql_model import Base
        from mlflow.store.tracking.dbmodels import models  # noqa: F401  (declares the tables)
        from sqlalchemy import create_engine, event

        self._is_sqlite = scheme(uri) == "sqlite"
        self._engine = create_engine(uri)
        self._copies = self._engine.driver == "psycopg"
        self._tables: dict[str, Table] = {name: Base.metadata.tables[name] for name in TABLES}
        self._experiments = Base.metadata.tables["experiments"]
        if self._is_sqlite:
            event.listen(self._engine, "connect", _prepare)

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def insert(self, experiment: int, runs: Iterable[Rows]) -> None:
        """Write all rows of some runs into an experiment: in one transaction, all or none."""
        from sqlalchemy import select

        runs, table = list(runs), self._experiments
        stage = select(table.c.lifecycle_stage).where(table.c.experiment_id == experiment)
        with self._connection() as connection:
            if self._is_sqlite:  # at once for writing: one that reads first cannot wait for another writer
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            if connection.execute(stage).scalar() != "active":
                raise LookupError("the experiment was deleted while runs were logged")
            for name in TABLES:
                if rows := [row for run in runs for row in run.get(name, ())]:
                    self._write(connection, name, rows)
            connection.commit()

    def _write(self, connection: "Connection", name: str, rows: list[dict[str, Any]]) -> None:
        """Add rows to a table; to PostgreSQL by its COPY, which reads them as one stream.

        Raises:
            ValueError: they do not all have the same columns, and some would get lost.
        """
        table, columns = self._tables[name], list(rows[0])
        if other := next((row for row in rows if row.keys() != rows[0].keys()), None):
            raise ValueError(f"rows of {name} must have the columns {columns}, got {list(other)}")
        left_out = [column for column in table.c if column.name not in columns]
        if not self._copies or any(column.default is not None for column in left_out):  # it fills those in
            connection.execute(table.insert(), rows)
            return
        quote = connection.dialect.identifier_preparer.quote
        command = f"COPY {quote(name)} ({', '.join(map(quote, columns))}) FROM STDIN"
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row([row[column] for column in columns])

    def taken(self, runs: Iterable[str]) -> set[str]:
        """Which of these ids are those of runs, deleted ones too."""
        from sqlalchemy import select

        ids = self._tables["runs"].c.run_uuid
        with self._connection() as connection:
            return set(connection.execute(select(ids).where(ids.in_(list(runs)))).scalars())

    def rows_of(self, run: str) -> Rows:
        """All rows of a run and its models, by table."""
        tables, found = self._tables, Rows()
        with self._connection() as connection:

            def read(name: str, which: "ColumnElement[bool]") -> list[dict[str, Any]]:
                rows = connection.execute(tables[name].select().where(which)).mappings()
                found[name] = [dict(row) for row in rows]
                return found[name]

            for name in ("runs", "tags", "params", "metrics", "latest_metrics"):
                read(name, tables[name].c.run_uuid == run)
            logged = read("logged_models", tables["logged_models"].c.source_run_id == run)
            models = [row["model_id"] for row in logged]
            for name in ("logged_model_params", "logged_model_tags", "logged_model_metrics"):
                read(name, tables[name].c.model_id.in_(models))
            ends = tables["inputs"].c
            links = read("inputs", (ends.source_id == run) | (ends.destination_id == run))
            inputs = [row["input_uuid"] for row in links]
            read("input_tags", tables["input_tags"].c.input_uuid.in_(inputs))
        return found

    def children(self, page: str) -> dict[str, LoggedRun]:
        """The runs below a parent, by the run_id that nnexp gave them."""
        from sqlalchemy import select

        runs, ours = self._tables["runs"], self._tables["tags"].alias("ours")
        above = self._tables["tags"].alias("above")
        query = (
            select(ours.c.value, runs.c.run_uuid, runs.c.start_time, runs.c.status)
            .join_from(runs, above, above.c.run_uuid == runs.c.run_uuid)
            .join(ours, ours.c.run_uuid == runs.c.run_uuid)
            .where(above.c.key == "mlflow.parentRunId", above.c.value == page, ours.c.key == "nnexp.run_id")
            .where(runs.c.lifecycle_stage == "active")
            .order_by(runs.c.start_time.desc(), runs.c.run_uuid)
        )
        with self._connection() as connection:
            return {
                run_id: LoggedRun(mlflow_run_id, started, status != "RUNNING")
                for run_id, mlflow_run_id, started, status in connection.execute(query)
            }

    def analyze(self) -> None:
        """Let the database know how its rows are spread: else MLflow's UI takes minutes to sort many runs."""
        with self._connection() as connection:
            if self._is_sqlite:
                connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSIS_LIMIT}")
                connection.exec_driver_sql("ANALYZE")
            else:
                connection.exec_driver_sql(f"ANALYZE {', '.join(TABLES)}")
                connection.commit()

    @contextmanager
    def _connection(self) -> Iterator["Connection"]:
        with self._engine.connect() as connection:
            yield connection


def _prepare(connection: Any, _: object) -> None:
    """Settings of a SQLite connection: its transactions begin where we say so, and references are checked."""
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = {-CACHE}")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIME * 1000}")

"""A store of thousands of runs, made in seconds: the rows of a few are copied within the database."""

import sqlite3
from contextlib import closing
from pathlib import Path

# Where a run's id stands in MLflow's tables. A copy gets its first 26 characters replaced by a number.
OF_RUNS = {"runs": "run_uuid", "tags": "run_uuid", "params": "run_uuid", "metrics": "run_uuid"}
OF_RUNS |= {"latest_metrics": "run_uuid", "inputs": "destination_id"}


def multiply(store: Path, mlflow_run_ids: list[str], copies: int, *, model: bool = False) -> list[str]:
    """Copy runs of a SQLite store, if wanted with the rows of their models, without files; the ids."""
    made = []
    with closing(sqlite3.connect(store)) as database, database:
        for number in range(copies):
            for one in mlflow_run_ids:
                new = f"{number:026x}{one[26:]}"
                for table, column in OF_RUNS.items():
                    _copy(database, table, column, one, new)
                if model:
                    _copy(database, "logged_models", "source_run_id", one, new)
                made.append(new)
        database.execute("ANALYZE")
    return made


def _copy(database: sqlite3.Connection, table: str, column: str, one: str, new: str) -> None:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    fresh = {
        column: "?",
        "input_uuid": "hex(randomblob(16))",
        "model_id": "'m-' || lower(hex(randomblob(16)))",
    }
    if table not in ("inputs", "logged_models"):
        fresh = {column: "?"}
    values = [fresh.get(name, f'"{name}"') for name in columns]
    database.execute(
        f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} WHERE {column} = ?", [new, one]
    )

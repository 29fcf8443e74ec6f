"""Writing the CSV files of a sweep: runs, history, summary, verdicts. Floats by repr, LF, each file whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from nnexp.files import replacing
from nnexp.results.tables import history_table, runs_table, summary_table
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record


class Tables(NamedTuple):
    """A row per run, per run and epoch, per point."""

    runs: pd.DataFrame
    history: pd.DataFrame
    summary: pd.DataFrame


def make_tables(plan: Plan, records: Mapping[str, Record], mlflow_run_ids: Mapping[str, str]) -> Tables:
    """The three tables of a sweep from its records."""
    runs = runs_table(plan, records, mlflow_run_ids)
    return Tables(runs, history_table(plan, records), summary_table(plan, runs))


def with_mlflow_ids(runs: pd.DataFrame, mlflow_run_ids: Mapping[str, str]) -> pd.DataFrame:
    """The table of runs as it is once they are logged."""
    return runs.assign(mlflow_run_id=runs["run_id"].map(mlflow_run_ids).astype("string"))


def write_tables(tables: Tables, folder: Path) -> None:
    """Write the three files into `folder`; one that says the same already is left alone.

    Raises:
        OSError: a file cannot be written; it is as it was before.
    """
    for name, table in tables._asdict().items():
        write_table(name, table, folder)


def write_table(name: str, table: pd.DataFrame, folder: Path) -> Path:
    """Write NAME.csv into `folder`; its path. As `write_tables`."""
    path, content = folder / f"{name}.csv", _csv(table).encode()
    if not path.exists() or path.read_bytes() != content:
        with replacing(path) as file:
            file.write(content)
    return path


def _csv(table: pd.DataFrame) -> str:
    """The table as text. (pandas' own `to_csv` takes three times as long.)"""
    rows = map(",".join, zip(*(_cells(table[name]) for name in table), strict=True))
    return "\n".join([",".join(map(str, table)), *rows, ""])


def _cells(column: pd.Series) -> list[str]:
    """The cells of a column; each distinct value is turned into text once."""
    codes, distinct = pd.factorize(column)
    words = [*(_quoted(str(value)) for value in distinct.tolist()), ""]  # code -1, the last word: missing
    cells: list[str] = np.array(words, dtype=object)[codes].tolist()
    return cells


def _quoted(cell: str) -> str:
    if any(character in cell for character in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell

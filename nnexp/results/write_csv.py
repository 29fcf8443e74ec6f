"""Writing the tables of a sweep. CSV: floats by repr, lines end with LF, each file appears whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nnexp.files import write_all
from nnexp.results.tables import Results, Tables

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = "verdicts"


def write_results(results: Results, folder: Path) -> list[Path]:
    """Write the CSV files into `folder`; their paths. verdicts.csv only where there are claims.

    Raises:
        OSError: a file cannot be written; all are as they were before.
    """
    contents = {f"{name}.csv": csv_text(table) for name, table in _named(results)}
    write_all(folder, contents)
    left = folder / f"{VERDICTS}.csv"  # where the sweep had claims before
    if not len(results.verdicts) and left.exists():
        left.unlink()
    return [folder / name for name in contents]


def write_parquet(results: Results, folder: Path) -> list[Path]:
    """The same as Parquet files, which keep the types."""
    contents = {f"{name}.parquet": table.to_parquet(index=False) for name, table in _named(results)}
    write_all(folder, contents)
    return [folder / name for name in contents]


def write_tables(tables: Tables, folder: Path) -> None:
    """Write the three CSV files into `folder`. Raises as `write_results`."""
    write_all(folder, {f"{name}.csv": csv_text(table) for name, table in tables._asdict().items()})


def write_table(name: str, table: pd.DataFrame, folder: Path) -> Path:
    """Write NAME.csv into `folder`; its path."""
    write_all(folder, {f"{name}.csv": csv_text(table)})
    return folder / f"{name}.csv"


def csv_text(table: pd.DataFrame) -> bytes:
    """The content of a CSV file."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def _named(results: Results) -> Iterator[tuple[str, pd.DataFrame]]:
    """File name -> table."""
    yield from results.tables._asdict().items()
    if len(results.verdicts):
        yield VERDICTS, results.verdicts

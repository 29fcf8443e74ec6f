"""Writing the tables of a sweep. CSV: floats by repr, lines end with LF, each file appears whole."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from nnexp.files import replacing
from nnexp.results.tables import Results, Tables

VERDICTS = "verdicts"


def write_results(results: Results, folder: Path) -> list[Path]:
    """Write the CSV files into `folder`; their paths. verdicts.csv only where there are claims.

    Raises:
        OSError: a file cannot be written; it is as it was before.
    """
    if not len(results.verdicts):  # the sweep may have had claims before
        (folder / f"{VERDICTS}.csv").unlink(missing_ok=True)
    return [write_table(name, table, folder) for name, table in _named(results)]


def write_parquet(results: Results, folder: Path) -> list[Path]:
    """The same as Parquet files, which keep the types."""
    paths = []
    for name, table in _named(results):
        paths.append(folder / f"{name}.parquet")
        with replacing(paths[-1]) as file:
            table.to_parquet(file, index=False)
    return paths


def write_tables(tables: Tables, folder: Path) -> None:
    """Write the three CSV files into `folder`. Raises as `write_results`."""
    for name, table in tables._asdict().items():
        write_table(name, table, folder)


def write_table(name: str, table: pd.DataFrame, folder: Path) -> Path:
    """Write NAME.csv into `folder`, unless it says the same already; its path."""
    path, content = folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n").encode()
    if not path.exists() or path.read_bytes() != content:
        with replacing(path) as file:
            file.write(content)
    return path


def _named(results: Results) -> Iterator[tuple[str, pd.DataFrame]]:
    """File name -> table."""
    yield from results.tables._asdict().items()
    if len(results.verdicts):
        yield VERDICTS, results.verdicts

"""`nnexp export` writes a sweep's tables as files."""

from pathlib import Path

import pandas as pd
import pytest

from tests.commands.conftest import Command, only

TABLES = ("runs", "history", "summary")


def test_parquet_files_hold_what_the_csv_files_hold(nnexp: Command, sweeps: Path) -> None:
    status, shown, _ = nnexp("export", "mixed", "--format", "parquet", "--to=out/tables")
    assert status == 0
    assert shown.splitlines() == [
        f"out/tables/{name}" for name in ("sweep.yaml", *(f"{table}.parquet" for table in TABLES))
    ]
    runs = pd.read_parquet("out/tables/runs.parquet")
    written = pd.read_csv(only(sweeps / "mixed") / "runs.csv")
    assert list(runs) == list(written)
    assert runs["status"].tolist() == written["status"].tolist()
    assert runs["learning_rate"].tolist() == written["learning_rate"].tolist()
    assert str(runs["seed"].dtype) == "Int64"


def test_csv_files_are_made_anew_in_the_sweeps_own_folder(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    before = {name: (folder / f"{name}.csv").read_bytes() for name in TABLES}
    for name in TABLES:
        (folder / f"{name}.csv").unlink()
    status, shown, _ = nnexp("export", "plain")
    assert (status, shown.splitlines()) == (0, [str(folder / f"{name}.csv") for name in TABLES])
    assert {name: (folder / f"{name}.csv").read_bytes() for name in TABLES} == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("plain --format xls", "unknown format 'xls' (choices: csv, parquet)"),
        ("plain --format", "--format needs a value"),
        ("plain --too out", "unknown option of export '--too'; did you mean '--to'?"),
        ("plain mixed", "export takes one NAME or NAME/ID, got plain mixed"),
        ("plan", "unknown sweep 'plan'; did you mean 'plain'?"),
        ("plain --to taken", "--to must be a folder that can be written: File exists: taken"),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, nnexp: Command) -> None:
    Path("taken").write_text("a file")
    status, shown, error = nnexp("export", *words.split())
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert message in error

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
        f"out/tables/{name}"
        for name in ("sweep.yaml", "rounds.jsonl", *(f"{table}.parquet" for table in TABLES))
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
    "to",
    ["sweeps", ".", "sweeps/other", "sweeps/plain/other", "sweeps/mixed", "sweeps/published/mixed", "link"],
)
def test_no_folder_is_made_to_look_like_a_sweep(to: str, nnexp: Command, sweeps: Path) -> None:
    Path("link").symlink_to(sweeps)
    before = sorted(Path().rglob("*"))
    status, _, error = nnexp("export", "plain", "--to", to)
    assert (status, "--to must be apart from sweeps, or be sweeps/published/plain" in error) == (2, True)
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_of_others_stay_and_an_earlier_export_is_replaced(
    kind: str, nnexp: Command, sweeps: Path
) -> None:
    Path("out").mkdir()
    own = Path("out", f"summary.{kind}")
    own.write_text("mine")
    words = ("--format", kind, "--to", "out")
    status, _, error = nnexp("export", "plain", *words)
    assert (status, f"out/summary.{kind} is there" in error) == (2, True)
    assert [path.read_text() for path in Path("out").iterdir()] == ["mine"]
    own.unlink()
    assert nnexp("export", "plain", *words)[0] == 0
    assert nnexp("export", "plain", *words)[0] == 0
    status, _, error = nnexp("export", "mixed", *words)
    assert (status, "has tables of the sweep plain" in error) == (2, True)


def test_a_plan_of_another_program_stays(nnexp: Command, sweeps: Path) -> None:
    Path("out").mkdir()
    Path("out", "sweep.yaml").write_text("method: bayes")
    assert nnexp("export", "plain", "--to", "out")[0] == 2
    assert Path("out", "sweep.yaml").read_text() == "method: bayes"


def test_published_results_are_an_export_that_may_lie_among_the_sweeps(nnexp: Command, sweeps: Path) -> None:
    assert nnexp("export", "plain", "--to", "sweeps/published/plain")[0] == 0
    assert nnexp("list")[1].count("plain") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("plain --format xls", "unknown format 'xls' (choices: csv, parquet)"),
        ("plain --format", "--format needs a value"),
        ("plain --format=html --format md", "--format=html and --format=md both set --format: write one"),
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

"""What a sweep says at its end: verdicts, notes, pictures; and where it finds results."""

import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from nnexp.data import DataSpec, load
from nnexp.errors import UserError
from nnexp.experiment.loaded_sweep import loaded
from nnexp.nn import Hyperparameters, Model, train
from nnexp.plots import pictures
from nnexp.report.answer import (
    Answer,
    answer_of,
    best_run,
    located,
    mixed_versions,
    page,
    results_in,
    tags,
    write,
    write_parquet,
)
from nnexp.results.read_csv import read_verdicts
from nnexp.results.write_csv import make_tables
from nnexp.sweep.store import record as records_of
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.plan_file import write_plan
from nnexp.sweep.store.record import Record
from tests.results.edited import edit
from tests.results.sweeps import make_plan, make_record, make_records

ACCURACIES = [[0.94, 0.96, 0.95], [0.951, 0.953, 0.961], [0.80, 0.81, 0.814]]
FINAL = "validation_accuracy"


def at(size: int, **more: Any) -> dict[str, Any]:
    """The final accuracy at a batch size."""
    return {"final": FINAL, "at": {"batch_size": size}, **more}


CLAIMS: tuple[Mapping[str, Any], ...] = (
    {
        "id": "A",
        "text": "Batches of 1 beat batches of 1000.",
        "check": {"left": at(1), "rel": ">", "right": at(1000)},
    },
    {"id": "B", "text": "10 beats 1.", "check": {"left": at(10), "rel": ">", "right": at(1)}},
    {"id": "C d#", "text": "1000 does well.", "check": {"left": at(1000), "low": 0.9}},
)


def sweep_of(place: Path, claims: tuple[Mapping[str, Any], ...] = CLAIMS, name: str = "known") -> Sweep:
    """A sweep of three points with known accuracies, in its folder with all of its records."""
    plan = replace(make_plan({"batch_size": [1, 10, 1000]}, seeds=3), claims=claims, name=name)
    folder = place / name / plan.sweep_id
    (folder / "records").mkdir(parents=True)
    write_plan(plan, {}, folder)
    made = make_records(plan, ACCURACIES)
    for record in made.values():
        records_of.write(folder / "records", record, None)
    return Sweep(plan, folder, made)


def answered(sweep: Sweep, place: Path) -> Answer:
    return answer_of(sweep, make_tables(sweep.plan, sweep.records, {}), place)


def printed(answer: Answer) -> str:
    file = io.StringIO()
    Console(file=file, width=80).print(page(answer))
    assert max(map(len, file.getvalue().splitlines())) <= 80
    return file.getvalue()


def test_a_verdict_is_printed_with_the_figures_it_rests_on(tmp_path: Path) -> None:
    """.94 .96 .95 less .80 .81 .814 is .14 .15 .136: mean .142, sd .0072111, half width .017913."""
    lines = printed(answered(sweep_of(tmp_path), tmp_path)).split("Claims: ")[1].splitlines()
    assert lines[0] == "1 reproduced, 1 refuted, 1 undecided; in brackets 95 % intervals"
    assert lines[1].split() == ["reproduced", "A", *["Batches", "of", "1", "beat", "batches", "of", "1000."]]
    told = "+14.20 points (+12.41 to +15.99), wanted > +0.00, n = 3"
    assert told in " ".join(" ".join(lines).split())
    assert (
        "undecided   B     10 beats 1." in lines[[line.startswith("undecided") for line in lines].index(True)]
    )
    assert "seeds would decide it" in " ".join(lines)


def test_verdicts_csv_is_written_for_claims_only_and_read_back(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    found = answered(sweep, tmp_path)
    assert sweep.folder / "verdicts.csv" in write(found, sweep.folder)
    verdicts = read_verdicts(sweep.folder / "verdicts.csv")
    pd.testing.assert_frame_equal(verdicts, found.verdicts, check_exact=True)
    assert verdicts["verdict"].tolist() == ["reproduced", "undecided", "refuted"]
    unclaimed = answered(replace(sweep, plan=replace(sweep.plan, claims=())), tmp_path)
    write(unclaimed, sweep.folder)
    assert not (sweep.folder / "verdicts.csv").exists()
    assert "Claims" not in printed(unclaimed)


def test_verdicts_are_tags_whose_names_any_store_takes(tmp_path: Path) -> None:
    named = tags(answered(sweep_of(tmp_path), tmp_path))
    assert named["nnexp.verdict.A"] == "reproduced"
    assert named["nnexp.verdict.C d_"] == "refuted"
    assert named["mlflow.note.content"].startswith("What does the known sweep show?\n")
    assert "- **undecided** B: 10 beats 1." in named["mlflow.note.content"]
    assert list(tags(answered(sweep_of(tmp_path, (), "other"), tmp_path))) == ["mlflow.note.content"]


def test_a_claim_takes_the_newest_sweep_of_a_name_else_published_results(tmp_path: Path) -> None:
    check = {"left": at(10), "rel": ">", "right": at(1000, sweep="another")}
    claims = ({"id": "X", "text": "It beats another sweep.", "check": check},)
    sweep = sweep_of(tmp_path, claims)
    verdict = answered(sweep, tmp_path).verdicts.loc[0]
    assert (verdict["verdict"], verdict["note"]) == (
        "not judged",
        "unknown sweep 'another' (choices: known)",
    )
    other = sweep_of(tmp_path, (), "another")
    assert answered(sweep, tmp_path).verdicts.loc[0, "verdict"] == "reproduced"  # from records: no CSV yet
    write(answered(other, tmp_path), other.folder)
    published = tmp_path / "published" / "another"
    published.parent.mkdir()
    other.folder.rename(published)
    records = sorted((published / "records").iterdir())
    assert records
    for path in records:
        path.unlink()
    assert answered(sweep, tmp_path).verdicts.loc[0, "verdict"] == "reproduced"


def test_runs_of_different_code_are_told_apart() -> None:
    same = {"numerics": "a" * 64, "nnexp": "1", "kernel": "Haswell"}
    assert mixed_versions([same] * 3) == ()
    notes = mixed_versions([same, same, same | {"kernel": "Zen", "nnexp": "2"}])
    assert notes == (
        "Mixed versions: the runs differ in nnexp: 1 (2 runs), 2 (1 runs).",
        "Mixed versions: the runs differ in kernel: Haswell (2 runs), Zen (1 runs).",
    )


def test_a_note_on_mixed_versions_stands_below_the_answer(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    odd = sweep.plan.runs[4].run_id
    sweep.records[odd] = replace(sweep.records[odd], environment={"kernel": "Zen"})
    assert "Mixed versions: the runs differ in kernel: None (8 runs), Zen (1 runs)." in printed(
        answered(sweep, tmp_path)
    )


def test_a_sweep_is_found_by_name_or_as_published(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no sweep in .* yet: python -m nnexp"):
        located("known", tmp_path)
    sweep = sweep_of(tmp_path)
    assert located("known", tmp_path) == sweep.folder
    assert located("known/0000", tmp_path) == sweep.folder
    published = tmp_path / "published" / "book" / "old"
    published.mkdir(parents=True)
    write_plan(sweep.plan, {}, published)
    assert located("book/old", tmp_path) == located("published/book/old", tmp_path) == published
    for words, message in (
        ("knwn", "unknown sweep 'knwn'; did you mean 'known'? (choices: book/old, known)"),
        ("book/odl", "did you mean 'book/old'"),
        ("known/9", "unknown sweep 'known/9'"),
        ("../known", "unknown sweep '../known'"),
    ):
        with pytest.raises(UserError, match=re.escape(message)):
            located(words, tmp_path)


def test_results_come_from_the_csv_files_until_a_record_is_newer(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    plan, folder = sweep.plan, sweep.folder
    left = {run.run_id: sweep.records[run.run_id] for run in plan.runs[:8]}
    old = answered(replace(sweep, records=left), tmp_path)
    write(old, folder)
    for path in folder.glob("*.csv"):
        os.utime(path, (2e9, 2e9))
    assert len(results_in(folder, plan).runs) == 8
    for path in folder.glob("*.csv"):
        os.utime(path, (1e9, 1e9))
    assert len(results_in(folder, plan).runs) == 9
    (folder / "history.csv").unlink()
    assert len(results_in(folder, plan).history) == 18


@pytest.mark.parametrize(
    ("name", "row", "column", "cell", "message"),
    [
        ("runs", 4, "run_id", "123", "column 'run_id', row 4 must be a run of sweep known, got '123'"),
        ("runs", 3, "run_id", "000000000000", "column 'run_id', row 3 stands there twice: '000000000000'"),
        ("runs", 5, "seed", "7", "column 'seed', row 5 must be 0 as in the plan, got 7"),
        ("runs", 2, "epochs", "9", "column 'epochs', row 2 must be 30 as in the plan, got 9"),
        ("runs", 1, "test_cost", "tc", "runs.csv has no column 'test_cost'"),
        ("history", 9, "run_id", "x", "column 'run_id', row 9 must be a run of sweep known, got 'x'"),
        ("history", 1, "validation_accuracy", "v", "history.csv has no column 'validation_accuracy'"),
        ("history", 2, "epoch", "one", "column 'epoch', row 2 must be a whole number, got 'one'"),
        ("history", 3, "epoch", "1", "column 'epoch', row 3 stands there twice: 1"),
        ("summary", 1, "test_cost_mean", "x", "summary.csv has no column 'test_cost_mean'"),
        ("verdicts", 2, "verdict", "true", "column 'verdict', row 2: unknown verdict 'true'"),
        ("verdicts", 1, "effect", "e", "verdicts.csv has no column 'effect'"),
        ("verdicts", 2, "effect", "big", "column 'effect', row 2 must be a number, got 'big'"),
    ],
)
def test_a_file_edited_by_hand_is_named_with_column_and_row(
    tmp_path: Path, name: str, row: int, column: str, cell: str, message: str
) -> None:
    sweep = sweep_of(tmp_path)
    write(answered(sweep, tmp_path), sweep.folder)
    edit(sweep.folder / f"{name}.csv", row, column, cell)
    for path in sweep.folder.glob("*.csv"):
        os.utime(path, (2e9, 2e9))
    with pytest.raises(UserError) as error:
        loaded(sweep.folder, tmp_path)
    assert message in str(error.value)
    assert f"{name}.csv" in str(error.value)


def test_verdicts_older_than_a_record_are_judged_anew(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    found = answered(sweep, tmp_path)
    write(found, sweep.folder)
    edit(sweep.folder / "verdicts.csv", 2, "verdict", "undecided")
    assert loaded(sweep.folder, tmp_path).verdicts["verdict"][0] == "undecided"
    os.utime(sweep.folder / "verdicts.csv", (1e9, 1e9))
    assert loaded(sweep.folder, tmp_path).verdicts.equals(found.verdicts)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("summary", lambda rows: rows[:-1], r"summary.csv must have 3 rows, one per point, got 2"),
        (
            "summary",
            lambda rows: rows[::-1],
            r"column 'batch_size', row 2 must be 1 .*, got 1000",
        ),
        ("history", lambda rows: rows[:-1], r"history.csv must end with epoch \d+ for run \w+, got \d+"),
    ],
)
def test_rows_that_are_missing_or_moved_are_an_error(
    tmp_path: Path, name: str, change: Callable[[list[str]], list[str]], message: str
) -> None:
    sweep = sweep_of(tmp_path)
    write(answered(sweep, tmp_path), sweep.folder)
    path = sweep.folder / f"{name}.csv"
    head, *rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join([head, *change(rows)]))
    os.utime(sweep.folder / "runs.csv", (2e9, 2e9))
    with pytest.raises(UserError, match=message):
        results_in(sweep.folder, sweep.plan)


def test_parquet_files_keep_values_and_types(tmp_path: Path) -> None:
    found = answered(sweep_of(tmp_path), tmp_path)
    paths = write_parquet(found, tmp_path)
    assert [path.name for path in paths] == [
        f"{name}.parquet" for name in ("runs", "history", "summary", "verdicts")
    ]
    for path, table in zip(paths, [*found.tables, found.verdicts], strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(path), table, check_exact=True)


def test_the_best_run_is_the_best_of_the_best_point() -> None:
    """The mean of the second point is highest, whatever single run elsewhere did better."""
    plan = make_plan({"batch_size": [1, 10, 1000]}, seeds=3)
    tables = make_tables(plan, make_records(plan, [[0.5, 0.99, 0.5], *ACCURACIES[1:]]), {})
    assert best_run(plan, tables.runs) == plan.runs[5]
    none = make_tables(plan, make_records(plan, np.full((3, 3), None)), {})
    assert best_run(plan, none.runs) is None


def test_targets_are_counted_and_averaged_only_where_every_run_reached_them() -> None:
    plan = replace(make_plan({"batch_size": [10, 20]}, seeds=2), target=0.9)
    curves = ([0.5, 0.9, 0.8], [0.95, 0.5, 0.5], [0.1, 0.2, 0.91], [0.1, 0.2, 0.3])
    records: dict[str, Record] = {}
    for run, curve in zip(plan.runs, curves, strict=True):
        record = make_record(run, epochs=3)
        records[run.run_id] = replace(record, history=record.history | {FINAL: curve})
    tables = make_tables(plan, records, {})
    assert tables.runs["epochs_to_target"].tolist() == [2, 1, 3, pd.NA]
    assert tables.runs["seconds_to_target"].fillna(-1).tolist() == pytest.approx([0.2, 0.1, 0.3, -1])
    summary = tables.summary
    assert summary["target_reached"].tolist() == [2, 1]
    assert summary["epochs_to_target_mean"].fillna(-1).tolist() == [1.5, -1]
    assert summary["epochs_to_target_difference"].fillna(-1).tolist() == [0, -1]
    plain = make_tables(replace(plan, target=None), records, {})
    assert not any("target" in name for table in plain for name in table)


@pytest.fixture(scope="module")
def shown() -> pictures.Shown:
    """A network of 20 epochs on small images."""
    dataset = load(DataSpec(train_size=200))
    settings = Hyperparameters(epochs=2, hidden_size=8)
    (result,) = train([settings], dataset.data)
    return pictures.Shown(Model(result.weights, result.biases, settings), dataset, "epochs=2")


def test_pictures_are_written_as_png_and_svg(tmp_path: Path, shown: pictures.Shown) -> None:
    found = answered(sweep_of(tmp_path), tmp_path)
    files, error = pictures.draw(found, tmp_path, lambda: shown)
    assert error is None
    names = ["accuracy_by_batch_size", "learning_curves", "accuracy_over_time"]
    names += ["best_first_layer", "best_confusion_matrix", "best_worst_mistakes"]
    assert [path.name for path in files] == [f"{name}.{kind}" for name in names for kind in ("png", "svg")]
    assert all(path.stat().st_size for path in files)


def test_a_picture_that_fails_costs_a_line_and_no_other_picture(
    tmp_path: Path, shown: pictures.Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("no ink\nat all")

    found = answered(sweep_of(tmp_path), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "sweep_figures", breaks)
        files, error = pictures.draw(found, tmp_path, lambda: shown)
    assert {path.stem for path in files} == {
        "best_first_layer", "best_confusion_matrix", "best_worst_mistakes"
    }  # fmt: skip
    trace = tmp_path / "pictures_error.txt"
    assert error == f"RuntimeError: no ink; {trace} has the traceback"
    assert "in breaks" in trace.read_text()
    assert pictures.draw(found, tmp_path)[1] is None
    assert not trace.exists()


def test_a_full_disk_costs_the_pictures_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Callable[[], None]:
        raise OSError(28, "No space left on device")

    found = answered(sweep_of(tmp_path), tmp_path)
    monkeypatch.setattr(pictures, "save", full)
    files, error = pictures.draw(found, tmp_path)
    assert files == []
    assert error
    assert "No space left on device" in error

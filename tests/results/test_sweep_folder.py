"""What lies in a sweep's folder: current tables, damaged tables, what its runs were trained with."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nnexp.errors import UserError
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.results.stamp import stamp
from nnexp.results.sweep_folder import mixed_versions, results_in
from nnexp.results.write_csv import write_results, write_table, write_tables
from nnexp.sweep.question.identity import NEUTRAL_VALUES
from nnexp.sweep.store.plan_file import body_text, read_body, read_plan, write_plan
from nnexp.sweep.store.record_file import write as write_record
from tests.results.edited import edit
from tests.results.judged import judged, sweep_of


def test_runs_of_different_code_are_told_apart() -> None:
    same = {"nnexp": "1", "kernel": "Haswell", "scipy_kernel": "Haswell"}
    assert mixed_versions([same] * 3) == ()
    notes = mixed_versions(
        [same, same | {"scipy_kernel": "SkylakeX"}, same | {"kernel": "Zen", "nnexp": "2"}]
    )
    assert notes == (
        "Mixed versions: the runs differ in nnexp: 1 (2 runs), 2 (1 run).",
        "Mixed versions: the runs differ in kernel: Haswell (2 runs), Zen (1 run).",
        "Mixed versions: the runs differ in scipy_kernel: Haswell (2 runs), SkylakeX (1 run).",
    )


def test_the_csv_files_count_as_long_as_the_records_are_those_they_were_made_from(tmp_path: Path) -> None:
    """Whatever the times of the files say."""
    sweep = sweep_of(tmp_path)
    plan, folder = sweep.plan, sweep.folder
    last = plan.runs[8].run_id
    path = folder / "records" / f"{last}.json"
    content = path.read_bytes()
    path.unlink()
    left = {run.run_id: sweep.records[run.run_id] for run in plan.runs[:8]}
    write_results(judged(replace(sweep, records=left), tmp_path), folder)
    stamp(folder)
    shown = edited_accuracy(folder)
    assert results_in(folder, plan).runs["final_validation_accuracy"][0] == shown
    path.write_bytes(content)
    for moment in (1e9, 2e9):
        for table in folder.glob("*.csv"):
            os.utime(table, (moment, moment))
        assert len(results_in(folder, plan).runs) == 9
    path.unlink()
    assert results_in(folder, plan).runs["final_validation_accuracy"][0] == shown
    (folder / "history.csv").unlink()
    assert results_in(folder, plan).runs["final_validation_accuracy"][0] == 0.94


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("tables", [False, True])
def test_a_sweep_that_is_older_than_a_setting_has_the_value_that_reproduces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: bool, published: bool
) -> None:
    """In its plan, its records and its tables, though the default is another one today."""
    monkeypatch.setitem(NEUTRAL_VALUES, "keep", "best")
    sweep = sweep_of(tmp_path)
    plan, folder = sweep.plan, sweep.folder
    runs = tuple(replace(run, hyperparameters=replace(run.hyperparameters, keep="best")) for run in plan.runs)
    plan = replace(plan, runs=runs)
    write_plan(plan, {}, folder)
    body = read_body(folder)
    del body["settings"]["keep"]
    (folder / "sweep.yaml").write_bytes(body_text(body))
    for record in sweep.records.values():
        older = {name: value for name, value in record.settings.items() if name != "keep"}
        write_record(folder / "records", replace(record, settings=older), None)
    assert read_plan(folder) == plan
    whole = results_in(folder, plan)
    assert set(whole.runs["keep"]) == {"best"}
    if tables or published:
        write_tables(whole._replace(runs=whole.runs.drop(columns="keep")), folder)
        stamp(folder)
    if published:
        shutil.rmtree(folder / "records")
    for now, before in zip(results_in(folder, plan), whole, strict=True):
        pd.testing.assert_frame_equal(now, before)


def edited_accuracy(folder: Path) -> float:
    """What runs.csv now has in its first row, and no record."""
    edit(folder / "runs.csv", 2, "final_validation_accuracy", "0.5")
    return 0.5


def test_a_set_of_tables_that_was_written_by_half_hides_no_record(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    plan, folder = sweep.plan, sweep.folder
    left = {run.run_id: sweep.records[run.run_id] for run in plan.runs[:8]}
    write_results(judged(replace(sweep, records=left), tmp_path), folder)
    stamp(folder)
    whole = {run.run_id: replace(sweep.records[run.run_id], status="diverged") for run in plan.runs}
    for record in whole.values():
        write_record(folder / "records", record, None)
    write_table("runs", judged(replace(sweep, records=whole), tmp_path).tables.runs, folder)
    assert results_in(folder, plan).runs["status"].tolist() == ["diverged"] * 9
    assert len(results_in(folder, plan).history) == 18


def test_a_changed_plan_has_other_tables(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    write_results(judged(sweep, tmp_path), sweep.folder)
    stamp(sweep.folder)
    edited_accuracy(sweep.folder)
    write_plan(replace(sweep.plan, baseline=1), {}, sweep.folder)
    assert results_in(sweep.folder, sweep.plan).runs["final_validation_accuracy"][0] == 0.94


@pytest.mark.parametrize(
    ("name", "row", "column", "cell", "message"),
    [
        ("runs", 4, "run_id", "123", "column 'run_id', row 4 must be a run of sweep known, got '123'"),
        ("runs", 3, "run_id", "000000000000", "column 'run_id', row 3 is there twice: '000000000000'"),
        ("runs", 5, "seed", "7", "column 'seed', row 5 must be 0 as in the plan, got 7"),
        ("runs", 2, "epochs", "9", "column 'epochs', row 2 must be 30 as in the plan, got 9"),
        ("runs", 1, "test_cost", "tc", "runs.csv has no column 'test_cost'"),
        ("history", 9, "run_id", "x", "column 'run_id', row 9 must be a run of sweep known, got 'x'"),
        ("history", 1, "validation_accuracy", "v", "history.csv has no column 'validation_accuracy'"),
        ("history", 2, "epoch", "one", "column 'epoch', row 2 must be a whole number, got 'one'"),
        ("history", 3, "epoch", "1", "column 'epoch', row 3 is there twice: 1"),
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
    write_results(judged(sweep, tmp_path), sweep.folder)
    stamp(sweep.folder)
    edit(sweep.folder / f"{name}.csv", row, column, cell)
    with pytest.raises(UserError) as error:
        load_folder(sweep.folder, tmp_path)
    assert message in str(error.value)
    assert f"{name}.csv" in str(error.value)


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
    write_results(judged(sweep, tmp_path), sweep.folder)
    path = sweep.folder / f"{name}.csv"
    head, *rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join([head, *change(rows)]))
    stamp(sweep.folder)
    with pytest.raises(UserError, match=message):
        results_in(sweep.folder, sweep.plan)

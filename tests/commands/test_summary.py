"""`nnexp summary` tells the answer of a sweep as it stands."""

import json
import shutil
from pathlib import Path

import pytest

from tests.commands.conftest import Command, only


def test_the_answer_is_told_again(nnexp: Command) -> None:
    status, shown, _ = nnexp("summary", "plain")
    assert status == 0
    assert "Data: synthetic. Validation accuracy after the last epoch, in %." in shown
    assert "Mean over 1 seed, without an interval: that needs 3 seeds." in shown
    assert "Highest on validation: batch_size=" in shown
    assert shown.count("est accuracy") == 1
    assert max(map(len, shown.splitlines())) <= 80


def test_the_path_of_a_folder_and_a_beginning_of_its_id_name_a_sweep_too(
    nnexp: Command, sweeps: Path
) -> None:
    shown = nnexp("summary", "plain")[1]
    folder = only(sweeps / "plain")
    assert nnexp("summary", f"{folder}/")[1] == shown
    assert nnexp("summary", f"plain/{folder.name[:3]}")[1] == shown


def test_a_point_with_failed_or_diverged_runs_says_so(nnexp: Command) -> None:
    shown = nnexp("summary", "mixed")[1]
    assert "Which rate?" in shown
    assert "1 failed" in shown
    assert "2 diverged, 1 failed: means are over finished runs only" in shown


def test_a_figure_that_is_asked_for_gets_a_column(nnexp: Command) -> None:
    plain = nnexp("summary", "plain")[1]
    more = nnexp("summary", "plain", "metric=best_epoch,final_validation_cost")[1]
    assert "epoch" not in plain.split("in %.")[1].split("s/epoch")[0]
    assert len(more.splitlines()) == len(plain.splitlines())
    assert [word for word in more.split() if word in ("best", "final")][:2] == ["best", "final"]


def test_a_sweep_that_is_being_trained_says_what_is_known_so_far(nnexp: Command, sweeps: Path) -> None:
    records = sorted((only(sweeps / "plain") / "records").glob("*.json"))
    records[0].unlink()
    for path in only(sweeps / "plain").glob("*.csv"):
        path.unlink()
    told = " ".join(nnexp("summary", "plain")[1].split())
    assert "1 of 2 runs have ended, and 1 of 2 points have all of their seeds: no point is chosen" in told
    records[1].unlink()
    assert "No run has ended yet, so there is no answer." in nnexp("summary", "plain")[1]


def test_a_sweep_without_a_finished_run_has_no_answer(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "mixed")
    for path in (folder / "records").glob("*.json"):
        if json.loads(path.read_text())["status"] == "finished":
            path.unlink()
    (folder / "runs.csv").unlink()
    assert "No run finished (2 diverged, 1 failed), so there is no answer." in nnexp("summary", "mixed")[1]


def test_published_results_are_found_and_need_no_records(nnexp: Command, sweeps: Path) -> None:
    assert nnexp("export", "plain", "--to", "sweeps/published/plain")[0] == 0
    expected = nnexp("summary", "plain")[1]
    shutil.rmtree(sweeps / "plain")
    assert nnexp("summary", "plain")[1] == nnexp("summary", "sweeps/published/plain")[1] == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("plan", "unknown sweep 'plan'; did you mean 'plain'?"),
        ("plain metric=test_acuracy", "unknown metric 'test_acuracy'; did you mean 'test_accuracy'?"),
        ("", "summary takes one NAME or NAME/ID, got none"),
        ("plain mode=force", "unknown setting of summary 'mode'"),
        ("plain sweeps_dir=nowhere", "no sweep in nowhere yet: python -m nnexp"),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, nnexp: Command) -> None:
    status, shown, error = nnexp("summary", *words.split())
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert message in error


def test_an_edited_file_is_named_with_column_and_row(nnexp: Command, sweeps: Path) -> None:
    path = only(sweeps / "plain") / "runs.csv"
    header, *rows = path.read_text().splitlines()
    column = header.split(",").index("test_cost")
    cells = rows[1].split(",")
    rows[1] = ",".join([*cells[:column], "low", *cells[column + 1 :]])
    path.write_text("\n".join([header, *rows, ""]))
    status, _, error = nnexp("summary", "plain")
    assert (status, error) == (2, f"nnexp: {path}, column 'test_cost', row 3 must be a number, got 'low'\n")

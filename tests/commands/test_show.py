"""`nnexp show` prints all that is known of one run."""

from pathlib import Path

import pytest

from nnexp.sweep.store.lines import append_line, read_lines
from nnexp.sweep.store.record_file import read
from nnexp.sweep.store.rounds_file import read_rounds
from nnexp.tracking import Logged, append_logged
from tests.commands.conftest import Command, only, rows


def run_ids(sweeps: Path, name: str) -> list[str]:
    """Of its round, in its order."""
    return [key.run_id for each in read_rounds(only(sweeps / name)) for key in each.runs]


def test_a_finished_run_shows_what_was_set_reached_and_kept(nnexp: Command, sweeps: Path) -> None:
    run_id, folder = run_ids(sweeps, "plain")[1], only(sweeps / "plain")
    append_logged(folder, Logged(run_id, "sqlite:///mlflow.db", "abc123", "2026-01-01"))
    record = read(folder / "records" / f"{run_id}.json")
    status, shown, _ = nnexp("show", run_id[:6])
    assert status == 0
    lines = rows(shown)
    differ, rest = (
        lines.index(["Settings", "that", "differ", "from", "the", "defaults"]),
        lines.index(["Other", "settings"]),
    )
    assert [row[0] for row in lines[differ + 1 : rest - 1]] == ["data", "hidden_size", "batch_size", "epochs"]
    assert ["learning_rate", "0.5"] in lines[rest:]
    figures = record.metrics
    last = [f"{figures['final_validation_cost']:.4g}", f"{100 * figures['final_validation_accuracy']:.2f}"]  # type: ignore[operator]
    assert ["final", "validation", "2", *last, "%"] in lines
    test = [f"{figures['test_cost']:.4g}", f"{100 * figures['test_accuracy']:.2f}"]  # type: ignore[operator]
    assert ["test", "(final", "weights)", "2", *test, "%"] in lines
    assert ["in", "sqlite:///mlflow.db", "abc123"] in lines
    assert ["weights", f"{folder}/records/{run_id}.npz"] in lines
    assert ["numpy", record.environment["numpy"]] in lines


def test_a_failed_run_shows_its_whole_traceback(nnexp: Command, sweeps: Path) -> None:
    run_id = run_ids(sweeps, "mixed")[1]
    shown = nnexp("show", run_id)[1]
    assert "status: failed" in shown
    traceback = read(only(sweeps / "mixed") / "records" / f"{run_id}.json").traceback
    assert traceback
    assert shown.endswith(traceback)
    assert "RuntimeError: it broke" in traceback


def test_the_learning_curve_takes_at_most_twelve_rows_from_first_to_last(
    nnexp: Command, sweeps: Path
) -> None:
    shown = nnexp("show", run_ids(sweeps, "mixed")[0])[1]
    curve = rows(shown.split("Learning curve\n")[1].split("\n\n")[0])[1:]
    epochs = [int(row[0]) for row in curve]
    assert len(epochs) == 12
    assert (epochs[0], epochs[-1]) == (1, 20)
    assert epochs == sorted(set(epochs))


def test_a_diverged_run_has_no_test_figures(nnexp: Command, sweeps: Path) -> None:
    status, shown, _ = nnexp("show", run_ids(sweeps, "mixed")[2])
    assert status == 0
    assert "status: diverged" in shown
    assert "Traceback" not in shown


def test_a_run_without_a_whole_record_is_pending(nnexp: Command, sweeps: Path) -> None:
    first, second = run_ids(sweeps, "plain")
    records = only(sweeps / "plain") / "records"
    (records / f"{first}.json").unlink()
    (records / f"{second}.json").write_text("{")
    assert "status: pending\n" in nnexp("show", first)[1]
    assert "status: pending: its record is damaged (" in nnexp("show", second)[1]


def test_a_name_shows_the_sweep(nnexp: Command) -> None:
    assert nnexp("show", "mixed") == nnexp("status", "mixed")


def test_a_prefix_of_several_runs_lists_them(nnexp: Command, sweeps: Path) -> None:
    (path,) = (sweeps / "plain").glob("*/rounds.jsonl")
    (grid,) = read_lines(path)
    for number, key in enumerate(grid["runs"], start=1):
        key["run_id"] = f"abcd0000000{number}"
    path.unlink()
    append_line(path, grid)
    status, _, error = nnexp("show", "abcd")
    assert (status, error) == (2, "nnexp: abcd begins several run_ids: abcd00000001, abcd00000002\n")
    assert nnexp("show", "abcd00000002")[0] == 0
    error = nnexp("show", "abce")[2]
    assert error == "nnexp: no run_id begins with abce; close ones: abcd00000001, abcd00000002\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("abc", "a run is named by at least 4 characters of its run_id, got 'abc'"),
        ("mixt", "unknown run or sweep 'mixt'; did you mean 'mixed'?"),
        ("mixed/zz", "unknown sweep 'mixed/zz'"),
    ],
)
def test_what_cannot_be_found_is_one_line(name: str, message: str, nnexp: Command) -> None:
    status, shown, error = nnexp("show", name)
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert message in error


def test_the_pictures_of_a_run_are_drawn_on_request(nnexp: Command, sweeps: Path, tmp_path: Path) -> None:
    run_id = run_ids(sweeps, "plain")[0]
    status, shown, _ = nnexp("show", run_id, "--pictures", str(tmp_path / "drawn"))
    assert status == 0
    kinds = ("confusion_matrix", "first_layer", "worst_mistakes")
    files = sorted(path.name for path in (tmp_path / "drawn").iterdir())
    assert files == sorted(f"{run_id}_{kind}.{suffix}" for kind in kinds for suffix in ("png", "svg"))
    assert all(f"Picture: {tmp_path / 'drawn' / name}" in shown for name in files)


def test_pictures_take_a_run_with_weights(nnexp: Command, sweeps: Path, tmp_path: Path) -> None:
    status, _, error = nnexp("show", "plain", "--pictures", str(tmp_path))
    assert (status, "--pictures draws a RUN, got plain" in error) == (2, True)
    status, _, error = nnexp("show", run_ids(sweeps, "mixed")[1], "--pictures", str(tmp_path))
    assert (status, "has no weights to draw" in error) == (2, True)


def test_damaged_rounds_of_one_sweep_hide_no_run_of_another(nnexp: Command, sweeps: Path) -> None:
    first = next((only(sweeps / "mixed") / "records").glob("*.json")).stem
    (only(sweeps / "plain") / "rounds.jsonl").write_text('{"round": 1}\n')
    status, shown, _ = nnexp("show", first)
    assert status == 0
    assert first in shown

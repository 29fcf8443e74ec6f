"""`nnexp list` shows every sweep, whatever state it is in, and changes nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from nnexp.sweep.store.lines import append_line
from nnexp.sweep.store.lock import held
from tests.commands.conftest import Command, only, rows


def test_a_sweep_is_a_line_with_its_runs_by_status_the_newest_last(nnexp: Command, sweeps: Path) -> None:
    status, shown, _ = nnexp("list")
    heading, mixed, plain = shown.splitlines()
    assert status == 0
    assert heading.split() == ["sweep", "started", "data", "runs", "disk", "question"]
    assert mixed.startswith(f"mixed/{only(sweeps / 'mixed').name} ")
    assert "1 finished, 2 diverged, 1 failed " in mixed
    settings = "(hidden_size=5 activation=relu output=identity cost=quadratic epochs=20)"
    assert mixed.rstrip().endswith(f"Which rate? {settings}")
    assert plain.rstrip().endswith("batch_size (hidden_size=5 epochs=2)")
    assert mixed.split()[3] == plain.split()[3] == "synthetic"
    assert "2 finished " in plain
    assert " kB " in plain


def test_in_a_narrow_terminal_the_question_stands_whole_below_its_sweep(
    nnexp: Command, sweeps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnexp.commands.list.make_console", lambda: Console(width=80, soft_wrap=True))
    lines = nnexp("list")[1].splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith("mixed/")]
    assert "1 finished, 2 diverged, 1 failed  " in lines[start]
    question = " ".join(line.strip() for line in lines[start + 1 : start + 3])
    settings = "(hidden_size=5 activation=relu output=identity cost=quadratic epochs=20)"
    assert question == f"Which rate? {settings}"


def test_a_missing_record_is_pending_and_a_held_sweep_is_training(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    next((folder / "records").glob("*.json")).unlink()
    with held(folder):
        assert "1 finished, 1 pending; training" in nnexp("list")[1]
    assert "training" not in nnexp("list")[1]


def test_what_a_killed_process_left_does_not_count_as_training(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    (folder / ".holder").write_text("process 1 on elsewhere")
    (folder / ".lock").touch()
    assert "training" not in nnexp("list")[1]


def test_a_damaged_plan_is_told_and_costs_no_other_sweep(nnexp: Command, sweeps: Path) -> None:
    plan = only(sweeps / "plain") / "sweep.yaml"
    for content in (b"", b"{", b"name: plain", plan.read_bytes()[:200], b"\xff"):
        plan.write_bytes(content)
        status, shown, _ = nnexp("list")
        assert status == 0
        assert [row[1] for row in rows(shown) if row[0].startswith("plain/")] == ["damaged"]
        assert "1 finished, 2 diverged, 1 failed" in shown
        assert nnexp("status", "mixed")[0] == 0
        assert nnexp("status", "plain")[0] == 2


def test_damaged_rounds_are_told_and_cost_no_other_sweep(nnexp: Command, sweeps: Path) -> None:
    rounds = only(sweeps / "plain") / "rounds.jsonl"
    rounds.write_bytes(rounds.read_bytes().replace(b"grid", b"grip"))
    for _ in range(2):
        status, shown, _ = nnexp("list")
        assert status == 0
        assert [row[1] for row in rows(shown) if row[0].startswith("plain/")] == ["damaged"]
        assert "1 finished, 2 diverged, 1 failed" in shown
        rounds.unlink()
        append_line(rounds, {"round": "of another kind"})


def test_a_damaged_record_is_pending_and_costs_no_other_run(nnexp: Command, sweeps: Path) -> None:
    record = next((only(sweeps / "plain") / "records").glob("*.json"))
    for content in (b"", b"[1]", record.read_bytes()[:-9], b"\xff"):
        record.write_bytes(content)
        assert "1 finished, 1 pending" in nnexp("list")[1]
        assert f"The record of run {record.stem} is damaged" in nnexp("status", "plain")[1]
    record.unlink()
    record.mkdir()
    assert "1 finished, 1 pending" in nnexp("list")[1]


def test_a_sweep_of_another_version_is_told_and_can_be_removed(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    plan = folder / "sweep.yaml"
    plan.write_text(plan.read_text().replace("format: 3\n", ""))
    (folder / "rounds.jsonl").unlink()
    status, shown, _ = nnexp("list")
    assert status == 0
    (row,) = [row for row in rows(shown) if row[0].startswith("plain/")]
    assert row[1:3] == ["other", "version"]
    assert "was written by another version of nnexp" in nnexp("status", "plain")[2]
    assert nnexp("rm", "plain", "--yes")[0] == 0
    assert not folder.exists()


def test_without_a_sweep_it_says_how_to_start_one(nnexp: Command) -> None:
    status, shown, _ = nnexp("list", "sweeps_dir=none/yet")
    assert (status, shown) == (
        0,
        "There is no sweep in none/yet yet: python -m nnexp +sweep=batch_size trains one.\n",
    )
    assert not Path("none").exists()


def test_on_a_pipe_it_is_plain_and_whole_and_loads_nothing_heavy(sweeps: Path) -> None:
    (sweeps / "plain").rename(sweeps / ("x" * 150))
    script = (
        "import sys; from nnexp.cli import main; main(['list']); "
        "print([m for m in ('mlflow', 'pandas', 'hydra', 'joblib') if m in sys.modules])"
    )
    environment = os.environ | {"COLUMNS": "40", "PYTHONPATH": str(Path(__file__).parents[2])}
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert len(answer.stdout.splitlines()) == 4
    assert "x" * 150 in answer.stdout
    assert "\x1b" not in answer.stdout
    assert "\t" not in answer.stdout
    assert answer.stdout.splitlines()[-1] == "[]"

"""`nnexp rm` removes what was named, after a question, and nothing else."""

import io
import shutil
import sys
from pathlib import Path

import pytest

from nnexp.sweep.store.lock import held
from tests.commands.conftest import Command, only


class Terminal(io.StringIO):
    """A person who types."""

    def isatty(self) -> bool:
        return True


def test_with_yes_the_sweep_and_its_empty_parents_go_and_others_stay(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "mixed")
    status, shown, _ = nnexp("rm", "mixed", "--yes")
    assert status == 0
    assert f"mixed/{folder.name}" in shown
    assert "What MLflow holds of them stays there." in shown
    assert [path.name for path in sweeps.iterdir()] == ["plain"]
    nnexp("rm", "plain", "--yes")
    assert list(sweeps.iterdir()) == []


def test_off_a_terminal_it_needs_yes(nnexp: Command, sweeps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    status, shown, error = nnexp("rm", "mixed")
    assert (status, shown) == (2, "")
    assert "add --yes" in error
    assert only(sweeps / "mixed").exists()


@pytest.mark.parametrize(("answer", "status", "left"), [("y", 0, 0), ("n", 1, 1), ("", 1, 1)])
def test_on_a_terminal_it_asks(
    answer: str, status: int, left: int, nnexp: Command, sweeps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer and f"{answer}\n"))
    assert nnexp("rm", "plain")[0] == status
    assert len(list(sweeps.glob("plain/*"))) == left


def test_a_name_means_its_newest_sweep(nnexp: Command, sweeps: Path) -> None:
    old = sweeps / "plain" / "00000000"
    shutil.copytree(only(sweeps / "plain"), old)
    text = (old / "sweep.yaml").read_text()
    started = next(line for line in text.splitlines() if line.startswith("started"))
    (old / "sweep.yaml").write_text(text.replace(started, "started: '2000-01-01T00:00:00+00:00'"))
    nnexp("rm", "plain", "--yes")
    assert only(sweeps / "plain") == old


def test_a_sweep_that_is_trained_is_refused_and_no_other_goes(nnexp: Command, sweeps: Path) -> None:
    with held(only(sweeps / "plain")):
        status, _, error = nnexp("rm", "mixed", "plain", "--yes")
    assert status == 2
    assert "is being trained by process" in error
    assert only(sweeps / "mixed").exists()


def test_a_damaged_sweep_can_go(nnexp: Command, sweeps: Path) -> None:
    (only(sweeps / "plain") / "sweep.yaml").write_text("{")
    assert nnexp("rm", "plain", "--yes")[0] == 0
    assert not (sweeps / "plain").exists()


@pytest.mark.parametrize("name", ["..", ".", "sweeps", "/", "../elsewhere", "notes"])
def test_only_what_holds_a_plan_goes(name: str, nnexp: Command, sweeps: Path) -> None:
    for folder in (Path("elsewhere"), sweeps / "notes"):
        folder.mkdir()
        (folder / "note.txt").write_text("kept")
    Path("elsewhere/sweep.yaml").write_text("name: x")
    before = sorted(Path().rglob("*"))
    assert nnexp("rm", name, "--yes")[0] == 2
    assert sorted(Path().rglob("*")) == before

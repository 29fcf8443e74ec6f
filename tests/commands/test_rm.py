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
    assert "What MLflow holds stays there." in shown
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


def copy_of(folder: Path, name: str) -> Path:
    """Another sweep NAME/ID like that in `folder`."""
    copy, (own_name, own_id) = folder.parents[1] / name, (folder.parent.name, folder.name)
    shutil.copytree(folder, copy)
    text = (copy / "sweep.yaml").read_text().replace(f"name: {own_name}\n", f"name: {copy.parent.name}\n")
    (copy / "sweep.yaml").write_text(text.replace(own_id, copy.name))
    return copy


def test_a_name_of_several_sweeps_is_refused_and_names_them(nnexp: Command, sweeps: Path) -> None:
    own = only(sweeps / "plain")
    other = copy_of(own, "plain/a0000000")
    status, _, error = nnexp("rm", "sweeps/plain/", "--yes")
    assert status == 2
    assert "plain has 2 sweeps, name one: " in error
    assert all(name in error for name in (f"plain/{own.name}", "plain/a0000000", "'plain/*'"))
    assert nnexp("rm", "plain/a0000000", "--yes")[0] == 0
    assert (own.exists(), other.exists()) == (True, False)


def test_a_pattern_means_every_sweep_that_fits(nnexp: Command, sweeps: Path) -> None:
    deep = copy_of(only(sweeps / "plain"), "book/a0000000")
    copy_of(only(sweeps / "plain"), "plain/a0000000")
    status, shown, _ = nnexp("rm", "plain/*", "--yes")
    assert (status, "Removed: 2 sweeps" in shown) == (0, True)
    assert not (sweeps / "plain").exists()
    assert (deep.exists(), (sweeps / "mixed").exists()) == (True, True)


@pytest.mark.parametrize("pattern", ["*", "p*", "plain/z*", "../*/*", "*/*/*", "?"])
def test_a_pattern_that_fits_no_sweep_removes_nothing(pattern: str, nnexp: Command, sweeps: Path) -> None:
    before = sorted(Path().rglob("*"))
    status, _, error = nnexp("rm", pattern, "--yes")
    assert (status, "a pattern is one of NAME/ID" in error) == (2, True)
    assert sorted(Path().rglob("*")) == before


def test_a_sweep_that_is_trained_is_refused_and_no_other_goes(nnexp: Command, sweeps: Path) -> None:
    with held(only(sweeps / "plain")):
        status, _, error = nnexp("rm", "mixed", "plain", "--yes")
    assert status == 2
    assert "is being trained by process" in error
    assert only(sweeps / "mixed").exists()


def test_a_folder_whose_plan_cannot_tell_what_it_is_stays(nnexp: Command, sweeps: Path) -> None:
    (only(sweeps / "plain") / "sweep.yaml").write_text("{")
    status, _, error = nnexp("rm", "plain", "--yes")
    assert (status, error.count("\n")) == (2, 1)
    assert only(sweeps / "plain").exists()


@pytest.mark.parametrize("plan", ["method: bayes", "{name: plain, sweep_id: 1}", "{name: x, sweep_id: ID}"])
def test_a_folder_that_is_no_such_sweep_by_its_plan_stays(plan: str, nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    (folder / "sweep.yaml").write_text(plan.replace("ID", folder.name))
    assert nnexp("rm", "plain", "--yes")[0] == 2
    assert (folder / "records").exists()


def test_a_plan_among_or_right_below_the_sweeps_names_none(nnexp: Command, sweeps: Path) -> None:
    """As tables exported there left it."""
    plan = only(sweeps / "plain") / "sweep.yaml"
    shutil.copy(plan, sweeps / "sweep.yaml")
    shutil.copy(plan, sweeps / "mixed" / "sweep.yaml")
    before = sorted(Path().rglob("*"))
    for name in (".", "sweeps", "mix", "./mixed/..", ""):
        assert nnexp("rm", name, "--yes")[0] == 2
    assert sorted(Path().rglob("*")) == before
    assert nnexp("rm", "mixed", "--yes")[0] == 0
    assert only(sweeps / "plain").exists()


def test_a_sweep_that_holds_another_stays(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    shutil.copytree(only(sweeps / "mixed"), folder / "a0000000")
    status, _, error = nnexp("rm", f"plain/{folder.name}", "--yes")
    assert (status, "holds other sweeps" in error) == (2, True)
    assert (folder / "a0000000" / "records").exists()


def test_a_link_to_a_sweep_stays_and_so_does_what_it_points_to(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    folder.rename("elsewhere")
    folder.symlink_to(Path("elsewhere").resolve())
    status, _, error = nnexp("rm", "plain", "--yes")
    assert (status, "is a symbolic link" in error) == (2, True)
    assert Path("elsewhere", "records").exists()


@pytest.mark.parametrize("name", ["..", ".", "sweeps", "/", "../elsewhere", "notes"])
def test_only_what_holds_a_plan_goes(name: str, nnexp: Command, sweeps: Path) -> None:
    for folder in (Path("elsewhere"), sweeps / "notes"):
        folder.mkdir()
        (folder / "note.txt").write_text("kept")
    Path("elsewhere/sweep.yaml").write_text("name: x")
    before = sorted(Path().rglob("*"))
    assert nnexp("rm", name, "--yes")[0] == 2
    assert sorted(Path().rglob("*")) == before

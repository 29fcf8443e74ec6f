"""A figure about many files is made again whenever one of them may have changed, and only then."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnexp.sweep.store import kept as module
from nnexp.sweep.store.kept import FILE, kept


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep's folder with two records, which were written long ago."""
    monkeypatch.setattr(module, "SLOW", 0)
    records = tmp_path / "sweep" / "records"
    records.mkdir(parents=True)
    for name in ("a.json", "b.json"):
        (records / name).write_text(name)
    grow_old(records)
    return records.parent


def grow_old(place: Path) -> None:
    os.utime(place, ns=(10**18, place.stat().st_mtime_ns - 10**10))


def names(folder: Path, made: list[str]) -> list[str]:
    """The names of all records, and a note in `made` each time that they are read."""

    def read() -> list[str]:
        made.append("read")
        return sorted(os.listdir(folder / "records"))

    return kept(folder, "names", [folder / "records"], read)


def add(folder: Path) -> None:
    (folder / "records" / "c.json").touch()


def take_away(folder: Path) -> None:
    (folder / "records" / "a.json").unlink()


def replace(folder: Path) -> None:
    (folder / "new").write_text("another")
    os.replace(folder / "new", folder / "records" / "a.json")


def damage(folder: Path) -> None:
    (folder / FILE).write_text("{")


@pytest.mark.parametrize("change", [add, take_away, replace, damage])
def test_it_is_made_once_until_a_file_changes(change: Callable[[Path], None], folder: Path) -> None:
    made: list[str] = []
    assert names(folder, made) == names(folder, made) == ["a.json", "b.json"]
    assert made == ["read"]
    change(folder)
    assert names(folder, made) == sorted(os.listdir(folder / "records"))
    assert made == ["read"] * 2


def test_a_copy_has_figures_of_its_own(folder: Path, tmp_path: Path) -> None:
    names(folder, [])
    copy = shutil.copytree(folder, tmp_path / "copy")
    shutil.copystat(folder / "records", copy / "records")
    made: list[str] = []
    names(copy, made)
    assert made == ["read"]


def test_what_has_just_changed_may_change_again_and_is_not_kept(folder: Path) -> None:
    os.utime(folder / "records")
    names(folder, [])
    assert not (folder / FILE).exists()


def test_a_quick_figure_takes_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOW", 10)
    names(folder, [])
    assert not (folder / FILE).exists()


def test_a_folder_that_cannot_be_written_costs_no_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(module, "replacing", refuse)
    assert names(folder, []) == ["a.json", "b.json"]

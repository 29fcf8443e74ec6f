"""A figure about many files is made again whenever one of them may have changed, and only then."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnexp.sweep.store import kept as module
from nnexp.sweep.store.catalog import statuses_in, take_stock
from nnexp.sweep.store.folder import find_sweep, settle
from nnexp.sweep.store.kept import FILE, kept
from nnexp.sweep.store.plan_file import read_head
from tests.sweep.attempts import attempt
from tests.sweep.samples import plan


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


def test_the_end_of_a_sweep_counts_what_is_listed_and_a_record_that_goes_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ends the process in between leaves no count, or one of before, which no folder fits."""
    monkeypatch.setattr(module, "SLOW", 0)
    monkeypatch.setattr(module, "STILL", 0)
    made = plan({"batch_size": [5, 10]}, seeds=[0])
    folder = tmp_path / made.name / made.sweep_id
    settle(find_sweep(folder, made), {})
    attempt(made, folder)
    take_stock(folder)
    marked = (folder / FILE).read_bytes()
    assert set(json.loads(marked)) == {"statuses", "disk"}
    assert statuses_in(folder, read_head(folder)) == {"finished": 2}
    assert (folder / FILE).read_bytes() == marked, "it was not counted again"
    next((folder / "records").glob("*.json")).unlink()
    assert statuses_in(folder, read_head(folder)) == {"finished": 1, "pending": 1}


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

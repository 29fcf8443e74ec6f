"""Files that appear whole or not at all; temporary folders, of which only what was left goes."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from nnexp.errors import UserError
from nnexp.files import MARK, SCRATCH, scratch, write_all


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def abandoned(home: Path) -> Path:
    """What a killed process leaves: a marked folder without a lock, with something in it."""
    folder = home / f"{SCRATCH}killed"
    folder.mkdir()
    (folder / MARK).write_text(folder.name)
    (folder / "inputs.npy").write_text("numbers")
    return folder


def test_it_is_gone_at_the_end(home: Path) -> None:
    with scratch() as folder:
        (folder / "file").write_text("something")
        assert folder.parent == home
    assert list(home.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(home: Path) -> None:
    left = abandoned(home)
    with scratch():
        assert not left.exists()


def test_what_another_process_uses_stays() -> None:
    with scratch() as first:
        (first / "file").write_text("something")
        with scratch():
            assert (first / "file").exists()


def test_a_folder_of_ones_own_with_our_prefix_stays(home: Path) -> None:
    own = home / f"{SCRATCH}mine"
    own.mkdir()
    (own / "thesis.tex").write_text("years")
    with scratch():
        pass
    assert (own / "thesis.tex").read_text() == "years"


def test_a_copy_of_an_abandoned_folder_stays(home: Path) -> None:
    copy = shutil.copytree(abandoned(home), home / f"{SCRATCH}copy")
    with scratch():
        assert (copy / "inputs.npy").exists()


@pytest.mark.parametrize("link", [f"{SCRATCH}link", MARK])
def test_a_symbolic_link_is_no_mark_of_ours(link: str, home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.tex").write_text("years")
    if link == MARK:
        own = home / f"{SCRATCH}mine"
        own.mkdir()
        (elsewhere / "name").write_text(own.name)
        (own / MARK).symlink_to(elsewhere / "name")
    else:
        own = home / link
        (elsewhere / MARK).write_text(link)
        own.symlink_to(elsewhere)
    with scratch():
        assert own.exists()
        assert (elsewhere / "thesis.tex").exists()


def test_a_lock_that_another_user_made_a_link_of_is_never_written_to(home: Path, tmp_path: Path) -> None:
    left, victim = abandoned(home), tmp_path / "victim"
    victim.write_text("kept")
    left.with_suffix(".lock").symlink_to(victim)
    with scratch():
        assert victim.read_text() == "kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_another_users_folder_stays(home: Path) -> None:
    left = abandoned(home)
    os.chown(left, 65534, 65534)
    with scratch():
        assert left.exists()


def test_an_error_inside_is_not_one_of_the_temporary_folder() -> None:
    with pytest.raises(OSError, match="No space left"), scratch():
        raise OSError(28, "No space left on device")


def test_without_a_place_for_it_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(UserError, match="set TMPDIR to another one"), scratch():
        pass


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_all_files_are_written_and_one_that_is_the_same_is_left_alone(tmp_path: Path) -> None:
    same = tmp_path / "same"
    same.write_bytes(b"as it was")
    before = same.stat()
    write_all(tmp_path, {"same": b"as it was", "new": b"a", "old": b"b"})
    write_all(tmp_path, {"old": b"c"})
    assert contents(tmp_path) == {"same": b"as it was", "new": b"a", "old": b"c"}
    assert (same.stat().st_ino, same.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("failing", [1, 2])
def test_none_is_replaced_if_one_cannot_be_written(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path, {"first": b"1", "second": b"2"})
    synced = []
    sync = os.fsync

    def full(handle: int) -> None:
        synced.append(handle)
        if len(synced) == failing:
            raise OSError(28, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_all(tmp_path, {"first": b"new", "second": b"new"})
    assert contents(tmp_path) == {"first": b"1", "second": b"2"}

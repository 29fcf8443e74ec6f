"""Files that appear whole or not at all."""

import os
from pathlib import Path

import pytest

from nnexp.files import write_all


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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

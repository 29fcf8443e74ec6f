"""A sign is of the process that trains now, and of no other."""

import errno
import os
import time
from pathlib import Path

import pytest

from nnexp.sweep.store.lock import HOLDER, held
from nnexp.sweep.store.sign import FILE, Sign, read_sign, remove_sign, write_sign

SIGN = Sign({"finished": 11, "timed_out": 1}, 4, 0.375, "about 3 min left", ("epoch 3/4",))


def test_others_read_what_the_process_that_trains_says(tmp_path: Path) -> None:
    with held(tmp_path):
        assert read_sign(tmp_path) is None
        write_sign(tmp_path, SIGN)
        assert read_sign(tmp_path) == SIGN
        remove_sign(tmp_path)
        assert read_sign(tmp_path) is None
    assert SIGN.runs(35) == "4 running, 19 to do"


def test_what_a_killed_process_left_is_believed_neither_now_nor_of_the_next_one(tmp_path: Path) -> None:
    (tmp_path / HOLDER).write_text("process 1 on here")
    write_sign(tmp_path, SIGN)
    os.utime(tmp_path / FILE, (1e9, 1e9))
    assert read_sign(tmp_path) is None
    with held(tmp_path):
        assert read_sign(tmp_path) is None
        write_sign(tmp_path, SIGN)
        assert read_sign(tmp_path) == SIGN


def test_one_that_nobody_replaces_says_so_and_how_long_ago_it_was_given(tmp_path: Path) -> None:
    """What a process that was suspended (Ctrl-Z) leaves in its place."""
    with held(tmp_path):
        write_sign(tmp_path, SIGN)
        os.utime(tmp_path / HOLDER, (1e9, 1e9))
        os.utime(tmp_path / FILE, (time.time() - 180,) * 2)
        sign = read_sign(tmp_path)
    assert sign is not None
    silent = "silent for 3 min: suspended, its disk is full, or clocks differ"
    assert sign.runs(35) == f"4 running, 19 to do; {silent}"
    assert sign.time_left("to come") == ""
    assert SIGN.time_left("to come") == "about 3 min left of this round"


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"statuses": 1}', b'{"statuses": {}}', b"\xff"])
def test_what_is_no_sign_is_none(tmp_path: Path, content: bytes) -> None:
    with held(tmp_path):
        (tmp_path / FILE).write_bytes(content)
        assert read_sign(tmp_path) is None


def test_one_that_cannot_be_written_leaves_the_last_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with held(tmp_path):
        write_sign(tmp_path, SIGN)
        before = set(tmp_path.iterdir())
        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            write_sign(tmp_path, Sign({}, 1, 0.0, "", ()))
        assert read_sign(tmp_path) == SIGN
        assert set(tmp_path.iterdir()) == before

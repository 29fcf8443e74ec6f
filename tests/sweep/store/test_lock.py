"""One trainer per sweep, and nothing left of a sweep that never began."""

import errno
from pathlib import Path

import pytest

from nnexp.errors import UserError
from nnexp.sweep.store import lock
from nnexp.sweep.store.lock import held, holder_of


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return tmp_path / "sweeps" / "name" / "0123abcd"


def test_a_held_sweep_names_its_holder_and_refuses_a_second(sweep: Path) -> None:
    with held(sweep) as writable:
        assert writable
        assert str(holder_of(sweep)).startswith("process ")
        with pytest.raises(UserError, match=r"is being trained by process \d+ on "), held(sweep):
            pass
    assert holder_of(sweep) is None


def test_a_sweep_refused_before_it_began_leaves_no_folder(sweep: Path) -> None:
    with pytest.raises(UserError, match="no"), held(sweep):
        raise UserError("no")
    assert not sweep.parent.parent.exists()


def test_a_folder_of_sweeps_that_was_there_stays(sweep: Path) -> None:
    sweep.parent.parent.mkdir()
    with pytest.raises(UserError, match="no"), held(sweep):
        raise UserError("no")
    assert list(sweep.parent.parent.parent.rglob("*")) == [sweep.parent.parent]


def test_what_is_in_the_folder_stays_and_so_do_other_sweeps_of_the_name(sweep: Path) -> None:
    with held(sweep):
        (sweep / "sweep.yaml").write_text("a plan")
    other = sweep.with_name("4567abcd")
    with held(other):
        pass
    assert not other.exists()
    assert (sweep / "sweep.yaml").read_text() == "a plan"


def test_a_sweep_can_be_held_again_after_its_folder_was_removed(sweep: Path) -> None:
    for _ in range(2):
        with held(sweep) as writable:
            assert writable


def test_a_full_disk_is_in_nobodys_way(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with held(sweep) as writable:
        assert writable
    monkeypatch.setattr(lock.FileLock, "acquire", full)
    sweep.mkdir(parents=True)
    with held(sweep) as writable:
        assert not writable


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("flock")])
def test_a_file_system_without_locks_is_named_as_such(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(lock.FileLock, "acquire", refuse)
    with pytest.raises(UserError, match="must be on a file system with locks"), held(sweep):
        pass

"""Between processes: one trainer per sweep, and scratch folders that outlive it not for long."""

import errno
import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from nnexp.nn import UserError

SCRATCH, MARK = "nnexp-sweep-", ".nnexp-scratch"
LOCK, HOLDER = ".lock", ".holder"  # hidden: they say nothing about the sweep


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold the sweep in `folder` (made if need be): no other process trains it meanwhile.

    False for a folder that may only be read: nobody trains there, but a sweep can be looked at.

    Raises:
        UserError: another process holds it (says which), or the folder cannot be made or written.
    """
    holder = folder / HOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {now}", encoding="utf-8")
    except Timeout:
        raise UserError(
            f"{folder} is being trained by {_who(folder)}: wait for its end, or stop it"
        ) from None
    except OSError as error:
        if folder.exists() and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            yield False
            return
        raise UserError(
            f"sweeps_dir must be a folder that can be written: {error.strerror}: {folder}"
        ) from error
    try:
        yield True
    finally:
        holder.unlink(missing_ok=True)
        _remove_if_empty(folder)
        lock.release()


def _remove_if_empty(folder: Path) -> None:
    """Leave nothing of a sweep that was refused before it began."""
    if [path.name for path in folder.glob("*")] == [LOCK]:
        (folder / LOCK).unlink()
        with suppress(OSError):  # other sweeps of that name
            folder.rmdir()
            folder.parent.rmdir()


def holder_of(folder: Path) -> str | None:
    """Who holds the sweep in `folder` now; None: nobody. Writes nothing.

    A file that a killed process left says nothing, so the lock itself is asked; only where there is such a
    file, so that asking is hardly ever in the way of a process that starts.
    """
    if not (folder / HOLDER).exists():
        return None
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # given back when the file is closed
    except BlockingIOError:
        return _who(folder)
    except OSError:  # no lock, so nobody has it
        return None
    return None


def _who(folder: Path) -> str:
    try:
        return (folder / HOLDER).read_text(encoding="utf-8") or "another process"
    except FileNotFoundError:
        return "another process"


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder. Whatever processes that were killed have left of theirs is removed as well.

    Raises:
        UserError: there is no room for one, or the file system has no locks.
    """
    home = Path(tempfile.gettempdir())
    _remove_abandoned(home)
    with ExitStack() as at_the_end:
        try:
            folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=home))
            # What this cannot remove, the next sweep does.
            at_the_end.callback(shutil.rmtree, folder, ignore_errors=True)
            fcntl.flock(at_the_end.enter_context(_opened_folder(folder)), fcntl.LOCK_SH)
            # Locked first, then marked: a marked folder whose lock is free is nobody's. A lock on the
            # folder itself keeps systemd's cleaner of temporary folders off it, too.
            (folder / MARK).write_text(folder.name, encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"the temporary folder must have room, and locks; set TMPDIR to another one: {error}"
            ) from error
        yield folder


def _remove_abandoned(home: Path) -> None:
    """Remove what carries our mark, is this user's, and is held by no process: nothing else."""
    for folder in home.glob(f"{SCRATCH}*"):
        try:
            with _opened_folder(folder) as handle:
                if os.fstat(handle).st_uid != os.geteuid() or not _is_marked(folder.name, handle):
                    continue
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # no folder, another user's, gone meanwhile, or in use
            continue


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int]:
    """The handle of a folder; a symbolic link is none."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield handle
    finally:
        os.close(handle)


def _is_marked(name: str, folder: int) -> bool:
    """Whether the open folder has our mark, made for a folder of that name: a copy has that of another."""
    mark = os.open(MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)  # no pipe may block
    with open(mark, encoding="utf-8", errors="replace") as file:
        return file.read(len(name) + 1) == name

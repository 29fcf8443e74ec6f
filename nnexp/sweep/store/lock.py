"""One process at a time trains a sweep: its lock, and who holds it."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from nnexp.errors import UserError

LOCK, HOLDER = ".lock", ".holder"  # hidden: they say nothing about the sweep


NOT_TO_WRITE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold the sweep in `folder` (made if need be): no other process trains it meanwhile.

    False for a folder in which no lock can be made, read-only or on a full disk: nobody trains there, but a
    sweep can be looked at.

    Raises:
        UserError: another process holds it (says which), or the folder cannot be made, written or locked.
    """
    new = [parent for parent in folder.parents if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise UserError(
            f"{folder} is being trained by {_who(folder)}: wait for its end, or stop it"
        ) from None
    except (OSError, NotImplementedError) as error:
        if folder.exists() and isinstance(error, OSError) and error.errno in NOT_TO_WRITE:
            yield False
            return
        raise _refusal(folder, error) from error
    try:
        _sign(folder / HOLDER)
        yield True
    finally:
        (folder / HOLDER).unlink(missing_ok=True)
        _remove_if_empty(folder, new)
        lock.release()


def _refusal(folder: Path, error: OSError | NotImplementedError) -> UserError:
    """Why a sweep's folder can be neither trained in nor looked at."""
    if isinstance(error, NotImplementedError) or error.errno in NO_LOCKS:  # filelock's word for ENOSYS
        return UserError(
            f"sweeps_dir must be on a file system with locks, which let one command at a time train a sweep: "
            f"that of {folder} has none"
        )
    return UserError(f"sweeps_dir must be a folder that can be written: {error.strerror}: {folder}")


def _sign(holder: Path) -> None:
    """Write down who holds the sweep; the lock holds without it, so that a full disk is in nobody's way."""
    now = datetime.now().astimezone().isoformat(" ", "seconds")
    with suppress(OSError):
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {now}", encoding="utf-8")


def _remove_if_empty(folder: Path, new: Sequence[Path]) -> None:
    """Leave nothing of a sweep that was refused before it began; `new`: folders that it made, inner first."""
    if [path.name for path in folder.glob("*")] == [LOCK]:
        (folder / LOCK).unlink()
        with suppress(OSError):  # other sweeps
            folder.rmdir()
            for parent in new or [folder.parent]:
                parent.rmdir()


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


def held_since(folder: Path) -> float | None:
    """When the holder of the sweep in `folder` began, in seconds since 1970; None if there is none."""
    with suppress(FileNotFoundError):
        return (folder / HOLDER).stat().st_mtime
    return None


def _who(folder: Path) -> str:
    try:
        return (folder / HOLDER).read_text(encoding="utf-8", errors="replace") or "another process"
    except FileNotFoundError:
        return "another process"

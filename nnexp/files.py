"""Files that appear whole or not at all, and temporary folders that are removed even after a crash."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from nnexp.errors import UserError

SCRATCH, MARK = "nnexp-sweep-", ".nnexp-scratch"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` whole and durable, or not at all."""
    temporary = _beside(path)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into `folder`: whole, durable, and none of them if one cannot be written.

    A file that says the same already is left alone.

    Raises:
        OSError: a file cannot be written.
    """
    paths = [path for name in contents if not _says(path := folder / name, contents[name])]
    try:
        for path in paths:
            with _beside(path).open("wb") as file:
                file.write(contents[path.name])
                file.flush()
                os.fsync(file.fileno())
        for path in paths:
            os.replace(_beside(path), path)
    finally:
        for path in paths:
            _beside(path).unlink(missing_ok=True)
    sync_folder(folder)


def _says(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content


def _beside(path: Path) -> Path:
    """Where a file is written before it takes its place."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def sync_folder(folder: Path) -> None:
    """Make the renames in `folder` durable too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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

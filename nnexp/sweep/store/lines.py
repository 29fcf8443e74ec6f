"""Files that grow by lines, each with a checksum: what a crash or a flipped bit leaves is never half read."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nnexp.files import replacing, sync_folder
from nnexp.sweep.store.seal import opened, sealed


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The values of each line, up to the first that is not whole; none where there is no file."""
    try:
        return [values for _, values in _whole(path.read_bytes())]
    except FileNotFoundError:
        return []


def append_line(path: Path, values: Mapping[str, Any]) -> None:
    """Add a line, durably; one process at a time. Of what is there, lines stay up to the first that is not
    whole. Behind a damaged one, they are kept in a file beside it, `NAME.damaged`.

    Raises:
        OSError: it cannot be written.
    """
    is_new = not path.exists()
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed
        file.seek(0)
        content = file.read()
        size = sum(len(line) + 1 for line, _ in _whole(content))
        if b"\n" in content[size:]:
            with replacing(path.with_suffix(".damaged")) as copy:
                copy.write(content)
        file.truncate(size)
        file.write(sealed(dict(values)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def _whole(content: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    *lines, _ = content.split(b"\n")  # behind the last line's end there is nothing, or a torn line
    for line in lines:
        try:
            yield line, opened(line)
        except ValueError:
            return

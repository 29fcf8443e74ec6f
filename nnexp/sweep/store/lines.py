"""Files that grow by lines, each with a checksum: what a crash or a flipped bit leaves is never half read."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nnexp.files import sync_folder
from nnexp.sweep.store.record import opened, sealed


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The values of each line, up to the first that is not whole; none where there is no file."""
    try:
        return [values for _, values in _whole(path.read_bytes())]
    except FileNotFoundError:
        return []


def append_line(path: Path, values: Mapping[str, Any]) -> None:
    """Add a line, durably. Of what is there, lines stay up to the first that is not whole.

    Raises:
        OSError: it cannot be written.
    """
    is_new = not path.exists()
    with path.open("ab+") as file:
        file.seek(0)
        file.truncate(sum(len(line) + 1 for line, _ in _whole(file.read())))
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

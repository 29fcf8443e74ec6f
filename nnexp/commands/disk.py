"""What sweeps take on disk."""

import os
from contextlib import suppress
from pathlib import Path

from rich.filesize import decimal


def disk_use(folder: str | Path) -> int:
    """Bytes that the files below `folder` take on disk."""
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:  # a sweep that somebody removes
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += disk_use(entry.path)
                continue
            try:
                total += entry.stat(follow_symlinks=False).st_blocks * 512
            except OSError:  # a temporary file of a sweep that trains
                continue
    return total


def size(n_bytes: int) -> str:
    """`1.2 MB`."""
    return decimal(n_bytes)

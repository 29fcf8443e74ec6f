"""What sweeps take on disk."""

import os
from contextlib import suppress
from pathlib import Path

from rich.filesize import decimal


def disk_use(folder: Path) -> int:
    """Bytes that the files below `folder` take on disk."""
    total = 0
    for home, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):  # a temporary file of a sweep that trains
                total += os.lstat(os.path.join(home, name)).st_blocks * 512
    return total


def size(n_bytes: int) -> str:
    """`1.2 MB`."""
    return decimal(n_bytes)

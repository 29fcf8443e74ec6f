"""What sweeps take on disk."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nnexp.sweep.store.kept import kept


def disk_use_of_sweep(folder: Path) -> int:
    """Bytes that a sweep takes on disk; of many records, as they were measured last."""
    records = folder / "records"
    return disk_use(folder, ("records",)) + kept(folder, "disk", [records], lambda: disk_use(records))


def disk_use(folder: str | Path, without: Sequence[str] = ()) -> int:
    """Bytes that the files below `folder` take on disk, `without` some of the folders in it."""
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:  # a sweep that somebody removes
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += disk_use(entry.path) if entry.name not in without else 0
                continue
            try:
                total += entry.stat(follow_symlinks=False).st_blocks * 512
            except OSError:  # a temporary file of a sweep that trains
                continue
    return total

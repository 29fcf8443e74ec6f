"""A small figure about many files, kept beside them: they are not read again while none has changed.

A file or folder is known by its inode and the time of its last change, which must be those of then, to the
nanosecond: whatever is put into a folder, taken away or replaced changes it, and a copy has another inode.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from nnexp.files import replacing

FILE = ".kept.json"  # hidden: it says nothing that the records do not
SLOW = 0.1  # seconds that a figure takes which is worth a file
STILL = 3.0  # seconds without a change: some file systems tell no shorter times apart
Figure = TypeVar("Figure")


def kept(folder: Path, name: str, sources: Sequence[Path], make: Callable[[], Figure]) -> Figure:
    """What `make` gives, a JSON value, or gave when the `sources` were as they are now.

    Raises:
        whatever `make` raises.
    """
    marks = _marks(sources)
    known = _known(folder)
    if marks and known.get(name, {}).get("of") == marks:
        figure: Figure = known[name]["is"]
        return figure
    began = time.monotonic()
    figure = make()
    newest = max((changed for _, changed, _ in marks), default=0)
    if time.monotonic() - began > SLOW and time.time_ns() - newest > STILL * 1e9 and marks == _marks(sources):
        with suppress(OSError), replacing(folder / FILE) as file:  # of somebody else's, or on a full disk
            file.write(json.dumps(known | {name: {"of": marks, "is": figure}}).encode())
    return figure


def _marks(sources: Sequence[Path]) -> list[list[int]]:
    """By what each of the sources is known; nothing if one is not there."""
    try:
        return [[found.st_ino, found.st_mtime_ns, found.st_size] for found in map(os.stat, sources)]
    except OSError:
        return []


def _known(folder: Path) -> dict[str, Any]:
    try:
        known = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}

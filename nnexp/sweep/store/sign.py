"""`.sign` in a sweep's folder: how far the process that trains it is, for whoever else wants to know.

It is replaced while runs train, and removed when they have ended. What a killed process leaves says nothing:
nobody holds the sweep any more, or somebody who began later.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nnexp.sweep.store.lock import held_since, holder_of
from nnexp.text import duration

FILE = ".sign"  # hidden: when training has ended, the records say all
SILENT = 60.0  # seconds; a process that trains gives a new one each 10 at most


@dataclass(frozen=True)
class Sign:
    """How far training is.

    `statuses`: how many runs have ended in which way; `running`: how many train now; `share`: of all epochs
    of the plan, how many are done; `left`: in words, how long the rest takes, empty while nobody knows;
    `lines`: for people, each stack that trains, and what a stop would lose. `silent`: how long it stands, in
    seconds, as its reader sees it.
    """

    statuses: Mapping[str, int]
    running: int
    share: float
    left: str
    lines: tuple[str, ...]
    silent: float = field(default=0.0, compare=False)

    def runs(self, of: int) -> str:
        """`4 running, 19 to do`, `of` so many runs in all; and since when nothing has moved."""
        counts = f"{self.running} running, {of - sum(self.statuses.values()) - self.running} to do"
        if self.silent < SILENT:
            return counts
        return f"{counts}; silent for {duration(self.silent)}: suspended, its disk is full, or clocks differ"

    def time_left(self, to_come: str) -> str:
        """`about 3 s left`; where rounds are `to_come`, by whichever rule, it is `of this round`."""
        left = self.left if self.silent < SILENT else ""
        return left + " of this round" * bool(left and to_come)


def write_sign(folder: Path, sign: Sign) -> None:
    """Put a sign in the place of the last one: whole, but not durable, for it is of this moment.

    Raises:
        OSError: it cannot be written.
    """
    temporary = folder / f"{FILE}.tmp"
    try:
        temporary.write_text(json.dumps(asdict(sign)), encoding="utf-8")
        os.replace(temporary, folder / FILE)
    finally:
        temporary.unlink(missing_ok=True)


def remove_sign(folder: Path) -> None:
    """Leave none, if that can be."""
    with suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)


def read_sign(folder: Path) -> Sign | None:
    """The sign of who trains the sweep in `folder` now; None: nobody does, or has not given one."""
    if holder_of(folder) is None:
        return None
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):  # none, or not of ours
        given = (folder / FILE).stat().st_mtime
        if given < (held_since(folder) or 0.0):
            return None
        raw = json.loads((folder / FILE).read_bytes())
        statuses = {str(status): int(runs) for status, runs in raw["statuses"].items()}
        lines = tuple(map(str, raw["lines"]))
        silent = max(time.time() - given, 0.0)
        return Sign(statuses, int(raw["running"]), float(raw["share"]), str(raw["left"]), lines, silent)
    return None

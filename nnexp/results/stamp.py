"""Whether the CSV files in a sweep's folder were made from the plan and the records that are there now.

What the files hold decides, never their times: clocks are set back, and a copy is as new as it likes.
"""

import hashlib
import os
from pathlib import Path

from nnexp.files import write_all
from nnexp.sweep.store import plan_file
from nnexp.sweep.store.seal import ends_of

RULES = b"5"  # of columns, means and verdicts: files made by others are made anew
FILE = ".tables"  # hidden: it says nothing about the sweep


def stamp(folder: Path) -> None:
    """Note that the CSV files in a sweep's folder are made from what is there now.

    Raises:
        OSError: the folder cannot be written.
    """
    write_all(folder, {FILE: _sources(folder)})


def is_current(folder: Path) -> bool:
    """Whether the CSV files were made from the records and the plan as they are now."""
    try:
        return (folder / FILE).read_bytes() == _sources(folder)
    except FileNotFoundError:
        return False


def _sources(folder: Path) -> bytes:
    """A digest of the plan, of all records (of these, the checksums that they end with) and of our rules."""
    digest = hashlib.sha256(RULES + (folder / plan_file.FILE).read_bytes())
    records = folder / "records"
    names = os.listdir(records) if records.is_dir() else []
    for name in sorted(name for name in names if name.endswith(".json")):
        digest.update(name.removesuffix(".json").encode() + ends_of(f"{records}/{name}")[1])
    return digest.hexdigest().encode()

"""What workers hand to their parent: outcomes, in files of the sweep's temporary folder.

joblib drops results that it has not yet handed over when a worker dies, and waits for ever for the rest of a
large one whose worker dies in its midst. A file is there whole or not at all.
"""

import os
import pickle
from collections.abc import Sequence
from pathlib import Path

from nnexp.sweep.pool.worker import Outcome


def leave(outcomes: Sequence[Outcome], rows: tuple[int, ...], folder: Path) -> None:
    """In a worker: hand over the outcomes of the stack with these rows."""
    unfinished = folder / f"{rows[0]}.unfinished"
    with unfinished.open("wb") as file:
        pickle.dump(outcomes, file, protocol=pickle.HIGHEST_PROTOCOL)
    os.replace(unfinished, _place(rows, folder))


def collect(rows: tuple[int, ...], folder: Path) -> list[Outcome] | None:
    """In the parent: take the outcomes of a stack; None if it left none."""
    try:
        with _place(rows, folder).open("rb") as file:
            outcomes: list[Outcome] = pickle.load(file)
    except FileNotFoundError:
        return None
    _place(rows, folder).unlink()
    return outcomes


def _place(rows: tuple[int, ...], folder: Path) -> Path:
    return folder / f"{rows[0]}.outcomes"

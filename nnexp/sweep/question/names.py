"""What a sweep may be called: its name is the path of its results below the folder of all sweeps."""

import re

from nnexp.errors import UserError

PUBLISHED = "published"  # in the folder of all sweeps: results that are committed, no sweeps
FOLDERS_OF_A_SWEEP = ("records", "checkpoints")
LONGEST = 255  # bytes in the name of a folder


def check_name(name: object) -> None:
    """Raise `UserError` unless a sweep can have this name."""
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", name):
        rule = "letters, digits, '_', '-', '.' and '/', with no '-' or '.' at the beginning of a part"
        raise UserError(f"sweep.name must be {rule}, got {name!r}")
    parts = name.split("/")
    if parts[0] == PUBLISHED or set(parts) & set(FOLDERS_OF_A_SWEEP):
        taken = f"{PUBLISHED}/... and {' and '.join(FOLDERS_OF_A_SWEEP)} have a meaning of their own"
        raise UserError(f"sweep.name must be another one, {taken}, got {name!r}")
    longest = max(len(part.encode()) for part in parts)
    if longest > LONGEST:
        raise UserError(f"sweep.name must have at most {LONGEST} bytes between slashes, got {longest}")

"""Numbers as JSON has them: short, and null for what is missing."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

DIGITS = 5  # significant ones: as many as a chart can show


def short(values: ArrayLike, digits: int = DIGITS) -> Any:
    """Nested lists of the numbers, rounded."""
    array = np.asarray(values, np.float64)
    if array.ndim > 1:
        return [short(row, digits) for row in array]
    return [_short(value, digits) for value in array.tolist()]


def _short(value: float, digits: int) -> float | int | None:
    if not np.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded

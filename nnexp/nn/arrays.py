"""Arrays that are fast to compute with."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.floating[Any]]
PerRun = NDArray[np.float64]  # a number for each run

# 0-d arrays: NumPy would convert a Python number anew at each call, which costs as much as the sum itself.
HALF, ONE = np.array(0.5, np.float32), np.array(1.0, np.float32)


def round_up(n: int, multiple: int) -> int:
    """The least multiple that is >= n."""
    return -(-n // multiple) * multiple


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros that start on a cache line (64 bytes): else matrix products take up to half as long again."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    room = np.zeros(size + 64, np.uint8)  # 64 more, to move the start up to the next line
    start = round_up(room.ctypes.data, 64) - room.ctypes.data
    return room[start : start + size].view(dtype).reshape(shape)


def sums(arrays: Iterable[Array]) -> PerRun:
    """Each run's sum in float64. Run by run, so that it does not depend on the stack, bit for bit."""
    return np.array([array.sum(dtype=np.float64) for array in arrays])

"""What the reader of a data set hands over: its values, split but not yet scaled."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.data.split import Parts


class Source(NamedTuple):
    """The values, their digest (see `digest_of`), and (height, width) of an image, or None for no images."""

    parts: Parts
    digest: str
    image_shape: tuple[int, int] | None


def digest_of(values: Mapping[str, NDArray[Any]]) -> str:
    """64 hex digits of SHA-256 over names, dtypes, shapes and little-endian bytes, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(values):
        array = values[name]
        canonical = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name} {canonical.dtype.str} {canonical.shape}\n".encode())
        digest.update(canonical.data)
    return digest.hexdigest()

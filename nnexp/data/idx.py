"""MNIST and Fashion-MNIST from the official IDX files, gzipped or raw, on disk or downloaded."""

import gzip
import math
import os
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnexp.data.dataset import DataSpec
from nnexp.data.download import cache_folder, download
from nnexp.data.source import Source, digest_of
from nnexp.data.split import Part, book_split
from nnexp.errors import UserError

FILES: dict[str, tuple[int, ...]] = {
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}

# The first training labels: the files of both data sets have the same names and shapes.
FIRST_LABELS: dict[str, tuple[int, ...]] = {
    "mnist": (5, 0, 4, 1, 9, 2, 1, 3, 1, 4),
    "fashion_mnist": (9, 0, 0, 3, 0, 2, 7, 2, 5, 5),
}


def official(spec: DataSpec) -> Source:
    """The data set `spec.name`: 60,000 and 10,000 images of 28 x 28 bytes, split as in the book.

    Raises:
        UserError: a file is missing and cannot be downloaded, or is not what its name says.
    """
    root = _root(spec)
    files = tuple(_path(spec.name, file, root) for file in FILES)
    return _read(spec.name, files, tuple(file.stat().st_mtime_ns for file in files))


def read_idx(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The values of one IDX file, `.gz` or raw, whose header must say `shape`.

    The format, big-endian: 0, 0, 8 (bytes), number of axes; the length of each axis; the values.

    Raises:
        UserError: names the file, what was expected and what was found.
    """
    start = 4 + 4 * len(shape)
    size = start + math.prod(shape)
    raw = _content(path, size + 1)
    magic = bytes((0, 0, 8, len(shape)))
    if raw[:4] != magic:
        raise _wrong(path, _kind(magic), _kind(raw[:4]))
    if len(raw) >= start:
        shape_in_file = tuple(np.frombuffer(raw[4:start], ">u4").tolist())
        if shape_in_file != shape:
            raise _wrong(path, f"shape {shape}", f"shape {shape_in_file}")
    if len(raw) != size:
        raise _wrong(path, f"{size} bytes", "more" if len(raw) > size else f"{len(raw)} bytes")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


@lru_cache(maxsize=2)
def _read(name: str, files: tuple[Path, ...], times: tuple[int, ...]) -> Source:
    """Cached, because a sweep may load one file for many specifications; `times`: when the files changed."""
    images, labels, test_images, test_labels = (
        read_idx(path, shape) for path, shape in zip(files, FILES.values(), strict=True)
    )
    first_labels = tuple(int(label) for label in labels[: len(FIRST_LABELS[name])])
    if first_labels != FIRST_LABELS[name]:
        raise UserError(
            f"{files[1]}: expected {name}'s labels, which begin {FIRST_LABELS[name]}, found {first_labels}; "
            f"the files of each data set belong in a folder of its name, here {name}"
        )
    for path, digits in ((files[1], labels), (files[3], test_labels)):
        if digits.max() > 9:
            raise _wrong(path, "labels 0 to 9", f"a label {digits.max()}")
    values = {
        "training_inputs": images,
        "training_labels": labels,
        "test_inputs": test_images,
        "test_labels": test_labels,
    }
    parts = book_split(Part(images, labels), Part(test_images, test_labels))
    return Source(parts, digest_of(values), (28, 28))


def _root(spec: DataSpec) -> Path:
    """The folder where files are looked for: `data.root`, else $NNEXP_DATA, else the user's cache folder."""
    for knob, folder in (("data.root", spec.root), ("$NNEXP_DATA", os.environ.get("NNEXP_DATA"))):
        if folder:
            root = Path(os.path.expanduser(folder))
            if not os.path.isdir(root):
                raise UserError(f"{knob} must be an existing folder, got {folder!r}")
            return root
    return cache_folder()


def _path(name: str, file: str, root: Path) -> Path:
    """Where `file` lies, raw or gzipped: in `root/name` or in `root`; else it is downloaded."""
    for folder in (root / name, root):
        for path in (folder / file, folder / f"{file}.gz"):
            if os.path.isfile(path):
                return path
    return download(name, f"{file}.gz", root)


def _content(path: Path, most: int) -> bytes:
    """At most `most` bytes, unpacked: a small file may unpack to more than the memory holds."""
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"  # the name may be wrong: browsers unpack and keep it
            file.seek(0)
            return gzip.GzipFile(fileobj=file).read(most) if is_gzip else file.read(most)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _wrong(path, "a whole gzip file", f"a damaged one ({error})") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def _kind(magic: bytes) -> str:
    kind = {b"\0\0\x08\x01": "IDX labels", b"\0\0\x08\x03": "IDX images"}.get(magic, "no IDX file")
    return f"{kind} (first bytes {magic.hex(' ') or 'none'})"


def _wrong(path: Path, expected: str, content: str) -> UserError:
    return UserError(
        f"{path}: expected {expected}, found {content}; replace the file, or delete it to download it"
    )

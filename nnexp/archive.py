"""Arrays from an `.npz` file that a stranger may have made: nothing in it is run, or fills the memory."""

import lzma
import math
import os
import zlib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

ENCRYPTED = 0x1  # the bit of a member's flags
# What a damaged archive may raise, by damage: to the zip, to packed bytes, to the header of an array.
DAMAGE = (
    BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    TokenError,
    SyntaxError,
    OverflowError,
)


class ArchiveError(ValueError):
    """What a file is instead of an archive with the wanted arrays, to be read after "got"."""


class MissingError(ArchiveError):
    """A whole archive, without one of the wanted arrays."""


def read_arrays(path: str | Path, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of these `names`, whatever else the file holds; None: all that it holds.

    Raises:
        OSError: the file cannot be opened.
        ArchiveError: it is no whole `.npz` file, or an array is missing, holds Python objects, or is larger
            than the memory of this machine.
    """
    with open(path, "rb") as file:
        if not is_zipfile(file):
            raise ArchiveError(_kind(file))
        try:
            with ZipFile(file) as archive:
                members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
                entries = list(members) if names is None else names
                _check_names(entries, list(members))
                _check_size([members[name] for name in entries])
                return {name: _read(name, archive, members[name]) for name in entries}
        except ArchiveError:
            raise
        except NotImplementedError as error:
            raise ArchiveError(f"one that cannot be unpacked ({error})") from error
        except (*DAMAGE, OSError, MemoryError) as error:  # OSError: of bz2
            raise ArchiveError(f"a damaged one ({error})") from error


def _kind(file: IO[bytes]) -> str:
    """What a file is that is no `.npz`."""
    file.seek(0)
    first = file.read(len(npy.MAGIC_PREFIX))
    if not first:
        return "an empty file"
    if first == npy.MAGIC_PREFIX:
        return "a single array, as numpy.save writes it"
    return "one that is cut short" if first.startswith(b"PK") else "a file of another kind"


def _check_names(names: Sequence[str], present: list[str]) -> None:
    for name in names:
        if name not in present:
            close = get_close_matches(name, set(present) - set(names), n=1)
            hint = f"; is {close[0]!r} meant to be it?" if close else ""
            raise MissingError(f"no array {name!r}{hint} (it has {', '.join(sorted(present))})")


def _check_size(members: Sequence[ZipInfo]) -> None:
    """A few kilobytes may unpack to terabytes; no more of a member is ever read than it announces here."""
    size = sum(member.file_size for member in members)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > memory:
        raise ArchiveError(f"arrays of {size / 1e9:.3g} GB for a memory of {memory / 1e9:.3g} GB")


def _read(name: str, archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    if member.flag_bits & ENCRYPTED:
        raise ArchiveError("an encrypted one")
    with archive.open(member) as file:
        shape, dtype = _header(file)
    if dtype.hasobject:
        raise ArchiveError(
            f"Python objects in {name}; numpy.array({name}.tolist()) may turn them into numbers"
        )
    if (
        math.prod(shape) * dtype.itemsize > member.file_size
    ):  # Python's integers: lengths may be beyond 64 bits
        raise ValueError(f"{name} has fewer values than its shape {shape} says")
    with archive.open(member) as file:
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return array


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and the dtype of the array in an opened `.npy` file."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of format {version}")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype

"""Arrays from an `.npz` file that a stranger may have made: nothing in it is run, or fills the memory."""

import lzma
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

from nnexp.errors import UserError

ENCRYPTED = 0x1  # the bit of a member's flags
# What reading a damaged archive may raise, by damage: of the zip, of its packed bytes, of an array's header.
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


def read_arrays(path: Path, names: Sequence[str], remedy: str) -> dict[str, NDArray[Any]]:
    """The arrays of these `names`, whatever else the file holds; `remedy` ends what is said of an unfit file.

    Raises:
        UserError: there is no such file, it is no whole `.npz` file, or one of the arrays is missing, holds
            Python objects, or is larger than the memory of this machine.
    """
    try:
        with path.open("rb") as file:
            if not is_zipfile(file):
                raise UserError(f"{path} must be an .npz file, got {_kind(path, file)}; {remedy}")
            with ZipFile(file) as archive:
                members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
                _check_names(path, names, list(members), remedy)
                _check_size(path, [members[name] for name in names])
                return {name: _read(path, name, archive, members[name]) for name in names}
    except UserError:
        raise
    except (RuntimeError, MemoryError) as error:  # encrypted, or packed in an unusual way
        raise UserError(f"{path} cannot be unpacked: {error}; {remedy}") from error
    except DAMAGE as error:
        raise UserError(f"{path} must be a whole .npz file, got a damaged one ({error}); {remedy}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def _kind(path: Path, file: IO[bytes]) -> str:
    """What a file is that is no `.npz`."""
    file.seek(0)
    first = file.read(6)
    if not first:
        return "an empty file"
    if first.startswith(b"PK"):
        return "one that is cut short"
    if first == npy.MAGIC_PREFIX:
        return "a single array, as numpy.save writes it"
    if path.suffix in (".csv", ".tsv", ".txt"):
        return "text, which numpy.loadtxt(path, delimiter=',') may read"
    return "another kind of file"


def _check_names(path: Path, names: Sequence[str], present: list[str], remedy: str) -> None:
    for name in names:
        if name not in present:
            close = get_close_matches(name, set(present) - set(names), n=1)
            hint = f"; is {close[0]!r} meant to be it?" if close else ""
            listed = ", ".join(sorted(present))
            raise UserError(f"{path}: the array {name!r} is missing{hint} (found: {listed}); {remedy}")


def _check_size(path: Path, members: Sequence[ZipInfo]) -> None:
    """A few kilobytes may unpack to terabytes; no more of a member is ever read than it announces."""
    size = sum(member.file_size for member in members)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > memory:
        raise UserError(
            f"{path} must fit into memory, {memory / 1e9:.3g} GB, got arrays of {size / 1e9:.3g} GB"
        )


def _read(path: Path, name: str, archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    if member.flag_bits & ENCRYPTED:
        raise RuntimeError(f"{name} is encrypted")
    with archive.open(member) as file:
        dtype, count = _header(file)
    if dtype.hasobject:
        remedy = f"numpy.array({name}.tolist()) may turn them into numbers"
        raise UserError(f"{path}: {name} must hold numbers, got Python objects; {remedy}")
    if count * dtype.itemsize > member.file_size:
        raise ValueError(f"{name} announces {count} values of {dtype}, and has fewer")
    with archive.open(member) as file:
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return array


def _header(file: IO[bytes]) -> tuple[np.dtype[Any], int]:
    """The dtype of the array in an opened `.npy` file, and how many values it announces."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of format {version}")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    count = 1
    for length in shape:  # Python's integers: lengths may be beyond 64 bits
        count *= length
    return dtype, count

"""The user's own arrays, from one `.npz` file.

The file holds six arrays: `training_inputs`, `training_labels`, and the same for `validation` and `test`.
Inputs `(n, ...)` are numbers, flattened to `(n, d)`; `(n, height, width)` are images. Labels `(n,)` are
integers that number the classes from 0, unless `classes` names those to keep.
Write one with `numpy.savez_compressed(path, training_inputs=..., training_labels=..., ...)`.
"""

import zlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from nnexp.data.dataset import DataSpec
from nnexp.data.source import Source, digest_of
from nnexp.data.split import Part, Parts
from nnexp.errors import UserError

ARRAYS = tuple(f"{part}_{kind}" for part in Parts._fields for kind in Part._fields)


def users_file(spec: DataSpec) -> Source:
    """The arrays of `spec.path`, as this module's docstring describes them.

    Raises:
        UserError: no path, no such file, or arrays that are missing or unfit.
    """
    if not spec.path:
        raise UserError("data=file needs data.path=FILE.npz, got none")
    path = Path(spec.path).expanduser()
    values = _read(path)
    parts = Parts(*(Part(values[f"{name}_inputs"], values[f"{name}_labels"]) for name in Parts._fields))
    shape = parts.training.inputs.shape[1:]
    for name, part in zip(Parts._fields, parts, strict=True):
        _check_inputs(path, f"{name}_inputs", part.inputs, shape)
        _check_labels(path, f"{name}_labels", part.labels, len(part.inputs))
    if spec.classes is None:
        _check_numbering(path, parts)
    return Source(parts, digest_of(values), 1, (shape[0], shape[1]) if len(shape) == 2 else None)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The six arrays; anything pickled in the file is refused, not run."""
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, NpzFile):
                raise UserError(f"{path} must be an .npz file of {', '.join(ARRAYS)}; got a single array")
            for name in ARRAYS:
                _require(path, name, archive.files)
            return {name: archive[name] for name in ARRAYS}
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise UserError(f"{path} must be a whole .npz file without pickled objects; got: {error}") from error


def _require(path: Path, name: str, found: list[str]) -> None:
    if name not in found:
        close = get_close_matches(name, found, n=1)
        hint = f"; is {close[0]!r} meant to be it?" if close else ""
        raise UserError(f"{path}: the array {name!r} is missing{hint} (found: {', '.join(sorted(found))})")


def _check_inputs(path: Path, name: str, inputs: NDArray[Any], shape: tuple[int, ...]) -> None:
    if inputs.dtype.kind not in "buif" or inputs.dtype.itemsize > 8:
        raise _unfit(path, name, "be real numbers of at most 64 bits", inputs.dtype)
    if inputs.ndim < 2 or inputs.size == 0:
        raise _unfit(path, name, "have shape (n, ...), with at least one example and one value", inputs.shape)
    if inputs.shape[1:] != shape:
        raise _unfit(path, name, f"be like training_inputs, shape {('n', *shape)}", inputs.shape)
    if not np.isfinite(inputs).all():
        raise _unfit(path, name, "be finite", f"{np.count_nonzero(~np.isfinite(inputs))} values that are not")


def _check_labels(path: Path, name: str, labels: NDArray[Any], n: int) -> None:
    if labels.dtype.kind not in "ui":
        raise _unfit(path, name, "be integers", labels.dtype)
    if labels.shape != (n,):
        raise _unfit(path, name, f"have shape {(n,)}, one label for each of its inputs", labels.shape)


def _check_numbering(path: Path, parts: Parts) -> None:
    """Labels must be 0..k-1, each seen in training: a gap would be an output unit that never learns."""
    seen = np.unique(parts.training.labels).tolist()
    k = len(seen)
    if seen != list(range(k)):
        strange = next(label for label, expected in zip(seen, range(k), strict=True) if label != expected)
        rule = "number the classes 0, 1, 2, ... without a gap (or name those to keep with classes=[...])"
        raise _unfit(path, "training_labels", rule, f"{strange} as label number {seen.index(strange)}")
    for name, part in zip(Parts._fields, parts, strict=True):
        outside = part.labels[(part.labels < 0) | (part.labels >= k)]
        if len(outside):
            raise _unfit(path, f"{name}_labels", f"be among the training labels, 0 to {k - 1}", outside[0])


def _unfit(path: Path, name: str, rule: str, got: object) -> UserError:
    return UserError(f"{path}: {name} must {rule}, got {got}")

"""The user's own arrays, from one `.npz` file.

The file holds six arrays: `training_inputs`, `training_labels`, and the same for `validation` and `test`.
Inputs `(n, ...)` are numbers, flattened to `(n, d)`; `(n, height, width)` are images. Labels `(n,)` are
integers that number the classes from 0, unless `classes` names those to keep.
Write one with `numpy.savez_compressed(path, training_inputs=..., training_labels=..., ...)`.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnexp.archive import ArchiveError, MissingError, read_arrays
from nnexp.data.dataset import DataSpec
from nnexp.data.source import Source, digest_of
from nnexp.data.split import Part, Parts
from nnexp.errors import UserError

ARRAYS = tuple(f"{part}_{kind}" for part in Parts._fields for kind in Part._fields)
REMEDY = "numpy.savez_compressed(path, training_inputs=..., training_labels=..., ...) writes one"
SPLIT = "; take them from the training examples, which must not hold them then"
TEXT = (".csv", ".tsv", ".txt")
LARGEST_LABEL = np.iinfo(np.int64).max


def users_file(spec: DataSpec) -> Source:
    """The arrays of `spec.path`, as this module's docstring describes them.

    Raises:
        UserError: no path, no such file, or arrays that are missing or unfit.
    """
    if not spec.path:
        raise UserError("data=file needs data.path=FILE.npz, got none")
    path = Path(spec.path)
    arrays = _read(path)
    parts = Parts(*(Part(arrays[f"{name}_inputs"], arrays[f"{name}_labels"]) for name in Parts._fields))
    shape = parts.training.inputs.shape[1:]
    for name, part in zip(Parts._fields, parts, strict=True):
        _check_inputs(path, f"{name}_inputs", part.inputs, shape)
        _check_labels(path, f"{name}_labels", part.labels, len(part.inputs))
    if spec.classes is None:
        _check_numbering(path, parts)
    return Source(parts, digest_of(arrays), (shape[0], shape[1]) if len(shape) == 2 else None)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return read_arrays(path, ARRAYS)
    except ArchiveError as error:
        hint = "numpy.loadtxt(path, delimiter=',') may read it, and " if path.suffix in TEXT else ""
        rule = "must be an .npz file of arrays for training, validation and test"
        more = SPLIT if isinstance(error, MissingError) else ""
        raise UserError(f"{path} {rule}, got {error}; {hint}{REMEDY}{more}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


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
    if labels.dtype.kind in "US":
        remedy = f"numpy.searchsorted(numpy.unique(training_labels), {name}) numbers them"
        raise _unfit(path, name, "be integers", f"text ({labels.dtype}); {remedy}")
    if labels.shape != (n,):  # before their type: one-hot labels are often floats
        remedy = ""
        if labels.ndim == 2 and len(labels) == n:
            column = labels.shape[1] == 1
            remedy = (
                f"; {name}.ravel() flattens it" if column else f"; if it is one-hot: {name}.argmax(axis=1)"
            )
        rule = f"have shape {(n,)}, one label for each of its inputs"
        raise _unfit(path, name, rule, f"{labels.shape}{remedy}")
    if labels.dtype.kind not in "ui":
        raise _unfit(path, name, "be integers", f"{labels.dtype}; {name}.astype(int) makes them so")
    if labels.max() > LARGEST_LABEL:
        raise _unfit(path, name, f"be at most {LARGEST_LABEL}", labels.max())


def _check_numbering(path: Path, parts: Parts) -> None:
    """Labels must be 0..k-1, each seen in training: a gap would be an output unit that never learns."""
    labels = np.unique(parts.training.labels).tolist()
    k = len(labels)
    if k < 2:
        raise _unfit(path, "training_labels", "be of at least 2 classes", f"{labels[0]} for every example")
    if labels != list(range(k)):
        place = next(place for place, label in enumerate(labels) if label != place)
        rule = "number the classes 0, 1, 2, ... without a gap (or name those to keep with classes=[...])"
        raise _unfit(path, "training_labels", rule, f"{labels[place]} as label number {place}")
    for name, part in zip(Parts._fields, parts, strict=True):
        outside = part.labels[(part.labels < 0) | (part.labels >= k)]
        if len(outside):
            raise _unfit(path, f"{name}_labels", f"be among the training labels, 0 to {k - 1}", outside[0])


def _unfit(path: Path, name: str, rule: str, value: object) -> UserError:
    return UserError(f"{path}: {name} must {rule}, got {value}")

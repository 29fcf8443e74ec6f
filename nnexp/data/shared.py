"""One copy of a data set for many processes: `.npy` files in a temporary folder, opened as memory maps."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnexp.data.dataset import Dataset
from nnexp.errors import UserError
from nnexp.nn.examples import Data, Examples

PARTS = ("training", "validation", "test")


def share(dataset: Dataset, folder: Path) -> None:
    """Write the arrays into `folder`, which must exist; workers then open them with `open_shared`.

    Raises:
        UserError: the folder cannot be written, or its disk is full.
    """
    about = {
        "n_classes": dataset.data.n_classes,
        "digest": dataset.digest,
        "scale": dataset.scale,
        "image_shape": dataset.image_shape,
    }
    try:
        for part in PARTS:
            for name, array in getattr(dataset.data, part)._asdict().items():
                np.save(folder / f"{part}_{name}.npy", array, allow_pickle=False)
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write the data set to {folder} ({error}); set TMPDIR to a folder with more room"
        ) from error


def open_shared(folder: Path) -> Dataset:
    """The data set that `share` wrote: read-only memory maps of its arrays."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    training, validation, test = (
        Examples(_open(folder / f"{part}_inputs.npy"), _open(folder / f"{part}_labels.npy")) for part in PARTS
    )
    shape = about["image_shape"]
    data = Data(training, validation, test, about["n_classes"])
    return Dataset(data, about["digest"], about["scale"], None if shape is None else (shape[0], shape[1]))


def _open(path: Path) -> NDArray[Any]:
    # As a plain array: slices of the memmap class cost more at every mini-batch.
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

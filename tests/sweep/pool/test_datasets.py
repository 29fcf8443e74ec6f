"""Data sets of a sweep take no more room than they must, and are those that `nnexp.data.load` gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp.data import Dataset, DataSpec, load, open_shared, part_of
from nnexp.errors import UserError
from nnexp.sweep.pool.datasets import Datasets

SPECS = [
    DataSpec(name="synthetic"),
    DataSpec(name="synthetic", train_size=100, validation_size=7),
    DataSpec(name="synthetic", train_size=30, scale=255.0, classes=(3, 1)),
    DataSpec(name="synthetic", train_size=30, expand="shifts"),
    DataSpec(name="synthetic", train_size=20, expand="shifts", augment="rotate"),
    DataSpec(name="synthetic", train_size=10, augment="rotate"),
    DataSpec(name="synthetic", train_size=10, augment="affine", shift=1.5),
]


def bits(dataset: Dataset) -> list[Any]:
    """Every array's bytes, and what else a data set has."""
    data = dataset.data
    arrays = [array for part in (data.training, data.validation, data.test) for array in part]
    values = [(array.dtype, array.shape, array.tobytes()) for array in arrays]
    return [values, data.n_classes, dataset.digest, dataset.scale, dataset.image_shape]


def test_here_and_in_a_worker_a_data_set_has_the_bits_that_it_has_alone(tmp_path: Path) -> None:
    datasets = Datasets()
    sources = datasets.share(SPECS, tmp_path)
    here = datasets.load_all(SPECS)
    for spec in SPECS:
        folder = sources[spec]
        assert isinstance(folder, Path)
        assert bits(part_of(open_shared(folder), spec)) == bits(datasets.load(spec)) == bits(load(spec))
        assert bits(part_of(here[spec], spec)) == bits(load(spec))  # type: ignore[arg-type]


def test_data_sets_of_several_sizes_are_kept_and_written_once(tmp_path: Path) -> None:
    datasets = Datasets()
    specs = [DataSpec(name="synthetic", train_size=n) for n in (10, 20, 500)]
    arrays = [datasets.load(spec).data.training.inputs for spec in specs]
    assert all(np.shares_memory(arrays[0], array) for array in arrays)
    assert len(set(datasets.share(specs, tmp_path).values())) == 1
    more = [*specs, DataSpec(name="synthetic", train_size=5, classes=(0, 1))]
    (first, *_), (again, *_, other) = (datasets.share(each, tmp_path).values() for each in (specs, more))
    assert again == first != other, "a later round finds what an earlier one has written"
    assert len(list(tmp_path.iterdir())) == 2


def test_nobody_can_write_to_the_inputs(tmp_path: Path) -> None:
    datasets = Datasets()
    for spec in SPECS:
        for part in datasets.load(spec).data[:3]:
            with pytest.raises(ValueError, match="read-only"):
                part.inputs[0, 0] = 1


@pytest.mark.parametrize("knob", ["train_size", "validation_size"])
def test_more_examples_than_there_are_are_refused(knob: str) -> None:
    values: dict[str, Any] = {knob: 1001}
    with pytest.raises(UserError, match=rf"{knob} must be at most the \d+ examples there are, got 1001"):
        Datasets().load(DataSpec(name="synthetic", **values))

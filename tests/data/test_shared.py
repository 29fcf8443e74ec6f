"""Sharing a data set between processes through memory maps."""

import mmap
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from nnexp.data import DataSpec, load, open_shared, share
from nnexp.errors import UserError


def test_what_is_opened_is_what_was_shared(tmp_path: Path) -> None:
    dataset = load(DataSpec(name="synthetic", expand="shifts"))
    share(dataset, tmp_path)
    opened = open_shared(tmp_path)
    assert (opened.digest, opened.image_shape) == (dataset.digest, dataset.image_shape)
    assert opened.data.n_classes == dataset.data.n_classes
    for ours, theirs in zip(opened.data[:3], dataset.data[:3], strict=True):
        assert ours.inputs.tobytes() == theirs.inputs.tobytes()
        assert np.array_equal(ours.labels, theirs.labels)
        assert (ours.inputs.dtype, ours.labels.dtype) == (theirs.inputs.dtype, theirs.labels.dtype)


def test_opened_arrays_are_read_only_maps_of_the_files(tmp_path: Path) -> None:
    share(load(DataSpec(name="synthetic")), tmp_path)
    inputs = open_shared(tmp_path).data.training.inputs
    assert type(inputs) is np.ndarray
    base = inputs
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)
    with pytest.raises(ValueError, match="read-only"):
        inputs[0, 0] = 1


def test_data_that_are_no_images_come_back_as_such(tmp_path: Path) -> None:
    parts = {f"{part}_inputs": np.eye(3) for part in ("training", "validation", "test")}
    labels = {f"{part}_labels": np.arange(3) for part in ("training", "validation", "test")}
    np.savez(tmp_path / "x.npz", **parts, **labels)
    share(load(DataSpec(name="file", path=str(tmp_path / "x.npz"))), tmp_path)
    assert open_shared(tmp_path).image_shape is None


def test_a_missing_folder_is_an_error_for_people(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot write the data set to .*No such file"):
        share(load(DataSpec(name="synthetic")), tmp_path / "gone")


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may grow beyond 1 kB: writes fail as they do on a full disk. Not for longer than one call:
    the test's own output, where it goes to a file, could not be written either."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_for_people(tmp_path: Path) -> None:
    spec = load(DataSpec(name="synthetic"))
    with small_disk(), pytest.raises(UserError, match=r"cannot write the data set to .*set TMPDIR"):
        share(spec, tmp_path)

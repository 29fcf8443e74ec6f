"""The real MNIST files, where $NNEXP_DATA has them: figures computed by others from the same files."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from nnexp.data import Dataset, DataSpec, download, load

ROOT = os.environ.get("NNEXP_DATA", "")
pytestmark = pytest.mark.skipif(not ROOT, reason="needs the real MNIST files in $NNEXP_DATA")


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load(DataSpec(name="mnist", root=ROOT))


def test_sums_and_counts_are_the_books(mnist: Dataset) -> None:
    data = mnist.data
    assert [len(part.labels) for part in data[:3]] == [50_000, 10_000, 10_000]
    assert data.training.inputs.max() == 0.99609375  # 255 / 256
    # Multiples of 1/256 below 2^40: sums in float64 are exact in any order.
    sums = [part.inputs.sum(dtype=np.float64) for part in data[:3]]
    assert sums == [5113629.10546875, 1008630.8359375, 1034856.25]
    assert [np.bincount(part.labels).tolist() for part in data[:3]] == [
        [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988],
        [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    ]


def test_average_darkness_classifies_2225_test_digits(mnist: Dataset) -> None:
    """Chapter 1: the digit whose average darkness is nearest."""
    training, _, test, _ = mnist.data
    darkness = training.inputs.sum(axis=1, dtype=np.float64)
    averages = np.array([darkness[training.labels == digit].mean() for digit in range(10)])
    nearest = np.abs(test.inputs.sum(axis=1, dtype=np.float64)[:, None] - averages).argmin(axis=1)
    assert np.count_nonzero(nearest == test.labels) == 2225


def test_published_check_sums_are_those_of_the_files() -> None:
    folder = next(path for path in (Path(ROOT, "mnist"), Path(ROOT)) if path.is_dir())
    for name, md5 in download.CHECKSUMS["mnist"].items():
        path = folder / name
        if path.is_file():
            assert hashlib.md5(path.read_bytes()).hexdigest() == md5


def test_classes_and_sizes_fit_the_real_counts() -> None:
    data = load(DataSpec(name="mnist", root=ROOT, classes=(0, 1), train_size=4932 + 5678)).data
    assert np.bincount(data.training.labels).tolist() == [4932, 5678]
    assert np.bincount(data.test.labels).tolist() == [980, 1135]

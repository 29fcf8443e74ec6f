"""Data sets that need no file of the user's: scikit-learn's digits, NAND, and a synthetic one for tests."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nnexp.data.dataset import DataSpec
from nnexp.data.source import Source, digest_of
from nnexp.data.split import Part, Parts, consecutive_split, digits_split
from nnexp.errors import UserError

SYNTHETIC_CLASSES = 10
SYNTHETIC_SIZES = 1_000, 250, 250


def digits(_: DataSpec) -> Source:
    """1,797 handwritten digits of 8 x 8 pixels in 0..16, from the file that scikit-learn carries.

    The file is located without importing scikit-learn, which takes 2 s.

    Raises:
        UserError: scikit-learn is not installed, or lacks the file.
    """
    spec = find_spec("sklearn")
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0], "datasets", "data", "digits.csv.gz") if folders else None
    if path is None or not path.is_file():
        raise UserError(f"data=digits needs scikit-learn's digits.csv.gz, got {path}; install scikit-learn")
    with gzip.open(path, "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    examples = Part(table[:, :-1], table[:, -1])
    return Source(digits_split(examples), digest_of(examples._asdict()), (8, 8))


def nand(_: DataSpec) -> Source:
    """The gate that the book's perceptron computes (ch. 1): 4 examples of 2 bits, class 0 for 11, else 1.

    They are training, validation and test at once: there are no others.
    """
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.uint8)
    examples = Part(inputs, np.array([1, 1, 1, 0], np.uint8))
    return Source(Parts(examples, examples, examples), digest_of(examples._asdict()), None)


def synthetic(_: DataSpec) -> Source:
    """1,500 images of 8 x 8 pixels in 0..16: one random pattern per class, drowned in noise."""
    rng = np.random.default_rng(20240229)
    patterns = rng.integers(0, 17, (SYNTHETIC_CLASSES, 64))
    labels = np.arange(sum(SYNTHETIC_SIZES)) % SYNTHETIC_CLASSES
    noise = rng.integers(-16, 17, (len(labels), 64))
    pixels = np.clip(patterns[labels] + noise, 0, 16)
    examples = Part(pixels.astype(np.uint8), labels.astype(np.uint8))
    parts = consecutive_split(examples, *SYNTHETIC_SIZES[:2])
    return Source(parts, digest_of(examples._asdict()), (8, 8))

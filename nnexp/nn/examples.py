"""Examples that a network learns from: arrays, and nothing about where they came from."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Examples(NamedTuple):
    """n examples: `inputs (n, d)` of any float type, `labels (n,)` integers in 0..n_classes-1."""

    inputs: NDArray[np.floating]
    labels: NDArray[np.integer]


class Data(NamedTuple):
    """The three parts of a data set; `n_classes` is the number of output units."""

    training: Examples
    validation: Examples
    test: Examples
    n_classes: int

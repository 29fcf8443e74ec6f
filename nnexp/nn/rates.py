"""The factors of a step: learning rate, momentum and penalties, as the optimizers use them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.arrays import Array


class Rates(NamedTuple):
    """One epoch's factors, for mini-batches of B examples. Arrays (K, 1), and lists of a number for each run.

    `l2` = lambda_l2/n and `l1` = lambda_l1/n, None where they are zero for every run;
    `step` = -learning_rate/B, `decay` = 1 - learning_rate lambda_l2/n, `keep` = momentum.
    """

    learning_rate: Array
    momentum: Array
    l2: Array | None
    l1: Array | None
    step: list[float]
    decay: list[float]
    keep: list[float]

    @classmethod
    def of(cls, values: Array, B: int, dtype: DTypeLike) -> "Rates":
        """From learning_rate, momentum, lambda_l2/n and lambda_l1/n of each run, float64 (K, 4)."""
        learning_rate, momentum, l2, l1 = values.T
        columns = values.astype(dtype)[:, :, np.newaxis]
        return cls(
            learning_rate=columns[:, 0],
            momentum=columns[:, 1],
            l2=columns[:, 2] if l2.any() else None,
            l1=columns[:, 3] if l1.any() else None,
            step=(-learning_rate / B).tolist(),
            decay=(1 - learning_rate * l2).tolist(),
            keep=momentum.tolist(),
        )

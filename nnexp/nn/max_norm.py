"""The max-norm constraint on hidden units (Srivastava et al. 2014)."""

from collections.abc import Sequence

import numpy as np

from nnexp.nn.arrays import Array, PerRun


def limit_norms(weights: Sequence[Array], limits: PerRun) -> None:
    """Scale each unit's incoming weights w_j, a row of W, back to the length `limit` where they are longer.

    `weights`: W (K, fan_out, fan_in) of the hidden layers; `limits` (K,): a run's, or 0 for none. Biases are
    no part of w_j.
    """
    largest = np.where(limits, limits, np.inf)[:, np.newaxis]
    for W in weights:
        runs, units = np.nonzero(np.vecdot(W, W) > largest**2)
        if len(runs):
            rows = W[runs, units]
            W[runs, units] = rows * (largest[runs] / norms_of(rows)).astype(W.dtype)


def norms_of(rows: Array) -> Array:
    """The length of each row, (m, 1), also where its square would overflow."""
    longest = np.abs(rows).max(axis=1, keepdims=True)
    parts = rows / longest
    return np.asarray(longest * np.sqrt(np.vecdot(parts, parts))[:, np.newaxis])

"""Tuning curves: how good the best of k settings is, by the settings that were tried.

The k are drawn without replacement: P(best <= i-th smallest of n) = C(i, k) / C(n, k), exactly. Dodge et al.
2019 (Show Your Work, arXiv:1909.03004) take the mean and draw with replacement; Tang et al. 2020
(arXiv:2004.13705) show that this is biased, and drawing without is not.
"""

from collections.abc import Sequence

import numpy as np

from nnexp.statistics.intervals import Floats

BAND = (0.1, 0.5, 0.9)  # quantiles that are told and drawn


def best_of(values: Floats, sizes: Sequence[int], shares: Sequence[float]) -> Floats:
    """Quantiles (sizes, shares) of the best of so many of the `values (n,)`.

    NaN is a setting without a value, worse than every other: a quantile that falls on one is NaN.

    Args:
        sizes: whole numbers from 1 to n.
        shares: 0.5 is the median; the least value that the best reaches or stays below so often.
    """
    n = len(values)
    ascending = np.concatenate([np.full(np.isnan(values).sum(), np.nan), np.sort(values[~np.isnan(values)])])
    places = [[np.argmax(_below(n, k) >= share - 1e-12) for share in shares] for k in sizes]
    quantiles: Floats = ascending[np.array(places, dtype=np.intp)]
    return quantiles


def _below(n: int, k: int) -> Floats:
    """P(the best of k is at most the i-th smallest of n), i = 1..n: C(i, k) / C(n, k), without overflow."""
    i = np.arange(n, 1, -1)
    ratios = np.maximum(i - k, 0) / i  # C(i - 1, k) / C(i, k)
    return np.cumprod(np.concatenate([[1.0], ratios]))[::-1]

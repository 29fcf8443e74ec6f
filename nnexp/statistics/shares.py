"""Shares: how often something happens, from the number of seeds at which it did."""

import numpy as np
from numpy.typing import ArrayLike

from nnexp.statistics.intervals import LEVEL, Floats, Interval


def share_interval(count: ArrayLike, n: ArrayLike, level: float = LEVEL) -> Interval:
    """The interval of Clopper and Pearson (1934) on the share of which `count` of `n` seeds is a sample.

    It covers at least 95 % whatever the share. From 0 to 1 where n is 0, with a mean of NaN.
    """
    from scipy.special import betaincinv

    k, n = np.asarray(count, dtype=np.int64), np.asarray(n, dtype=np.int64)
    error = (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(k == 0, 0.0, betaincinv(np.maximum(k, 1), n - k + 1, error))
        high = np.where(k == n, 1.0, betaincinv(k + 1, np.maximum(n - k, 1), 1 - error))
        return Interval(k / n, low, high, n)


def least_share(count: ArrayLike, n: ArrayLike, level: float = LEVEL) -> Floats:
    """One-sided: `count` of `n` seeds show that it happens at this share of all seeds at least.

    5 of 5 show 0.05 ** (1 / 5), at least 55 % of all.
    """
    return share_interval(count, n, 2 * level - 1).low

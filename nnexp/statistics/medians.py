"""Intervals on medians, by order statistics: right for any distribution, and infinite values are values."""

import numpy as np

from nnexp.statistics.intervals import LEVEL, Floats, Interval


def median_interval(samples: Floats, level: float = LEVEL) -> Interval:
    """The median of `samples (seeds,)`, NaN left out, between two of its values.

    The narrowest symmetric pair that covers at least `level` (David and Nagaraja, Order Statistics, 7.1). NaN
    limits where even the least and the largest value cover less: below 6 values at 95 %.
    """
    from scipy.special import bdtr

    values = np.sort(samples[~np.isnan(samples)])
    n = len(values)
    ranks = np.arange(n // 2)  # bdtr(r, n, 1/2): at most r values are below the median
    trimmed = int((2 * bdtr(ranks, n, 0.5) <= 1 - level).sum())
    low, high = (values[trimmed - 1], values[n - trimmed]) if trimmed else (np.nan, np.nan)
    middle = _median(values)
    return Interval(np.array(middle), np.array(low), np.array(high), np.array(n))


def median_difference_interval(a: Floats, b: Floats, level: float = LEVEL) -> Interval:
    """The difference of two medians, `a (seeds,)` - `b (seeds,)`, of independent or of paired seeds.

    From the intervals of both at half the error rate, so wide; NaN limits below 7 values at 95 %. A limit
    that is the difference of two infinite values is infinite.
    """
    left, right = (median_interval(side, (1 + level) / 2) for side in (a, b))
    n = np.minimum(left.n, right.n)
    mean = np.array(0.0) if left.mean == right.mean else left.mean - right.mean
    if np.isnan(left.low) or np.isnan(right.low):
        return Interval(mean, np.array(np.nan), np.array(np.nan), n)
    with np.errstate(invalid="ignore"):
        low, high = left.low - right.high, left.high - right.low
    return Interval(mean, np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high), n)


def _median(values: Floats) -> float:
    """Of sorted values; between two infinite ones of one sign it is infinite."""
    n = len(values)
    if not n:
        return float("nan")
    below, above = float(values[(n - 1) // 2]), float(values[n // 2])
    return below if below == above else (below + above) / 2

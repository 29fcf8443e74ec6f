"""Intervals over seeds: of means, differences and ratios.

Samples are float arrays whose last axis is the seed, in the same order at every point, so that points
compare in pairs. NaN marks a missing value: a seed whose run is not finished.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
MOST_SEEDS = 1000  # beyond this, "more seeds" is no advice
LEAST_SEEDS = 3  # two values would give 12.7 standard errors either side, four times as many as three do


class Interval(NamedTuple):
    """Means and their intervals, `low <= mean <= high`; `n` counts the values. Arrays of one shape."""

    mean: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]


def mean_interval(samples: Floats, level: float = LEVEL) -> Interval:
    """Student's t interval on the mean of `samples (..., seeds)`; NaN limits where n < 3.

    Equal values give an interval of zero width. A paired difference is `mean_interval(a - b)`: a seed that
    one of the two lacks drops out.
    """
    from scipy.special import stdtrit

    mean, sd, n = moments(samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2) * sd / np.sqrt(n)
    half = np.where(n >= LEAST_SEEDS, half, np.nan)
    return Interval(mean, mean - half, mean + half, n)


def welch_interval(a: Floats, b: Floats, level: float = LEVEL) -> Interval:
    """Welch's t interval on the difference of two means, `a (seeds,)` - `b (other seeds,)`, no NaN in them.

    `n` is the smaller number of values; NaN limits where it is below 3.
    """
    (mean_a, _, n_a), (mean_b, _, n_b) = moments(a), moments(b)
    mean, n = mean_a - mean_b, np.minimum(n_a, n_b)
    if n < LEAST_SEEDS:
        return Interval(mean, mean * np.nan, mean * np.nan, n)
    t, variance_a, variance_b = _welch(a, b, level)
    half = t * np.sqrt(variance_a + variance_b)
    return Interval(mean, mean - half, mean + half, n)


def ratio_interval(a: Floats, b: Floats, level: float = LEVEL) -> Interval:
    """Fieller's interval on the ratio of two means, `a (seeds,)` / `b (other seeds,)`, of values above 0.

    The ratios r for which Welch's test cannot tell a from r b, with the degrees of freedom at the observed
    ratio (Tamhane and Logan 2004). Infinite limits where the mean of b cannot be told from 0. `n` is the
    smaller number of values; NaN limits where it is below 3.
    """
    (mean_a, _, n_a), (mean_b, _, n_b) = moments(a), moments(b)
    ratio, n = mean_a / mean_b, np.minimum(n_a, n_b)
    if n < LEAST_SEEDS:
        return Interval(ratio, ratio * np.nan, ratio * np.nan, n)
    t, variance_a, variance_rb = _welch(a, ratio * b, level)
    variance_b = variance_rb / ratio**2
    # The limits solve (mean_a - r mean_b)^2 = t^2 (variance_a + r^2 variance_b), a quadratic equation in r.
    leading = mean_b**2 - t**2 * variance_b
    if leading <= 0:
        return Interval(ratio, ratio * -np.inf, ratio * np.inf, n)
    middle = mean_a * mean_b
    root = np.sqrt(np.maximum(middle**2 - leading * (mean_a**2 - t**2 * variance_a), 0))
    return Interval(ratio, (middle - root) / leading, (middle + root) / leading, n)


def _welch(a: Floats, b: Floats, level: float) -> tuple[float, float, float]:
    """Welch's quantile of t, and the variances of the means of a and b; all 0 where no value differs."""
    from scipy.special import stdtrit

    (_, sd_a, n_a), (_, sd_b, n_b) = moments(a), moments(b)
    variance_a, variance_b = float(sd_a**2 / n_a), float(sd_b**2 / n_b)
    if not variance_a + variance_b:
        return 0.0, 0.0, 0.0
    freedom = (variance_a + variance_b) ** 2 / (variance_a**2 / (n_a - 1) + variance_b**2 / (n_b - 1))
    return float(stdtrit(freedom, 0.5 + level / 2)), variance_a, variance_b


def moments(samples: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Mean, standard deviation (n - 1) and number of the values along the last axis, NaN left out.

    Sums are taken relative to the largest value, which makes the sd of equal values exactly zero.
    """
    present = ~np.isnan(samples)
    n = present.sum(-1)
    largest = np.where(present, samples, -np.inf).max(-1, initial=-np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(present, samples - largest[..., None], 0)
        mean = relative.sum(-1) / n
        deviations = np.where(present, relative - mean[..., None], 0)
        sd = np.sqrt((deviations**2).sum(-1) / (n - 1))
    return largest + mean, sd, n

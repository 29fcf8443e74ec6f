"""Intervals over seeds, and which points can be told from the best one.

Samples are float arrays whose last axis is the seed, in the same order at every point, so that points
compare in pairs. NaN marks a missing value: a seed whose run is not finished.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
MOST_SEEDS = 1000  # beyond this, "more seeds" is no advice
LEAST_GAP = 0.05  # of accuracy: two groups of seeds closer than this are worth no warning
LEAST_SEEDS = 3  # two values would give 12.7 standard errors either side, four times as many as three do


class Interval(NamedTuple):
    """Means and their intervals, `low <= mean <= high`; `n` counts the values. Arrays of one shape."""

    mean: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]


class Comparison(NamedTuple):
    """Every point against the best one; arrays of shape (points,).

    `best`: its number, None where no point has a value. `p`: corrected p value of "no worse than the best",
    NaN where not tested (the best itself, or fewer than 3 common seeds). `worse`: p at or below the error
    rate. `alike`: the other points with values, not distinguishable from the best; none if no test was made.
    """

    best: int | None
    p: Floats
    worse: NDArray[np.bool_]
    alike: NDArray[np.bool_]


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


def compare_with_best(samples: Floats, level: float = LEVEL) -> Comparison:
    """The point of `samples (points, seeds)` with the highest mean, and which of the others are worse.

    Only points with the most values can be best, so that none wins by the seeds that failed.

    The tests are one-sided paired t-tests with Holm's correction over the points, each p value multiplied by
    the number of points that could have come out best. The factor pays for choosing the best by the same
    data: without it, two-sided tests call a point worse in 10 % of sweeps of 8 equal points and 5 seeds.
    For each *fixed* point, Holm at level alpha / points calls an equal point worse in at most that share
    of sweeps; summed over the points, at most alpha.
    """
    mean, _, n = moments(samples)
    if not n.any():
        none = np.zeros(len(samples), dtype=bool)
        return Comparison(None, np.full(len(samples), np.nan), none, none)
    candidates = n == n.max()
    best = int(np.argmax(np.where(candidates, mean, -np.inf)))
    p = _p_below(samples - samples[best], _grain(samples))
    p[best] = np.nan
    p = np.minimum(_holm(p) * candidates.sum(), 1)
    worse = p <= 1 - level
    alike = ~worse & (n > 0) & (np.arange(len(n)) != best) & (not np.isnan(p).all())
    return Comparison(best, p, worse, alike)


def least_difference(candidates: int, tests: int, seeds: int, level: float = LEVEL) -> float:
    """How far below the best a point must lie to be the first that `compare_with_best` calls worse.

    In standard deviations of its paired difference. `tests`: points tested against the best of `candidates`.
    """
    from scipy.special import stdtrit

    p = (1 - level) / (candidates * tests)
    return float(-stdtrit(seeds - 1, p) / np.sqrt(seeds))


def two_groups(samples: Floats, least_gap: float = 0.0) -> NDArray[np.bool_]:
    """Whether the values of `samples (..., seeds)` fall into two groups, where a t interval misleads.

    They do where the largest gap between neighbours is at least `least_gap` and several times the rest of
    the range: 30 times for 3 values, 6 for 4, 3 for more, as happens in at most 5 % of normal samples.
    """
    gaps = np.nan_to_num(np.diff(np.sort(samples, axis=-1), axis=-1))  # NaN last
    largest = gaps.max(-1, initial=0)
    rest = gaps.sum(-1) - largest
    n = (~np.isnan(samples)).sum(-1)
    times = np.where(n == 3, 30, np.where(n == 4, 6, 3))
    grouped: NDArray[np.bool_] = (n >= LEAST_SEEDS) & (largest > times * rest) & (largest >= least_gap)
    return grouped


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


def _p_below(differences: Floats, grain: float) -> Floats:
    """p value of "the mean difference is not negative"; NaN where n < 3."""
    from scipy.special import stdtr

    mean, sd, n = moments(differences)
    # Each value was rounded to a grid, with an error of sd grain / sqrt(12) that equal differences hide.
    sd = np.sqrt(sd**2 + grain**2 / 6)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(mean == 0, 0, mean / (sd / np.sqrt(n)))
    p = stdtr(np.maximum(n - 1, 1), t)
    return np.where(n >= LEAST_SEEDS, p, np.nan)


def _grain(samples: Floats) -> float:
    """The smallest step between distinct values: 1 / examples for an accuracy, near 0 for a cost."""
    values = np.unique(samples[~np.isnan(samples)])
    return float(np.diff(values).min(initial=np.inf)) if len(values) > 1 else 0.0


def _holm(p: Floats) -> Floats:
    """Holm's step-down correction; NaN values are no tests."""
    order = np.argsort(p)  # NaN last
    tests = int((~np.isnan(p)).sum())
    corrected = np.full(len(p), np.nan)
    steps = p[order[:tests]] * np.arange(tests, 0, -1)
    corrected[order[:tests]] = np.maximum.accumulate(steps)
    return corrected

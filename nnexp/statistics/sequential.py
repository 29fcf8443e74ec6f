"""Decisions that may be looked at after every seed: an anytime-valid t test.

The Bayes factor of "the mean is sigma delta, delta ~ N(0, tau^2)" against "it is 0" is a martingale where
it is 0, so it ever reaches 1 / error with a probability of at most `error` (Ville), however often one looks.
Sources: Goenen et al. 2005, The American Statistician 59, 252-257, for the factor; Wang and Ramdas 2024,
arXiv 2310.03722, for its validity. That is for normal values; skewed ones and stuck runs make it wrong.
"""

import numpy as np

from nnexp.statistics.best import Comparison, Marks, compare_with_best
from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, Floats, Interval, moments
from nnexp.statistics.rule import Counts, Rule

TAU = 1.0


def log_bayes_factor(t: Floats, n: Counts) -> Floats:
    """Of `t (...)` after `n (...)` values, 2 or more."""
    spread, freedom = 1 + n * TAU**2, n - 1
    gain = np.log1p(t**2 / freedom) - np.log1p(t**2 / (spread * freedom))
    factor: Floats = -0.5 * np.log(spread) + n / 2 * gain
    return factor


def least_seeds(decisions: int, level: float = LEVEL) -> int:
    """With fewer seeds, none of so many decisions can fall, however large the effect."""
    n = np.arange(2, 1000)
    most = (n - 1) / 2 * np.log1p(n * TAU**2)  # the factor's limit for ever larger t
    return int(n[most > np.log(decisions / (1 - level))][0])


def anytime_interval(samples: Floats, decisions: int = 1, level: float = LEVEL) -> Interval:
    """An interval on the mean of `samples (..., seeds)` that holds at all looks at once.

    With `decisions` of them, all hold together with 95 % confidence: the means for which the factor stays
    below decisions / 5 %. Infinite where n is below `least_seeds`.
    """
    mean, sd, n = moments(samples)
    with np.errstate(invalid="ignore"):
        error = np.where(n > 1, sd, 0) / np.sqrt(np.maximum(n, 1))
    times = _boundary(n, np.log(decisions / (1 - level)))
    half = np.where(np.isinf(times), np.inf, np.where(np.isinf(times), 0, times) * error)
    return Interval(mean, mean - half, mean + half, n)


def compare_at_all_looks(
    samples: Floats, level: float = LEVEL, candidates: Marks | None = None, suspended: Marks | None = None
) -> Comparison:
    """Comparison with the best of `samples (points, seeds)` by the looks after each seed up to now.

    Points that were `worse` at one of them stay so, and may leave the sweep: the true best ever does in at
    most 5 % of sweeps. Only the K - 1 pairs that it is in can make it leave, so these share the error, not
    all K (K - 1) / 2. Pairs are compared by the seeds that both have. It follows from the values alone, and
    not from when somebody looked at them. `p` is the least of all looks, Hsu's limits are those of the last.

    Args:
        candidates: points `(points,)` that may be best; by default all with values.
        suspended: points that are not compared with any other, at no look; best only where no other may be.
    """
    if candidates is None:
        candidates = moments(samples)[2] > 0
    if suspended is None:
        suspended = np.zeros(len(samples), dtype=bool)

    def compare(samples: Floats, candidates: Marks) -> Comparison:
        return compare_with_best(samples, level, ANYTIME, candidates, ~suspended, suspended)

    first = least_seeds_to_leave(len(samples), level)
    seeds = range(first, samples.shape[1])
    looks = [compare(samples[:, :n], candidates).p for n in seeds]
    p = np.fmin.reduce(looks, axis=0, initial=np.nan) if looks else np.full(len(samples), np.nan)
    left = p <= 1 - level
    last, now = compare(samples, candidates), compare(samples, candidates & ~left)
    worse, p = now.worse | left, np.fmin(p, now.p)
    if now.best is not None:
        p[now.best] = np.nan
    high = np.where(left, 0.0, last.high)
    return last._replace(best=now.best, p=p, worse=worse, alike=now.alike & ~worse, high=high)


def least_seeds_to_leave(points: int, level: float = LEVEL) -> int:
    """With fewer seeds, none of so many points can be worse than the best, however far below."""
    seeds = np.arange(LEAST_SEEDS, 1000)
    return int(seeds[np.isfinite(_anytime_quantile(seeds, (1 - level) / max(points - 1, 1)))][0])


def _anytime_p(t: Floats, n: Counts) -> Floats:
    """One-sided: where t is below 0, alternatives above 0 have factors below 1, and `factor` is the mean of
    theirs and that of the alternatives below 0, which so is 2 factor - 1 at least."""
    enough = n >= 2
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        factor = np.exp(np.minimum(log_bayes_factor(t, np.maximum(n, 2)), 700))
        p = np.where((t < 0) & (factor > 1), 1 / np.maximum(2 * factor - 1, 1), 1.0)
    return np.where(enough, p, np.nan)


def _anytime_quantile(n: Counts, error: float) -> Floats:
    return _boundary(n, np.log((1 / error + 1) / 2))


def _boundary(n: Counts, log_factor: float) -> Floats:
    """The |t| at which the factor of n values reaches exp(log_factor); infinite if it never does."""
    n = np.maximum(n, 1)
    spread = 1 + n * TAU**2
    ratio = np.exp(
        (log_factor + 0.5 * np.log(spread)) * 2 / n
    )  # (1 + u) / (1 + u / spread), u = t^2 / (n - 1)
    reached = (ratio < spread) & (n >= 2)
    u = (ratio - 1) / np.where(reached, 1 - ratio / spread, 1)
    return np.where(reached, np.sqrt((n - 1) * u), np.inf)


ANYTIME = Rule(_anytime_p, _anytime_quantile)

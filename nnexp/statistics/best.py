"""Multiple comparisons with the best (MCB): which points may be the best one, and by how much they differ.

Sources: Hsu 1984, Annals of Statistics 12, 1136-1144; for designs that are not balanced, as pairs with an sd
of their own are, Edwards and Hsu 1983, Journal of the American Statistical Association 78, 965-971.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, Floats, moments
from nnexp.statistics.rule import STUDENT, Rule

Marks = NDArray[np.bool_]


class Comparison(NamedTuple):
    """Every point against the best of the others; arrays of shape (points,).

    `best`: its number, None where no point has a value. `p`: corrected p value of "no other is better", NaN
    where not tested (the best itself, or fewer than 3 seeds in common with all that may be best). `worse`: p
    at or below the error rate. `alike`: the other points with values that are not; none if no test was made.
    With 95 % confidence the best is among `best` and `alike`.
    `low`, `high`: Hsu's interval, on all points at once, on the mean minus the best mean of the others:
    never above 0, and never below it, so that `high` says how much better than all others a point may be.
    `least_difference`: how far below the best a point must lie to be worse, by the sd of its own difference.
    `tests`: K - 1, over which the p values are corrected. `sd`: of each paired difference to the best.
    """

    best: int | None
    p: Floats
    worse: Marks
    alike: Marks
    low: Floats
    high: Floats
    least_difference: Floats
    sd: Floats
    tests: int

    @property
    def typical_difference(self) -> float:
        """The median of `least_difference`; NaN where no point was tested."""
        known = self.least_difference[np.isfinite(self.least_difference)]
        return float(np.median(known)) if len(known) else float("nan")


class Pairs(NamedTuple):
    """Paired differences, row minus column: mean, sd and common seeds, (points, points)."""

    mean: Floats
    sd: Floats
    n: NDArray[np.int64]

    @property
    def error(self) -> Floats:
        """Standard error of each mean."""
        return self.sd / np.sqrt(np.maximum(self.n, 1))

    @property
    def t(self) -> Floats:
        """t of each mean; 0 where it is 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.mean == 0, 0.0, self.mean / self.error)


def compare_with_best(
    samples: Floats, level: float = LEVEL, rule: Rule = STUDENT, candidates: Marks | None = None
) -> Comparison:
    """The point of `samples (points, seeds)` with the highest mean, and which of the others are worse.

    A point is worse if a candidate is better by a one-sided paired test, corrected over the K - 1 others
    (Bonferroni). The true best is called worse in at most 5 % of sweeps: only the K - 1 tests against it
    can do so. So no price is paid for choosing the best by the same data.

    Args:
        candidates: points that may be best; usually those with the most values, so that none wins by the
            seeds that failed.
    """
    mean, _, n = moments(samples)
    if candidates is None:
        candidates = (n == n.max(initial=0)) & (n > 0)
    pairs = _pairs(samples)
    tested = (pairs.n >= LEAST_SEEDS) & candidates & ~np.eye(len(samples), dtype=bool)
    tests = max(int((tested.any(1) | tested.any(0)).sum()) - 1, 1)
    p = _corrected(rule.p(pairs.t, pairs.n), tested, tests)
    worse = p <= 1 - level  # NaN is not
    best = _highest(mean, candidates & ~worse if (candidates & ~worse).any() else candidates)
    if best is None:
        none, unknown = np.zeros(len(samples), dtype=bool), np.full(len(samples), np.nan)
        return Comparison(None, unknown, none, none, unknown, unknown, unknown, unknown, 0)
    p[best], worse[best] = np.nan, False
    half = rule.half_width(pairs.n, (1 - level) / tests, pairs.error)
    low, high = _hsu(pairs.mean, half, tested, worse)
    others, paired = np.arange(len(n)) != best, pairs.n[best] >= LEAST_SEEDS
    return Comparison(
        best=best,
        p=p,
        worse=worse,
        alike=~worse & (n > 0) & others & bool(tested.any()),
        low=low,
        high=high,
        least_difference=np.where(others & paired, half[best], np.nan),
        sd=np.where(others & paired, pairs.sd[best], np.nan),
        tests=tests,
    )


def least_difference(sd: Floats, seeds: int, tests: int, level: float = LEVEL) -> Floats:
    """How far below the best a point would have to lie with so many `seeds`, at its sd of the difference."""
    times = STUDENT.quantile(np.array(seeds), (1 - level) / tests)
    return np.asarray(times * sd / np.sqrt(seeds))


def _pairs(samples: Floats) -> Pairs:
    mean, sd, n = moments(samples[:, None] - samples[None])
    # Each value was rounded to a grid, with an error of sd grain / sqrt(12) that equal differences hide.
    with np.errstate(invalid="ignore", divide="ignore"):
        return Pairs(mean, np.sqrt(sd**2 + _grain(samples) ** 2 / 6), n)


def _grain(samples: Floats) -> float:
    """The smallest step between distinct values: 1 / examples for an accuracy, near 0 for a cost."""
    values = np.unique(samples[~np.isnan(samples)])
    return float(np.diff(values).min(initial=np.inf)) if len(values) > 1 else 0.0


def _corrected(p: Floats, tested: Marks, tests: int) -> Floats:
    """The least p value of each row, times the number of tests; NaN where none was made."""
    least = np.where(tested, p, np.inf).min(1, initial=np.inf)
    return np.where(tested.any(1), np.minimum(least * tests, 1), np.nan)


def _highest(mean: Floats, among: Marks) -> int | None:
    return int(np.argmax(np.where(among, mean, -np.inf))) if among.any() else None


def _hsu(mean: Floats, half: Floats, tested: Marks, worse: Marks) -> tuple[Floats, Floats]:
    """Hsu's limits from paired differences and the half-widths of their one-sided intervals.

    With one-sided limits on its differences to all others, the true best k is not worse, which bounds every
    other point i from below by the least of (difference of i to j) - half over all j that are not worse.
    """
    high = np.where(tested, mean + half, np.inf).min(1, initial=np.inf)
    rivals = tested & ~worse
    low = np.where(rivals, mean - half, np.inf).min(1, initial=np.inf)
    known = tested.any(1)
    return np.where(known, np.minimum(low, 0), np.nan), np.where(known, np.maximum(high, 0), np.nan)

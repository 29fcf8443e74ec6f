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

MOST_RIVALS = 200  # the highest ones that others are compared with: fewer tests, so fewer errors
BLOCK = 4_000_000  # differences in memory at once


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
    """Paired differences, row minus column: mean, sd and common seeds, (points, rivals)."""

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
    samples: Floats,
    level: float = LEVEL,
    rule: Rule = STUDENT,
    candidates: Marks | None = None,
    preferred: Marks | None = None,
    suspended: Marks | None = None,
) -> Comparison:
    """The point of `samples (points, seeds)` with the highest mean, and which of the others are worse.

    A point is worse if a candidate is better by a one-sided paired test, corrected over the K - 1 others
    (Bonferroni). The true best is called worse in at most 5 % of sweeps: only the K - 1 tests against it
    can do so. So no price is paid for choosing the best by the same data.

    Args:
        candidates: points that may be best; usually those with the most values, so that none wins by the
            seeds that failed.
        preferred: points of which `best` is the highest, where one of these may be the best.
        suspended: points with which none is compared; they count among the K.
    """
    mean, _, n = moments(samples)
    if candidates is None:
        candidates = (n == n.max(initial=0)) & (n > 0)
    rivals = _rivals(mean, candidates)
    pairs, points = paired_differences(samples, rivals), np.arange(len(samples))
    tested = (pairs.n >= LEAST_SEEDS) & (points[:, None] != rivals)
    tests = _points_in(tested, rivals) - 1
    if suspended is not None:
        tested &= ~(suspended[:, None] | suspended[rivals])
    p = _corrected(rule.p(pairs.t, pairs.n), tested, tests)
    worse = p <= 1 - level  # NaN is not
    if not len(rivals):
        none, unknown = np.zeros(len(samples), dtype=bool), np.full(len(samples), np.nan)
        return Comparison(None, unknown, none, none, unknown, unknown, unknown, unknown, 0)
    may_be = ~worse[rivals]
    preferable = may_be if preferred is None else may_be & preferred[rivals]
    number = int(np.argmax(preferable if preferable.any() else may_be))  # rivals stand by their means
    best = int(rivals[number])
    p[best], worse[best] = np.nan, False
    half = rule.half_width(pairs.n, (1 - level) / max(tests, 1), pairs.error)
    low, high = _hsu(pairs.mean, half, tested, worse[rivals])
    return Comparison(
        best=best,
        p=p,
        worse=worse,
        alike=~worse & (n > 0) & (points != best) & bool(tested.any()),
        low=low,
        high=high,
        least_difference=np.where(tested[:, number], half[:, number], np.nan),
        sd=np.where(tested[:, number], pairs.sd[:, number], np.nan),
        tests=tests,
    )


def least_difference(sd: Floats, seeds: int, tests: int, level: float = LEVEL) -> Floats:
    """How far below the best a point would have to lie with so many `seeds`, at its sd of the difference."""
    times = STUDENT.quantile(np.array(seeds), (1 - level) / tests)
    return np.asarray(times * sd / np.sqrt(seeds))


def paired_differences(samples: Floats, rivals: NDArray[np.int64]) -> Pairs:
    """Of every point of `samples (points, seeds)` to each of `rivals`, over the seeds that both have."""
    shape = (len(samples), len(rivals))
    pairs = Pairs(np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64))
    rows = max(BLOCK // max(len(rivals) * samples.shape[1], 1), 1)
    for first in range(0, len(samples), rows):
        block = slice(first, first + rows)
        figures = moments(samples[block, None] - samples[rivals])
        for whole, part in zip(pairs, figures, strict=True):
            whole[block] = part
    # Each value was rounded to a grid, with an error of sd grain / sqrt(12) that equal differences hide.
    return pairs._replace(sd=np.sqrt(pairs.sd**2 + _grain(samples) ** 2 / 6))


def _rivals(mean: Floats, candidates: Marks) -> NDArray[np.int64]:
    """Numbers of the points that may be best, the highest mean first."""
    order = np.argsort(np.where(candidates, -mean, np.inf), kind="stable")
    return order[: min(int(candidates.sum()), MOST_RIVALS)]


def _points_in(tested: Marks, rivals: NDArray[np.int64]) -> int:
    """How many points a test compares, at least 1."""
    compared: Marks = np.asarray(tested.any(1))
    compared[rivals] |= tested.any(0)
    return max(int(compared.sum()), 1)


def _grain(samples: Floats) -> float:
    """The smallest step between distinct values: 1 / examples for an accuracy, near 0 for a cost."""
    values = np.unique(samples[~np.isnan(samples)])
    return float(np.diff(values).min(initial=np.inf)) if len(values) > 1 else 0.0


def _corrected(p: Floats, tested: Marks, tests: int) -> Floats:
    """The least p value of each row, times the number of tests; NaN where none was made."""
    least = np.where(tested, p, np.inf).min(1, initial=np.inf)
    return np.where(tested.any(1), np.minimum(least * max(tests, 1), 1), np.nan)


def _hsu(mean: Floats, half: Floats, tested: Marks, worse_rivals: Marks) -> tuple[Floats, Floats]:
    """Hsu's limits from paired differences and the half-widths of their one-sided intervals.

    With one-sided limits on its differences to all others, the true best k is not worse, which bounds every
    other point i from below by the least of (difference of i to j) - half over all j that are not worse.
    """
    high = np.where(tested, mean + half, np.inf).min(1, initial=np.inf)
    low = np.where(tested & ~worse_rivals, mean - half, np.inf).min(1, initial=np.inf)
    known = tested.any(1)
    return np.where(known, np.minimum(low, 0), np.nan), np.where(known, np.maximum(high, 0), np.nan)

"""Two means that differ by less than matters: two one-sided tests (Schuirmann 1987)."""

from typing import Literal, NamedTuple

import numpy as np

from nnexp.statistics.intervals import LEVEL, Floats, Interval, mean_interval, welch_interval

Verdict = Literal["equal", "different", "undecided"]


class Equivalence(NamedTuple):
    """`interval`: of the difference, at 90 % for tests at 5 %: `equal` if it lies between +-within.

    `different`: the ordinary 95 % interval lies wholly outside.
    """

    verdict: Verdict
    interval: Interval


def paired_equivalence(differences: Floats, within: float, level: float = LEVEL) -> Equivalence:
    """Whether the mean of paired `differences (seeds,)` is within so much of 0; undecided where n < 3."""
    wide = mean_interval(differences, level)
    return _equivalence(mean_interval(differences, 2 * level - 1), wide, within)


def welch_equivalence(a: Floats, b: Floats, within: float, level: float = LEVEL) -> Equivalence:
    """Whether the means of `a (seeds,)` and `b (other seeds,)` differ by less than `within`."""
    return _equivalence(welch_interval(a, b, 2 * level - 1), welch_interval(a, b, level), within)


def _equivalence(narrow: Interval, wide: Interval, within: float) -> Equivalence:
    if -within < narrow.low and narrow.high < within:
        return Equivalence("equal", narrow)
    if bool(np.isfinite(wide.low)) and (wide.low > within or wide.high < -within):
        return Equivalence("different", narrow)
    return Equivalence("undecided", narrow)

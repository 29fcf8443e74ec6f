"""Two means that differ by less than matters: two one-sided tests (Schuirmann 1987)."""

from typing import Literal, NamedTuple

import numpy as np

from nnexp.statistics.intervals import LEVEL, Floats, Interval, mean_interval, welch_interval
from nnexp.statistics.rule import STUDENT, Rule

Verdict = Literal["equal", "different", "undecided"]


class Equivalence(NamedTuple):
    """`interval`: of the difference, at 90 % for tests at 5 %: `equal` if it lies between +-within.

    `different`: the ordinary 95 % interval lies wholly outside.
    """

    verdict: Verdict
    interval: Interval


def paired_equivalence(
    differences: Floats, within: float, level: float = LEVEL, grain: float = 0.0
) -> Equivalence:
    """Whether the mean of paired `differences (seeds,)` is within so much of 0; undecided where n < 3.

    Args:
        grain: the step between values, 1 / examples for accuracies, by which differences are often equal.
            Without it, 3 seeds on 300 examples call unequal means equal in up to 12 %.
    """
    wide, narrow = (mean_interval(differences, at) for at in (level, 2 * level - 1))
    return _equivalence(
        with_rounding(narrow, 2 * level - 1, grain), with_rounding(wide, level, grain), within
    )


def welch_equivalence(
    a: Floats, b: Floats, within: float, level: float = LEVEL, grain: float = 0.0
) -> Equivalence:
    """Whether the means of `a (seeds,)` and `b (other seeds,)` differ by less than `within`."""
    wide, narrow = (welch_interval(a, b, at) for at in (level, 2 * level - 1))
    return _equivalence(
        with_rounding(narrow, 2 * level - 1, grain), with_rounding(wide, level, grain), within
    )


def with_rounding(interval: Interval, level: float, grain: float, rule: Rule = STUDENT) -> Interval:
    """The interval of a difference with the variance of the rounding of two values, grain^2 / 6 per seed.

    `rule`: the t that the interval is made with.
    """
    mean, low, high, n = interval
    if not grain or np.isnan(low):
        return interval
    half = rule.half_width(np.atleast_1d(n), (1 - level) / 2, grain / np.sqrt(6 * np.atleast_1d(n)))[0]
    return Interval(mean, mean - np.hypot(mean - low, half), mean + np.hypot(high - mean, half), n)


def _equivalence(narrow: Interval, wide: Interval, within: float) -> Equivalence:
    if -within < narrow.low and narrow.high < within:
        return Equivalence("equal", narrow)
    if bool(np.isfinite(wide.low)) and (wide.low > within or wide.high < -within):
        return Equivalence("different", narrow)
    return Equivalence("undecided", narrow)

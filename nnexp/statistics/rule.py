"""By which t a paired mean is told from 0: Student's at one look, another where looks are repeated."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.statistics.intervals import LEAST_SEEDS, Floats

Counts = NDArray[np.int64]


class Rule(NamedTuple):
    """A one-sided test of a mean by t = mean / (sd / sqrt(n)); both functions work element by element.

    `p(t, n)`: the p value of "the mean is not below 0". `quantile(n, error)`: the t beyond which that is
    rejected at this error rate, infinite where n values never reject it.
    """

    p: Callable[[Floats, Counts], Floats]
    quantile: Callable[[Counts, float], Floats]

    def half_width(self, n: Counts, error: float, standard_error: Floats) -> Floats:
        """Of the one-sided interval; infinite where the quantile is, also for values that do not differ."""
        times = self.quantile(n, error)
        known = np.isfinite(times)
        return np.where(known, np.where(known, times, 0) * np.where(known, standard_error, 0), np.inf)


def _student_p(t: Floats, n: Counts) -> Floats:
    from scipy.special import stdtr

    return np.where(n >= LEAST_SEEDS, stdtr(np.maximum(n - 1, 1), t), np.nan)


def _student_quantile(n: Counts, error: float) -> Floats:
    from scipy.special import stdtrit

    counts, place = np.unique(n, return_inverse=True)
    quantiles = np.where(counts >= LEAST_SEEDS, -stdtrit(np.maximum(counts - 1, 1), error), np.inf)
    return np.asarray(quantiles[place], np.float64)


STUDENT = Rule(_student_p, _student_quantile)

"""The interval on a mean over the seeds of a sweep, by how that came to its seeds."""

import numpy as np
from numpy.typing import NDArray

from nnexp.statistics.intervals import LEAST_SEEDS, Interval, mean_interval
from nnexp.statistics.sequential import anytime_interval, least_seeds
from nnexp.sweep.question.plan import Plan


def interval_of_mean(plan: Plan, values: NDArray[np.float64]) -> Interval:
    """The mean over `values (..., seeds)` with its interval; NaN limits where seeds are too few.

    Student's t; where seeds go on until decided, the t that holds at all looks, for the number of seeds hangs
    on what was seen: Student's would then miss in 7 to 9 %.
    """
    if plan.until is None:
        return mean_interval(values)
    mean, low, high, n = anytime_interval(values)
    known = np.isfinite(high)
    return Interval(mean, np.where(known, low, np.nan), np.where(known, high, np.nan), n)


def least_seeds_of_interval(plan: Plan) -> int:
    """With fewer seeds, a mean has none."""
    return LEAST_SEEDS if plan.until is None else least_seeds(1)

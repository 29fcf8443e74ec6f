"""How many seeds a difference takes, before and after training."""

import numpy as np

from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, MOST_SEEDS, Floats
from nnexp.statistics.rule import Counts

POWER = 0.8
SD_LEVEL = 0.8  # of the interval on an sd: the range of seeds is to be read, not to be proven


def seeds_for_power(difference: float, sd: float, power: float = POWER, level: float = LEVEL) -> int | None:
    """The least number of common seeds at which a paired t interval excludes 0 in 80 % of sweeps.

    By the noncentral t distribution, at a true mean `difference` of pairs whose sd is `sd`. The sd of a
    paired difference is sqrt(2 (1 - rho)) times that over seeds: 0.23 points and a correlation of 0.09 give
    0.31. None if it is more than 1000.
    """
    n = np.arange(LEAST_SEEDS, MOST_SEEDS + 1)
    if np.isinf(sd):
        return None
    if sd == 0:
        return LEAST_SEEDS if difference else None
    enough = n[_power(n, abs(difference) / sd, level) >= power]
    return int(enough[0]) if len(enough) else None


def seeds_range(difference: float, sd: float, n: int) -> tuple[int | None, int | None]:
    """The seeds for 80 % power, where the sd is from `n` values: at the limits of its 80 % interval.

    None for more than 1000; an sd from a single value says nothing.
    """
    low, high = sd_interval(sd, n)
    return seeds_for_power(difference, low), seeds_for_power(difference, high)


def sd_interval(sd: float, n: int, level: float = SD_LEVEL) -> tuple[float, float]:
    """The chi-square interval of an sd over `n` normal values; (0, infinity) where n < 2."""
    from scipy.special import chdtri

    if n < 2:
        return 0.0, np.inf
    limits = sd * np.sqrt((n - 1) / chdtri(n - 1, np.array([(1 - level) / 2, (1 + level) / 2])))
    return float(limits[0]), float(limits[1])


def _power(n: Counts, effect: float, level: float) -> Floats:
    """Of a two-sided test, on the side of the effect; `effect` in sd."""
    from scipy.special import nctdtr, stdtrit

    return np.asarray(1 - nctdtr(n - 1, effect * np.sqrt(n), stdtrit(n - 1, 0.5 + level / 2)), np.float64)

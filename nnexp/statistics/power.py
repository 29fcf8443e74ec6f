"""How many seeds a difference takes, before and after training."""

from typing import NamedTuple

import numpy as np

from nnexp.statistics.best import MOST_RIVALS, paired_differences
from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, MOST_SEEDS, Floats, moments
from nnexp.statistics.rule import Counts

POWER = 0.8
SD_LEVEL = 0.8  # of the interval on an sd: the range of seeds is to be read, not to be proven


class Needed(NamedTuple):
    """Seeds for 80 % power at an sd of the paired difference, and their range; None for more than 1000."""

    sd: float
    seeds: int | None
    low: int | None
    high: int | None


def seeds_by_pair(samples: Floats, difference: float) -> dict[str, Needed]:
    """What a mean `difference` takes between points like those of `samples (points, seeds)`, NaN for missing.

    For the `typical` pair of points, that with the median sd; of 3 pairs or more, also for those with the
    `least` and the `largest`. Of a single point: as between two like it, independent. Empty where no pair has
    3 seeds in common.
    """
    samples = samples[:: len(samples) // MOST_RIVALS + 1]
    _, sd, n = paired_differences(samples, np.arange(len(samples)))
    if len(samples) == 1:
        sds, counts = np.sqrt(2) * moments(samples)[1], n[0]
    else:
        rows, columns = np.triu_indices(len(samples), 1)
        sds, counts = sd[rows, columns], n[rows, columns]
    order = np.argsort(np.where(counts >= LEAST_SEEDS, sds, np.inf))[: (counts >= LEAST_SEEDS).sum()]
    if not len(order):
        return {}
    places = {"typical": (len(order) - 1) // 2}
    if len(order) > 2:
        places = {"least": 0, **places, "largest": -1}
    return {
        name: Needed(sd, seeds_for_power(difference, sd), *seeds_range(difference, sd, count))
        for name, place in places.items()
        for sd, count in [(float(sds[order[place]]), int(counts[order[place]]))]
    }


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

"""Runs that failed to learn, told apart from those that did: a mean over both describes neither."""

import numpy as np
from numpy.typing import NDArray

from nnexp.statistics.intervals import Floats

LEAST_GAP = 0.05  # of accuracy: runs that end closer than this have all learnt, or none
CHANCE_SD = 3.1  # standard errors above chance that chance reaches once in 1,000 runs
LEAST_TRAINED = 3  # that show how far apart trained runs lie
TIMES = 4  # their range, that a gap below them must exceed


def stuck(samples: Floats, chance: float, images: int, least_gap: float = LEAST_GAP) -> NDArray[np.bool_]:
    """Which runs of `samples (points, seeds)`, accuracies with NaN for missing, failed to learn.

    A run did if its accuracy on `images` examples is no better than `chance`, the share of the largest class;
    or if it lies, with all below it, under a gap in the values of its point that is at least `least_gap` and
    - 4 times the range of the 3 or more values above it, or
    - several times the rest of the range: 30 times for 3 values, 6 for 4, 3 for more.
    Normal values have a run that looks so in at most 6 % of points at any sd; at an sd of 1 point, never.
    """
    lost = at_chance(samples, chance, images)
    learned = np.where(lost, np.nan, samples)
    mask: NDArray[np.bool_] = lost | np.array([_below_gap(point, least_gap) for point in learned])
    return mask


def at_chance(samples: Floats, chance: float, images: int) -> NDArray[np.bool_]:
    """Which accuracies on `images` examples are no better than `chance`, the share of the largest class.

    One without a mistake never is, however few the examples.
    """
    limit = chance + CHANCE_SD * np.sqrt(chance * (1 - chance) / images)
    mask: NDArray[np.bool_] = (samples <= limit) & (samples < 1)
    return mask


def trained(samples: Floats, mask: NDArray[np.bool_]) -> Floats:
    """The samples with NaN in place of the runs that are stuck: what means are taken over."""
    return np.where(mask, np.nan, samples)


def _below_gap(point: Floats, least_gap: float) -> NDArray[np.bool_]:
    """Which values `(seeds,)` lie under the first such gap from above."""
    values = -np.sort(-point[~np.isnan(point)])
    n, gaps = len(values), -np.diff(values)
    above = values[:1] - values[:-1] if n else gaps  # range of the values above each gap
    rest = values[:1] - values[-1:] - gaps if n else gaps
    groups = 30 if n == 3 else 6 if n == 4 else 3
    alone = np.arange(1, n) >= LEAST_TRAINED
    apart = (gaps >= least_gap) & ((alone & (gaps > TIMES * above)) | ((gaps > groups * rest) & (n >= 3)))
    if not apart.any():
        return np.zeros(point.shape, dtype=bool)
    below: NDArray[np.bool_] = point <= values[1:][apart][0]
    return below

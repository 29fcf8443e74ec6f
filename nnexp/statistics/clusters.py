"""Runs that failed to learn, told apart from those that did: a mean over both describes neither."""

import math

import numpy as np
from numpy.typing import NDArray

from nnexp.statistics.intervals import Floats

LEAST_GAP = 0.05  # of accuracy: runs that end closer than this have all learnt, or none
CHANCE_SD = 3.1  # standard errors above chance that chance reaches once in 1,000 runs
LEAST_TRAINED = 3  # that show how far apart trained runs lie
TIMES = 4  # their range, that a gap below them must exceed


def stuck(samples: Floats, chance: float, least_gap: float = LEAST_GAP) -> NDArray[np.bool_]:
    """Which runs of `samples (points, seeds)`, accuracies with NaN for missing, failed to learn.

    A run did if its accuracy is no better than `chance`, as `chance_limit` has it; or if it lies, with all
    below it, under a gap in the values of its point that is at least `least_gap` and
    - 4 times the range of the 3 or more values above it, or
    - several times the rest of the range: 30 times for 3 values, 6 for 4, 3 for more.
    Normal values have a run that looks so in at most 6 % of points at any sd; at an sd of 1 point, never.
    """
    lost = samples <= chance
    learned = np.where(lost, np.nan, samples)
    mask: NDArray[np.bool_] = lost | np.array([_below_gap(point, least_gap) for point in learned])
    return mask


def chance_limit(classes: int, majority: float, images: int) -> float:
    """The highest accuracy on `images` examples of a network that has not learnt.

    One that gives every input the same class has at most `majority`, the share of the largest one: on these
    very images, without an error. One that guesses has 1/classes in the mean, and is more than 3.1 standard
    errors above that once in 1,000 runs. Where images are few, half of the first one's mistakes are learning.
    """
    guess = 1 / classes
    lucky = guess + CHANCE_SD * math.sqrt(guess * (1 - guess) / images)
    return max(majority, min(lucky, (1 + majority) / 2))


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

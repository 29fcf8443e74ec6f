"""The accuracy of a network on images like those of the test set, not on these alone."""

import numpy as np
from numpy.typing import ArrayLike

from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, Floats, Interval, moments
from nnexp.statistics.sequential import anytime_interval


def accuracy_interval(samples: Floats, images: int, level: float = LEVEL) -> Interval:
    """Interval on the mean accuracy of `samples (..., seeds)`, measured on `images` test examples.

    For comparison with a published figure: another test set would give another accuracy. Two variances
    add up: of the mean over seeds, s^2 / n, and of the test set, p (1 - p) / m, which all seeds share
    (Bouthillier et al. 2021, arXiv 2103.03098); Satterthwaite's degrees of freedom, the second's without
    limit. Differences between points that were tested on the same images need no such term. NaN limits
    where n < 3; cut at 0 and 1. Never narrower than the interval over seeds alone, which has fewer degrees of
    freedom and may be the wider one where seeds differ more than images would.
    """
    from scipy.special import stdtrit

    mean, sd, n = moments(samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        seeds = sd**2 / n
        variance = seeds + mean * (1 - mean) / images
        freedom = np.where(seeds > 0, (n - 1) * (variance / seeds) ** 2, np.inf)
        half = stdtrit(np.minimum(np.maximum(freedom, 1), 1e9), 0.5 + level / 2) * np.sqrt(variance)
        half = np.maximum(half, stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2) * np.sqrt(seeds))
    half = np.where(n >= LEAST_SEEDS, half, np.nan)
    return Interval(mean, np.maximum(mean - half, 0), np.minimum(mean + half, 1), n)


def anytime_accuracy_interval(samples: Floats, images: int, level: float = LEVEL) -> Interval:
    """The same at all looks at once, after whichever seed; not cut, and infinite for few seeds.

    Seeds and images have half of the error each, and their half-widths add up as variances do: of simulated
    sweeps with up to 500 seeds, 1 to 5 % ever miss at 95 %.
    """
    half_of_error = (1 + level) / 2
    mean, _, high, n = anytime_interval(samples, level=half_of_error)
    half = np.hypot(high - mean, image_error(mean, images, half_of_error))
    return Interval(mean, mean - half, mean + half, n)


def image_error(accuracy: ArrayLike, images: int, level: float) -> Floats:
    """Half the width of the interval on an accuracy that so many images alone leave."""
    from scipy.special import ndtri

    p = np.asarray(accuracy, np.float64)
    return np.asarray(ndtri(0.5 + level / 2) * np.sqrt(np.maximum(p * (1 - p), 0) / images))

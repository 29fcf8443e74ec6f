"""The accuracy of a network on images like those of the test set, not on these alone."""

import numpy as np

from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, Floats, Interval, moments


def accuracy_interval(samples: Floats, images: int, level: float = LEVEL) -> Interval:
    """Interval on the mean accuracy of `samples (..., seeds)`, measured on `images` test examples.

    For comparison with a published figure: another test set would give another accuracy. Two variances
    add up: of the mean over seeds, s^2 / n, and of the test set, p (1 - p) / m, which all seeds share
    (Bouthillier et al. 2021, arXiv 2103.03098); Satterthwaite's degrees of freedom, the second's without
    limit. Differences between points that were tested on the same images need no such term. NaN limits
    where n < 3; cut at 0 and 1.
    """
    from scipy.special import stdtrit

    mean, sd, n = moments(samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        seeds = sd**2 / n
        variance = seeds + mean * (1 - mean) / images
        freedom = np.where(seeds > 0, (n - 1) * (variance / seeds) ** 2, np.inf)
        half = stdtrit(np.minimum(np.maximum(freedom, 1), 1e9), 0.5 + level / 2) * np.sqrt(variance)
    half = np.where(n >= LEAST_SEEDS, half, np.nan)
    return Interval(mean, np.maximum(mean - half, 0), np.minimum(mean + half, 1), n)

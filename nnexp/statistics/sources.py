"""What a seed stands for: how much of the variance over seeds the weights make, and how much the order."""

import numpy as np

from nnexp.statistics.intervals import LEVEL, Floats
from nnexp.statistics.variation import Share

DRAWS = 20_000
TOGETHER = "together"


def shares_of_sources(
    samples: Floats, names: tuple[str, str], rng: np.random.Generator, level: float = LEVEL
) -> dict[str, Share]:
    """Shares of the variance of `samples (..., first, second)`, where two sources vary crossed, none missing.

    Of the first, of the second, and `together`: what neither alone makes. With a and b levels,
    sigma_a^2 = (MS_a - MS_ab) / b, not below 0; over points (...), whose means do not count, squares are
    pooled. Generalized confidence intervals (Weerahandi 1993), by draws of the chi-square variables that the
    sums of squares stand for. NaN where no value differs.
    """
    *_, a, b = samples.shape
    points = samples.size // (a * b)
    centred = samples - samples.mean((-2, -1), keepdims=True)
    rows, columns = centred.mean(-1, keepdims=True), centred.mean(-2, keepdims=True)
    squares = np.array([b * (rows**2).sum(), a * (columns**2).sum(), ((centred - rows - columns) ** 2).sum()])
    freedom = points * np.array([a - 1, b - 1, (a - 1) * (b - 1)])
    once = _shares(squares / freedom, a, b)
    drawn = _shares((squares / rng.chisquare(freedom, (DRAWS, 3))).T, a, b)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
    figures = zip((*names, TOGETHER), once, low, high, strict=True)
    return {name: Share(float(share), float(least), float(most)) for name, share, least, most in figures}


def _shares(mean_squares: Floats, a: int, b: int) -> Floats:
    """`(3, ...)`, of mean squares `(3, ...)`."""
    first, second, both = mean_squares
    variances = np.array([np.maximum(first - both, 0) / b, np.maximum(second - both, 0) / a, both])
    with np.errstate(invalid="ignore"):
        shares: Floats = variances / variances.sum(0)
    return shares

"""Analysis of variance: how much of the variance between runs each axis of a grid makes, and the seeds."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from nnexp.statistics.intervals import LEVEL, Floats

RESAMPLES = 2000
REST, SEEDS = "rest", "seeds"


class Share(NamedTuple):
    """A share of the variance, with its 95 % interval."""

    share: float
    low: float
    high: float


def shares_of_variance(
    samples: Floats, axes: Sequence[str], rng: np.random.Generator, level: float = LEVEL
) -> dict[str, Share]:
    """Shares of the variance over all runs of a grid, `samples (*axes, seeds)`.

    Of each axis (`a`), each pair's interaction (`a x b`), all higher ones (`rest`, of 3 axes and more), and
    `seeds`. Effects are fixed; what the seeds' scatter adds to them is taken off. Intervals: by resampling
    the seeds, the same at every point; percentiles of the error that a resampled share has, wider by
    Student's t over the normal quantile for few seeds (without which they cover 0.77 at n = 3). NaN where no
    value differs.

    Raises:
        ValueError: fewer than 2 axes or 2 seeds, or a missing value.
    """
    from scipy.special import ndtri, stdtrit

    n, grid = samples.shape[-1], samples.shape[:-1]
    if n < 2 or len(grid) < 2 or np.isnan(samples).any():
        raise ValueError(f"shares of variance need 2 axes, 2 seeds and every value, got {samples.shape}")
    cells = samples.reshape(-1, n)
    means = cells.mean(1, keepdims=True)
    residuals, every = cells - means, np.full((n, 1), 1 / n)
    seeds, noise = _scatter(residuals, every)
    share = _shares(_effects(means, grid), seeds, noise / n, grid)[:, 0]
    # What is resampled: means that differ as observed, and values that scatter about them as seeds do.
    wider, weights = residuals * np.sqrt(n / (n - 1)), rng.multinomial(n, [1 / n] * n, RESAMPLES).T / n
    seeds, noise = _scatter(wider, weights)
    resampled = _shares(_effects(means + wider @ weights, grid), seeds, noise / n, grid)
    truth = _shares(_effects(means, grid), _scatter(residuals, every)[0], np.zeros(1), grid)
    quantiles = np.quantile(resampled - truth, [(1 - level) / 2, (1 + level) / 2], axis=1)
    few = stdtrit(n - 1, 0.5 + level / 2) / ndtri(0.5 + level / 2)
    low, high = np.clip(share + few * quantiles, 0, 1)
    names = [" x ".join(axes[a] for a in part) for part in _parts(grid)]
    names += [REST] * (len(grid) > 2) + [SEEDS]
    figures = zip(names, share, low, high, strict=True)
    return {name: Share(float(mean), float(least), float(most)) for name, mean, least, most in figures}


def _parts(grid: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The axes, then their pairs."""
    return [part for order in (1, 2) for part in combinations(range(len(grid)), order)]


def _effects(means: Floats, grid: tuple[int, ...]) -> Floats:
    """Mean squares of the effects over all cells `(parts, resamples)`, of `means (cells, resamples)`."""
    means = means.reshape(*grid, -1)
    cells = tuple(range(len(grid)))
    squares = []
    for part in _parts(grid):
        effect = means
        for axis in cells:
            average = effect.mean(axis, keepdims=True)
            effect = effect - average if axis in part else average
        squares.append((effect**2).mean(cells))
    total = ((means - means.mean(cells, keepdims=True)) ** 2).mean(cells)
    rest = [total - sum(squares)] * (len(grid) > 2)
    return np.array(squares + rest)


def _scatter(residuals: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Variance over seeds, mean of all cells; and the part of it that seeds do not share between cells."""
    cells, n = residuals.shape

    def variance(values: Floats) -> Floats:
        spread: Floats = (values**2 @ weights - (values @ weights) ** 2).mean(0) * n / (n - 1)
        return spread

    return variance(residuals), variance(residuals - residuals.mean(0)) * cells / max(cells - 1, 1)


def _shares(effects: Floats, seeds: Floats, noise: Floats, grid: tuple[int, ...]) -> Floats:
    """Shares `(parts + 1, resamples)`; `noise`: variance of a cell's mean, for each freedom of an effect."""
    freedom = [float(np.prod([grid[a] - 1 for a in part])) for part in _parts(grid)]
    cells = float(np.prod(grid))
    freedom += [cells - 1 - sum(freedom)] * (len(grid) > 2)
    variances = np.vstack([np.maximum(effects - np.array(freedom)[:, None] * noise / cells, 0), seeds[None]])
    with np.errstate(invalid="ignore"):
        shares: Floats = variances / variances.sum(0)
    return shares

"""Sweeps whose truth is known, and how often each method is wrong about it.

All draws have mean 0 and an sd of about 1, so that gaps are in sd; rates are shares of sweeps.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from nnexp.statistics.best import compare_with_best
from nnexp.statistics.intervals import Floats, Interval, mean_interval, welch_interval
from nnexp.statistics.optimum import optimum
from nnexp.statistics.sequential import anytime_interval, compare_at_all_looks, least_seeds

Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]

STUCK = 0.1  # share of runs that fail to learn, 30 sd below the others


def _skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Lognormal with a long tail below, as accuracies near their ceiling have."""
    values = -rng.lognormal(0, 1, shape)
    return (values + np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)


def _with_stuck(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.normal(size=shape) - 30 * ((rng.random(shape) < STUCK) - STUCK)


DRAWS: Mapping[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "t3": lambda rng, shape: rng.standard_t(3, size=shape) / np.sqrt(3),
    "lognormal": _skewed,
    "stuck 10 %": _with_stuck,
}


def _scaled(point: int, sd: float) -> Draw:
    """Normal values, at one point with another sd; the last two axes are points and seeds."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        values = rng.normal(size=shape)
        values[..., point, :] *= sd
        return values

    return draw


def _common(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Correlated by 0.5 over common seeds."""
    seeds = rng.normal(size=(*shape[:-2], 1, shape[-1]))
    return np.sqrt(0.5) * (rng.normal(size=shape) + seeds)


def _best_stuck(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Normal values, of which point 0 loses 30 % to stuck runs."""
    values = rng.normal(size=shape)
    values[..., 0, :] -= 30 * (rng.random((*shape[:-2], shape[-1])) < 3 * STUCK)
    return values


# Noise of whole sweeps, whose point 0 is the best.
NOISE: Mapping[str, Draw] = {
    **DRAWS,
    "best 5 x sd": _scaled(0, 5),
    "best 0.2 x sd": _scaled(0, 0.2),
    "another 30 x sd": _scaled(-1, 30),
    "lognormal sds": lambda rng, shape: rng.normal(size=shape) * rng.lognormal(0, 1, (*shape[:-1], 1)),
    "common seeds": _common,
}
# Of which the best is that of the runs that learn.
LEARNERS: Mapping[str, Draw] = {**DRAWS, "best 30 % stuck": _best_stuck}


def best_struck(
    noise: str, points: int, seeds: int, sweeps: int, rng: np.random.Generator, second: float = -1e-6
) -> float:
    """How often the best point is called worse, all others being `second`."""
    samples = NOISE[noise](rng, (sweeps, points, seeds))
    samples[:, 1:] += second
    return float(np.mean([compare_with_best(sweep).worse[0] for sweep in samples]))


def power(
    gaps: Sequence[float], seeds: int, sweeps: int, rng: np.random.Generator, noise: str = "normal"
) -> float:
    """Share of the points, so far below the best one, that are called worse."""
    means = -np.array([0, *gaps])[:, None]
    samples = means + NOISE[noise](rng, (sweeps, len(means), seeds))
    return float(np.mean([compare_with_best(sweep).worse[1:] for sweep in samples]))


def hsu_coverage(
    means: Sequence[float], noise: str, seeds: int, sweeps: int, rng: np.random.Generator
) -> float:
    """How often all of Hsu's intervals hold at once."""
    mean = np.array(means)
    truth = np.array([mean[i] - np.delete(mean, i).max() for i in range(len(mean))])
    samples = mean[:, None] + NOISE[noise](rng, (sweeps, len(mean), seeds))
    comparisons = (compare_with_best(sweep) for sweep in samples)
    return float(np.mean([((c.low <= truth) & (truth <= c.high)).all() for c in comparisons]))


def equal_rate(
    gap: float, draw: str, seeds: int, sweeps: int, rng: np.random.Generator, welch: bool = False
) -> float:
    """How often means that are `gap` apart are called equal within 1: by a 90 % interval, as claims are."""
    a = gap + DRAWS[draw](rng, (sweeps, seeds))
    if welch:
        intervals = [welch_interval(x, y, 0.9) for x, y in zip(a, DRAWS[draw](rng, a.shape), strict=True)]
    else:
        intervals = [mean_interval(sample, 0.9) for sample in a]
    return float(np.mean([is_within(interval, 1.0) for interval in intervals]))


def is_within(interval: Interval, margin: float) -> bool:
    """Whether all of an interval lies within so much of 0."""
    return bool(-margin < interval.low and interval.high < margin)


def optimum_rates(
    means: Sequence[float], noise: str, seeds: int, sweeps: int, rng: np.random.Generator
) -> dict[str, float]:
    """How often an optimum inside is found, found at 2.5 %, refuted, and its gain covered."""
    mean = np.array(means)
    gain = mean[1:-1].max() - max(mean[0], mean[-1])
    found = [optimum(mean[:, None] + sweep) for sweep in NOISE[noise](rng, (sweeps, len(mean), seeds))]
    return {
        "inside": float(np.mean([one.p <= 0.05 for one in found])),
        "inside, two-sided": float(np.mean([one.low > 0 for one in found])),
        "refuted": float(np.mean([one.p_edge <= 0.05 for one in found])),
        "covered": float(np.mean([one.low <= gain <= one.high for one in found])),
    }


def looks(
    gap: float, draw: str, until: int, claims: int, sweeps: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Of `claims` per sweep, looked at after every seed: the side each was decided for, and by which seed.

    Both (sweeps, claims); 0 and NaN where none was by seed `until`. A claim ends with its decision.
    """
    values = gap + DRAWS[draw](rng, (sweeps, claims, until))
    side, when = np.zeros((sweeps, claims)), np.full((sweeps, claims), np.nan)
    for n in range(least_seeds(claims), until + 1):
        _, low, high, _ = anytime_interval(values[..., :n], claims)
        now = (side == 0) & ((low > 0) | (high < 0))
        side[now], when[now] = np.where(low > 0, 1, -1)[now], n
    return side, when


def eliminations(
    means: Sequence[float], noise: str, until: int, sweeps: int, rng: np.random.Generator
) -> Iterator[tuple[bool, int, int]]:
    """Of each sweep from 5 to `until` seeds, which points leave as they are surely not the best.

    Whether point 0, the best, left; how many points are left; the runs it took, of len(means) * until.
    """
    mean = np.array(means)
    for sweep in mean[:, None] + NOISE[noise](rng, (sweeps, len(mean), until)):
        worse, samples = np.zeros(len(mean), dtype=bool), np.full_like(sweep, np.nan)
        for n in range(5, until + 1):
            fresh = slice(0 if n == 5 else n - 1, n)
            samples[~worse, fresh] = sweep[~worse, fresh]
            worse = compare_at_all_looks(samples[:, :n]).worse
            if worse.sum() == len(mean) - 1:
                break
        yield bool(worse[0]), int((~worse).sum()), int((~np.isnan(samples)).sum())

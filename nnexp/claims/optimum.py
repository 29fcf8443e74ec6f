"""Whether the best point along an axis lies inside it, so that the sweep has found an optimum."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nnexp.claims.checks import Check
from nnexp.claims.findings import NOT_JUDGED, Finding, Limits, join, limits_of, undecided, unreached, worst
from nnexp.claims.samples import Sample, difference
from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, mean_interval
from nnexp.text import spelled

Floats = NDArray[np.float64]


def optimum(check: Check, samples: Sequence[Sample]) -> Finding:
    """Whether the best of the samples, in order of the axis, is at neither end.

    Effect: by how much the best one inside is better than the better end. With an interval, it is corrected
    for choosing the best by the same data (Bonferroni, over the points inside; over the two ends to refute).
    """
    if not all(sample.values for sample in samples):
        return Finding(NOT_JUDGED, n=0, note="no run has a value")
    limits, sign = limits_of(check), check.left.better
    seeds = sorted(set.intersection(*(set(sample.values) for sample in samples)))
    values = sign * np.array([[sample.values[seed] for seed in seeds] for sample in samples])
    if check.over == "median":
        medians = np.array([[sign * sample.taken] for sample in samples])
        return limits.stated(*_inside(check, medians, min(len(sample.values) for sample in samples)))
    if not seeds:
        return Finding(NOT_JUDGED, n=0, note="no seed has a value at every point")
    if check.over == "each":
        effects = {seed: _inside(check, values[:, [k]], 1)[0] for k, seed in enumerate(seeds)}
        return worst(limits, effects)
    if not np.isfinite(values).all():
        return unreached(values, len(seeds))
    return _optimum_with_interval(check, limits, values)


def _inside(check: Check, values: Floats, n: int) -> tuple[float, int, str]:
    """Effect, n and note of an optimum, by the means of `values (points, seeds)`, higher is better."""
    means = [float(mean) for mean in values.mean(axis=1)]
    best = max(range(1, len(means) - 1), key=lambda i: means[i])
    where = f"the best inside is {check.along}={spelled(check.grid[best])}"
    return difference(means[best], max(means[0], means[-1])), n, where


def _optimum_with_interval(check: Check, limits: Limits, values: Floats) -> Finding:
    """`values (points, seeds)`: finite, higher is better."""
    n = values.shape[1]
    effect, _, where = _inside(check, values, n)
    inside, ends = values[1:-1], values[[0, -1]]
    best = inside[inside.mean(axis=1).argmax()]
    level = 1 - (1 - LEVEL) / len(inside)
    gain = mean_interval(best - ends, level)
    better = int(ends.mean(axis=1).argmax())
    corrected = f"the interval is wider for choosing the best of {len(inside)}" if len(inside) > 1 else ""
    note = join(where, corrected)

    def against(end: int, verdict: str) -> Finding:
        found = limits.finding(verdict, effect if end == better else float(gain.mean[end]), n, note)
        return replace(found, low=float(gain.low[end]), high=float(gain.high[end]))

    if n >= LEAST_SEEDS and all(limits.side(float(limit)) == 0 for limit in gain.low):
        return against(better, "reproduced")
    for edge in ends if n >= LEAST_SEEDS else ():
        if all(limits.side(float(limit)) for limit in mean_interval(inside - edge, 1 - (1 - LEVEL) / 2).high):
            return against(better, "refuted")
    left_open = better if n < LEAST_SEEDS else int(gain.low.argmin())  # the end that may be as good
    found = against(left_open, "undecided")
    spread = float(np.std(best - ends[left_open], ddof=n > 1))
    told = undecided(found, abs(found.effect - limits.low), spread, level)
    if n >= LEAST_SEEDS and told.seeds_needed is not None and told.seeds_needed <= n:
        # more seeds are no advice: a point inside that ended lower may be better still
        return replace(found, note=join(note, "another point inside leaves it open"))
    return told

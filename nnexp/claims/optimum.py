"""Whether the best point along an axis lies inside it, so that the sweep has found an optimum."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnexp.claims.checks import Check
from nnexp.claims.findings import (
    NO_RUN,
    NOT_JUDGED,
    Finding,
    Limits,
    infinite,
    join,
    limits_of,
    with_seeds_needed,
    worst,
)
from nnexp.claims.samples import Sample, difference
from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, Floats, mean_interval
from nnexp.text import spelled

OPTIMUM_TESTS = 2  # tests that an optimum makes: against either end


def optimum(check: Check, samples: Sequence[Sample], tests: int = OPTIMUM_TESTS) -> Finding:
    """Whether the best of the samples, in order of the axis, is at neither end.

    Effect: by how much the best one inside is better than the better end. With an interval, it is corrected
    for choosing the best by the same data (Bonferroni, over the points inside). To refute it takes a test for
    each end, corrected for all `tests` that the claim makes, these two among them.
    """
    if not all(sample.values for sample in samples):
        return Finding(NOT_JUDGED, n=0, note=NO_RUN)
    limits, sign = limits_of(check), check.left.better
    seeds = sorted(set.intersection(*(set(sample.values) for sample in samples)))
    values = sign * np.array([[sample.values[seed] for seed in seeds] for sample in samples])
    if check.over == "median":
        medians = np.array([[sign * sample.summary] for sample in samples])
        return limits.decide(*_inside(check, medians, min(len(sample.values) for sample in samples)))
    if not seeds:
        return Finding(NOT_JUDGED, n=0, note="no seed has a value at every point")
    if check.over == "each":
        effects = {seed: _inside(check, values[:, [k]], 1)[0] for k, seed in enumerate(seeds)}
        return worst(limits, effects)
    if not np.isfinite(values).all():
        return infinite(values, len(seeds))
    return _optimum_with_interval(check, limits, values, tests)


def _inside(check: Check, values: Floats, n: int) -> tuple[float, int, str]:
    """Effect, n and note of an optimum, by the means of `values (points, seeds)`, higher is better."""
    means = [float(mean) for mean in values.mean(axis=1)]
    best = max(range(1, len(means) - 1), key=lambda i: means[i])
    where = f"the best inside is {check.along}={spelled(check.grid[best])}"
    return difference(means[best], max(means[0], means[-1])), n, where


def _optimum_with_interval(check: Check, limits: Limits, values: Floats, tests: int) -> Finding:
    """`values (points, seeds)`: finite, higher is better."""
    n = values.shape[1]
    effect, _, where = _inside(check, values, n)
    inside, ends = values[1:-1], values[[0, -1]]
    best = inside[inside.mean(axis=1).argmax()]
    level = 1 - (1 - LEVEL) / len(inside)
    gain = mean_interval(best - ends, level)
    better = int(ends.mean(axis=1).argmax())
    wider = f"the interval is wider, for the choice of the best of {len(inside)}" if len(inside) > 1 else ""
    note = join(where, wider)

    def against(end: int, verdict: str) -> Finding:
        finding = limits.finding(verdict, effect if end == better else float(gain.mean[end]), n, note)
        return replace(finding, low=float(gain.low[end]), high=float(gain.high[end]))

    if n >= LEAST_SEEDS:
        if all(limits.side(float(limit)) == 0 for limit in gain.low):
            return against(better, "reproduced")
        for edge in ends:
            gains = mean_interval(inside - edge, 1 - (1 - LEVEL) / tests)
            if all(limits.side(float(limit)) for limit in gains.high):
                return against(better, "refuted")
    weaker = better if n < LEAST_SEEDS else int(gain.low.argmin())  # the end that may be as good
    finding = against(weaker, "undecided")
    spread = float(np.std(best - ends[weaker], ddof=n > 1))
    advice = with_seeds_needed(finding, abs(finding.effect - limits.low), spread, level)
    if n >= LEAST_SEEDS and advice.seeds_needed is not None and advice.seeds_needed <= n:
        # more seeds are no advice: a point inside that ended lower may be better still
        return replace(finding, note=join(note, "another point inside may be the best"))
    return advice

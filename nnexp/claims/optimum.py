"""Whether the best point along an axis lies inside it, so that the sweep has found an optimum."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnexp.claims.advice import with_seeds
from nnexp.claims.checks import Check
from nnexp.claims.comparisons import worst
from nnexp.claims.findings import (
    NO_RUN,
    NOT_JUDGED,
    REFUTED,
    REPRODUCED,
    UNDECIDED,
    Finding,
    Limits,
    infinite,
    join,
    limits_of,
    scaled,
)
from nnexp.claims.looks import at_first_decision
from nnexp.claims.means import ONE_LOOK, MeanTest
from nnexp.claims.samples import Sample, difference
from nnexp.claims.wording import optimum_words
from nnexp.statistics import optimum as statistics
from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, Floats
from nnexp.text import spelled


def optimum(check: Check, samples: Sequence[Sample], tests: int = 1, means: MeanTest = ONE_LOOK) -> Finding:
    """Whether the best of the samples, in order of the axis, is at neither end.

    Effect: by how much the best one inside is better than the better end; paired, with an interval on that of
    the true best inside. To refute it is one of the `tests` that a claim makes.
    """
    if not all(sample.values for sample in samples):
        return Finding(NOT_JUDGED, n=0, note=NO_RUN)
    if means.every_look and check.is_on_means:
        return at_first_decision(samples, lambda some: _on(check, some, tests, means))
    return _on(check, samples, tests, means)


def _on(check: Check, samples: Sequence[Sample], tests: int, means: MeanTest) -> Finding:
    """The finding on all seeds of the samples."""
    limits, sign = limits_of(check), check.left.better
    seeds = sorted(set.intersection(*(set(sample.values) for sample in samples)))
    values = sign * np.array([[sample.values[seed] for seed in seeds] for sample in samples])
    if check.over == "median":
        medians = np.array([[sign * sample.summary] for sample in samples])
        effect, compared = _inside(check, medians)
        n = min(len(sample.values) for sample in samples)
        return replace(limits.decide(effect, n), compared=compared)
    if not seeds:
        return Finding(NOT_JUDGED, n=0, note="no seed has a value at every point")
    if check.over == "each":
        effects = {seed: _inside(check, values[:, [k]])[0] for k, seed in enumerate(seeds)}
        return replace(worst(limits, effects), compared=optimum_words(check))
    if not np.isfinite(values).all():
        return infinite(values, len(seeds))
    return _by_tests(check, limits, values, samples, tests, means)


def _inside(check: Check, values: Floats) -> tuple[float, str]:
    """The effect of an optimum, also in words, by the means of `values (points, seeds)`, higher is better."""
    means = [float(mean) for mean in values.mean(axis=1)]
    best = max(range(1, len(means) - 1), key=lambda i: means[i])
    end = max((0, len(means) - 1), key=lambda i: means[i])
    places = (f"{check.along}={spelled(check.grid[i])}" for i in (best, end))
    return difference(means[best], means[end]), optimum_words(check, *places)


def _by_tests(
    check: Check, limits: Limits, values: Floats, samples: Sequence[Sample], tests: int, means: MeanTest
) -> Finding:
    """`values (points, seeds)`: finite, higher is better."""
    (effect, compared), n = _inside(check, values), values.shape[1]
    grain = max(sample.grain for sample in samples)
    level = means.level(LEVEL)
    shown = statistics.optimum(values, check.margin, level, means.rule, grain)
    finding = replace(limits.finding(UNDECIDED, effect, n), compared=compared)
    if n < LEAST_SEEDS:
        return with_seeds(replace(finding, is_open=True), abs(effect - limits.low), 0.0)
    finding = scaled(replace(finding, low=shown.low, high=shown.high))
    ends_and_best = (samples[0], samples[shown.best], samples[-1])
    if stuck := join(*dict.fromkeys(each.stuck for each in ends_and_best)):
        return replace(finding, note=f"{stuck}: no mean describes both groups")
    if shown.p <= 1 - level:
        note = f"one-sided tests {means.told(1 - level)}"
        return replace(finding, verdict=REPRODUCED, note=note)
    if shown.p_edge <= 1 - means.strict(tests):
        note = f"an end is better: one-sided tests {means.told(1 - means.strict(tests))}"
        return replace(finding, verdict=REFUTED, note=note)
    if means.every_look:
        return replace(finding, is_open=True)
    ends = values[[0, -1]]
    spread = values[shown.best] - ends[int(ends.mean(axis=1).argmax())]
    return with_seeds(finding, abs(effect - limits.low), float(np.std(spread, ddof=1)))

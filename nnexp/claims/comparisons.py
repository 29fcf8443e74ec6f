"""Effect, interval and verdict of one comparison."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nnexp.claims.checks import Check
from nnexp.claims.findings import (
    NEVER_REACHED,
    NO_PAIR,
    NO_RUN,
    NOT_JUDGED,
    Finding,
    infinite,
    join,
    limits_of,
    with_seeds_needed,
    worst,
)
from nnexp.claims.samples import Sample, Values, difference, ratio
from nnexp.statistics.intervals import (
    LEAST_GAP,
    LEAST_SEEDS,
    LEVEL,
    Floats,
    Interval,
    mean_interval,
    ratio_interval,
    two_groups,
    welch_interval,
)

NO_RATIO = "both sides are 0: they have no ratio"
ONE_SEED = "a standard deviation needs 2 seeds"


class Contrast(NamedTuple):
    """Two samples, or one and the numbers of the check; `where`: between which points, along an axis."""

    check: Check
    left: Sample
    right: Sample | None
    where: str = ""


def compare(contrast: Contrast, tests: int) -> Finding:
    """The verdict on one contrast, out of `tests` that a claim makes."""
    check, left, right, where = contrast
    if not left.values or (right is not None and not right.values):
        finding = Finding(NOT_JUDGED, n=0, note=NO_RUN)
    elif check.over in ("mean", "paired"):
        finding = _with_interval(contrast, tests)
    elif check.over == "each":
        finding = _at_each_seed(check, left.values, right.values if right else None)
    else:
        n = min(len(side.values) for side in (left, right) if side)
        effect = _effect(check, left.summary, right.summary) if right else left.summary
        finding = limits_of(check).decide(effect, n, why_none=_why_none(check, left, right))
    return replace(finding, note=join(where, finding.note))


def _with_interval(contrast: Contrast, tests: int) -> Finding:
    """By Student's t on a mean or a paired difference, by Welch's on two means; see `_intervals`."""
    check, left, right, _ = contrast
    sides = [left.values] + ([right.values] if right else [])
    if check.over == "paired":
        common = set.intersection(*(set(side) for side in sides))
        sides = [{seed: value for seed, value in side.items() if seed in common} for side in sides]
    samples = [np.array([side[seed] for seed in sorted(side)], np.float64) for side in sides]
    n = min(len(sample) for sample in samples)
    if not n:
        return Finding(NOT_JUDGED, n=0, note=NO_PAIR)
    if not all(np.isfinite(sample).all() for sample in samples):
        return infinite(np.concatenate(samples), n)
    if check.times is not None and min(sample.min() for sample in samples) <= 0:
        return Finding("undecided", n=n, note="a ratio of means needs values above 0; over: median does not")
    finding = _decided(check, samples, tests)
    if check.left.is_accuracy and len(samples) == 1 and two_groups(samples[0], LEAST_GAP):
        finding = replace(finding, note=join(finding.note, "two groups of seeds: no mean describes both"))
    return finding


def _decided(check: Check, samples: list[Floats], tests: int) -> Finding:
    """The finding on samples (one, or two) that are finite."""
    limits, strict = limits_of(check), 1 - (1 - LEVEL) / tests
    mean, low, high, n = (float(figure) for figure in _interval(check, samples, LEVEL))
    finding = replace(limits.finding("undecided", mean, int(n)), low=low, high=high)
    if n >= LEAST_SEEDS:
        if limits.side(low) == 0 and limits.side(high) == 0:
            return replace(finding, verdict="reproduced")
        wider = _interval(check, samples, strict)
        if limits.side(float(wider.low)) == limits.side(float(wider.high)) != 0:
            return replace(finding, verdict="refuted")
    level = strict if limits.side(mean) else LEVEL
    return with_seeds_needed(finding, *_distance(check, samples, finding), level)


def _interval(check: Check, samples: list[Floats], level: float) -> Interval:
    """The interval of what the check is about.

    With times: over mean, of the ratio of two means; paired, of the geometric mean of the ratio at each seed.
    """
    if check.over == "mean" and len(samples) == 2:
        return (welch_interval if check.times is None else ratio_interval)(samples[0], samples[1], level)
    if check.times is not None:
        logarithms = mean_interval(np.log(samples[0]) - np.log(samples[1]), level)
        mean, low, high = (np.exp(figure) for figure in logarithms[:3])
        return Interval(mean, low, high, logarithms.n)
    return mean_interval(samples[0] - samples[1] if check.over == "paired" else samples[0], level)


def _distance(check: Check, samples: list[Floats], finding: Finding) -> tuple[float, float]:
    """How far the effect is from the threshold, and its sd per seed: on a scale on which both are sums."""
    threshold = finding.threshold
    if check.over == "paired" and check.times is not None:
        samples, threshold = [np.log(sample) for sample in samples], math.log(threshold)
    elif check.times is not None:
        samples, threshold = [samples[0], threshold * samples[1]], 0.0
    differences = [samples[0] - samples[1]] if check.over == "paired" else samples
    effect = float(samples[0].mean()) - (float(samples[1].mean()) if len(samples) == 2 else 0.0)
    sd = math.sqrt(sum(float(np.var(sample, ddof=1)) for sample in differences if len(sample) > 1))
    return abs(effect - threshold), sd


def _at_each_seed(check: Check, left: Values, right: Values | None) -> Finding:
    """Holds if it holds at every seed; the effect is that of the seed that is worst off."""
    if right is None:
        return worst(limits_of(check), left)
    effects = {seed: _effect(check, left[seed], right[seed]) for seed in left if seed in right}
    zeros = any(math.isnan(effect) and right[seed] == 0 for seed, effect in effects.items())
    return worst(limits_of(check), effects, NO_RATIO if zeros else NEVER_REACHED)


def _effect(check: Check, left: float, right: float) -> float:
    return difference(left, right) if check.times is None else ratio(left, right)


def _why_none(check: Check, left: Sample, right: Sample | None) -> str:
    """Why a check without an interval has no effect."""
    if any(math.isnan(side.summary) for side in (left, right) if side):
        return ONE_SEED if check.left.statistic == "sd" else NEVER_REACHED
    return NO_RATIO if right and right.summary == 0 else NEVER_REACHED

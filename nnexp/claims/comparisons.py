"""Effect, interval and verdict of one comparison."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.claims.checks import Check
from nnexp.claims.findings import NOT_JUDGED, Finding, Limits, join, limits_of, undecided, unreached, worst
from nnexp.claims.samples import Sample, Values, difference, ratio
from nnexp.statistics.intervals import (
    LEAST_GAP,
    LEAST_SEEDS,
    LEVEL,
    mean_interval,
    two_groups,
    welch_interval,
)

Floats = NDArray[np.float64]


class Comparison(NamedTuple):
    """Two samples, or one and the numbers of the check; `where`: between which points, along an axis."""

    check: Check
    left: Sample
    right: Sample | None
    where: str = ""


def compare(comparison: Comparison, tests: int) -> Finding:
    """The verdict on one comparison, out of `tests` that a claim makes."""
    check, left, right, where = comparison
    if not left.values or (right is not None and not right.values):
        found = Finding(NOT_JUDGED, n=0, note="no run has a value")
    elif check.over in ("mean", "paired"):
        found = _with_interval(comparison, tests)
    elif check.over == "each":
        found = _at_each_seed(check, left.values, right.values if right else None)
    else:
        n = min(len(side.values) for side in (left, right) if side)
        effect = _combined(check, left.taken, right.taken) if right else left.taken
        found = limits_of(check).stated(effect, n)
    return replace(found, note=join(where, found.note))


def _with_interval(comparison: Comparison, tests: int) -> Finding:
    """Student's t on a mean or a paired difference, Welch's on two means; ratios by their logarithms."""
    check, left, right, _ = comparison
    sides = [left.values] + ([right.values] if right else [])
    if check.over == "paired":
        common = set.intersection(*(set(side) for side in sides))
        sides = [{seed: value for seed, value in side.items() if seed in common} for side in sides]
    samples = [np.array([side[seed] for seed in sorted(side)], np.float64) for side in sides]
    n = min(len(sample) for sample in samples)
    if not n:
        return Finding(NOT_JUDGED, n=0, note="no seed has a value on both sides")
    if not all(np.isfinite(sample).all() for sample in samples):
        return unreached(np.concatenate(samples), n)
    limits = limits_of(check)
    if check.times is not None:
        if min(sample.min() for sample in samples) <= 0:
            return Finding("undecided", n=n, note="a mean ratio takes values above 0; over: median does not")
        samples, limits = [np.log(sample) for sample in samples], _logs(limits)
    found = _t_interval(samples, check.over == "paired", limits, tests)
    if check.left.is_accuracy and len(samples) == 1 and two_groups(samples[0], LEAST_GAP):
        found = replace(found, note=join(found.note, "two groups of seeds; no mean describes both"))
    if check.times is None:
        return found
    return replace(
        found,
        effect=math.exp(found.effect),
        low=math.exp(found.low),
        high=math.exp(found.high),
        threshold=math.exp(found.threshold),
    )


def _t_interval(samples: list[Floats], paired: bool, limits: Limits, tests: int) -> Finding:
    """The finding on samples (one, or two) that are finite."""
    if paired:
        samples = [samples[0] - samples[1]]
    strict = 1 - (1 - LEVEL) / tests
    mean, low, high, n = _interval(samples, LEVEL)
    found = replace(limits.finding("undecided", mean, n), low=low, high=high)
    if n >= LEAST_SEEDS:
        if limits.side(low) == 0 and limits.side(high) == 0:
            return replace(found, verdict="reproduced")
        _, lower, higher, _ = _interval(samples, strict)
        if limits.side(lower) == limits.side(higher) != 0:
            return replace(found, verdict="refuted")
    sd = math.sqrt(sum(float(np.var(sample, ddof=1)) for sample in samples if len(sample) > 1))
    level = strict if limits.side(mean) else LEVEL
    return undecided(found, abs(mean - found.threshold), sd, level)


def _interval(samples: list[Floats], level: float) -> tuple[float, float, float, int]:
    """Mean, low, high and n of one sample, or of the difference between two."""
    if len(samples) == 2:
        mean, low, high, n = welch_interval(samples[0], samples[1], level)
    else:
        mean, low, high, n = mean_interval(samples[0], level)
    return float(mean), float(low), float(high), int(n)


def _at_each_seed(check: Check, left: Values, right: Values | None) -> Finding:
    """Holds if it holds at every seed; the effect is that of the seed that is worst off."""
    effects = left
    if right is not None:
        effects = {seed: _combined(check, left[seed], right[seed]) for seed in left if seed in right}
    return worst(limits_of(check), effects)


def _combined(check: Check, left: float, right: float) -> float:
    return difference(left, right) if check.times is None else ratio(left, right)


def _logs(limits: Limits) -> Limits:
    low, high = (math.log(limit) if math.isfinite(limit) else limit for limit in limits[:2])
    return Limits(low, high, limits.strict)

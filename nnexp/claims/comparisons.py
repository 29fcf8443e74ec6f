"""Effect, interval and verdict of one comparison."""

import math
from collections.abc import Sequence
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
    Limits,
    join,
    limits_of,
    scaled,
    strict_level,
)
from nnexp.claims.looks import at_first_decision
from nnexp.claims.means import ONE_LOOK, MeanTest, images_text, mean_finding
from nnexp.claims.samples import Sample, difference, ratio
from nnexp.claims.sweep_runs import Values
from nnexp.statistics.images import image_error
from nnexp.statistics.intervals import LEVEL, Floats
from nnexp.statistics.medians import median_difference_interval, median_interval
from nnexp.statistics.shares import least_share, share_interval

NO_RATIO = "both sides are 0: they have no ratio"
ONE_SEED = "a standard deviation needs 2 seeds"


class Contrast(NamedTuple):
    """Two samples, or one and the numbers of the check; `compared`: what its effect is, in words."""

    check: Check
    left: Sample
    right: Sample | None
    compared: str = ""


def compare(contrast: Contrast, tests: int, means: MeanTest = ONE_LOOK) -> Finding:
    """The verdict on one contrast, out of `tests` that a claim makes; `means`: by which test on means."""
    check, left, right, compared = contrast
    if not left.values or (right is not None and not right.values):
        finding = Finding(NOT_JUDGED, n=0, note=NO_RUN)
    elif check.is_on_means:
        finding = _by_means(contrast, tests, means)
    elif check.over == "each":
        finding = _at_each_seed(check, left.values, right.values if right else None)
    else:
        finding = _by_summaries(check, left, right, tests, means)
    where = compared if check.along and math.isnan(finding.effect) else ""  # else its figures say it
    return replace(finding, compared=compared, note=join(where, finding.note))


def _by_means(contrast: Contrast, tests: int, means: MeanTest) -> Finding:
    """By the test on means; where that holds at every look, with the first seeds that decide."""
    check, left, right, _ = contrast
    if not means.every_look:
        return mean_finding(check, left, right, tests, means)

    def decide(samples: Sequence[Sample]) -> Finding:
        return mean_finding(check, samples[0], samples[1] if right else None, tests, means)

    return at_first_decision([left, right] if right else [left], decide)


def _by_summaries(check: Check, left: Sample, right: Sample | None, tests: int, means: MeanTest) -> Finding:
    """By one number of all seeds on either side: a median, the best, a share or an sd."""
    n = min(len(side.values) for side in (left, right) if side)
    effect = _effect(check, left.summary, right.summary) if right else left.summary
    limits = limits_of(check)
    stated = limits.decide(effect, n, why_none=_why_none(check, left, right))
    if stated.verdict == NOT_JUDGED:
        return stated
    low, high = _limits(check, left, right, LEVEL)
    if math.isnan(low) or math.isnan(high) or means.every_look:  # which these intervals are not for
        return scaled(stated, sd=_spread(left, right))
    if right is None and left.images is not None:
        stated = replace(stated, note=join(stated.note, images_text(left.images)))
    return limits.decide_by(
        lambda level: _limits(check, left, right, level), stated, LEVEL, strict_level(tests)
    )


def _limits(check: Check, left: Sample, right: Sample | None, level: float) -> tuple[float, float]:
    """The interval on the effect of two summaries, from those of both at half the error rate; NaN if none."""
    if right is None:
        return _for_other_images(left, *_side_limits(check, left, level), level)
    if check.over == "median" and check.times is None:
        interval = median_difference_interval(_array(left.values), _array(right.values), level)
        return float(interval.low), float(interval.high)
    (low, high), (other_low, other_high) = (
        _side_limits(check, side, (1 + level) / 2) for side in (left, right)
    )
    return _effect(check, low, other_high), _effect(check, high, other_low)


def _for_other_images(side: Sample, low: float, high: float, level: float) -> tuple[float, float]:
    """The limits of an accuracy, widened by the sampling error of the images it was measured on."""
    if side.images is None or math.isnan(low):
        return low, high
    error = float(image_error(side.summary, side.images, level))
    effect = side.summary
    return effect - math.hypot(effect - low, error), effect + math.hypot(high - effect, error)


def _side_limits(check: Check, side: Sample, level: float) -> tuple[float, float]:
    """Of a share by Clopper and Pearson, of a median by order statistics; NaN for what has no interval."""
    values = _array(side.values)
    if check.left.statistic == "share":
        interval = share_interval(values.sum(), len(values), level)
    elif check.over == "median":
        interval = median_interval(values, level)
    else:
        return math.nan, math.nan
    return float(interval.low), float(interval.high)


def _at_each_seed(check: Check, left: Values, right: Values | None) -> Finding:
    """Holds if it holds at every seed; the effect is that of the seed that is worst off."""
    if right is None:
        return worst(limits_of(check), left)
    effects = {seed: _effect(check, left[seed], right[seed]) for seed in left if seed in right}
    zeros = any(math.isnan(effect) and right[seed] == 0 for seed, effect in effects.items())
    return worst(limits_of(check), effects, NO_RATIO if zeros else NEVER_REACHED)


def worst(limits: Limits, effects: Values, why_none: str = NEVER_REACHED) -> Finding:
    """Of a check that must hold at every seed: the finding on the seed that is worst off.

    Its note says at which share of all seeds it holds at least, by the seeds at which it did.
    """
    n = len(effects)
    if not effects:
        return Finding(NOT_JUDGED, n=0, note=NO_PAIR)
    if any(math.isnan(effect) for effect in effects.values()):
        return Finding(NOT_JUDGED, n=n, note=why_none)
    held = sum(limits.side(effect) == 0 for effect in effects.values())
    least = f"{held} of {n} seeds: at least {100 * float(least_share(held, n)):.0f} % of all"
    findings = [limits.decide(effect, n, least) for effect in effects.values()]
    return scaled(min(findings, key=lambda finding: finding.clearance), sd=_sd(_array(effects)))


def _effect(check: Check, left: float, right: float) -> float:
    return difference(left, right) if check.times is None else ratio(left, right)


def _spread(left: Sample, right: Sample | None) -> float:
    """The sd of a seed, of both sides together."""
    return math.hypot(*(_sd(_array(side.values)) for side in (left, right) if side))


def _sd(values: Floats) -> float:
    """NaN for a single value, and for infinite ones."""
    return float(values.std(ddof=1)) if len(values) > 1 and np.isfinite(values).all() else math.nan


def _array(values: Values) -> Floats:
    return np.array(list(values.values()), np.float64)


def _why_none(check: Check, left: Sample, right: Sample | None) -> str:
    """Why a check without an interval has no effect."""
    if any(math.isnan(side.summary) for side in (left, right) if side):
        return ONE_SEED if check.left.statistic == "sd" else NEVER_REACHED
    return NO_RATIO if right and right.summary == 0 else NEVER_REACHED

"""The verdict on a mean, a paired difference or a ratio, by the interval on it."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nnexp.claims.advice import with_seeds
from nnexp.claims.checks import Check
from nnexp.claims.findings import (
    NO_PAIR,
    NOT_JUDGED,
    UNDECIDED,
    Finding,
    infinite,
    join,
    limits_of,
    strict_level,
)
from nnexp.claims.samples import Sample
from nnexp.statistics.images import accuracy_interval, anytime_accuracy_interval, image_error
from nnexp.statistics.intervals import (
    LEAST_SEEDS,
    Floats,
    Interval,
    mean_interval,
    ratio_interval,
    welch_interval,
)
from nnexp.statistics.rounding import with_rounding
from nnexp.statistics.rule import STUDENT, Rule


class MeanTest(NamedTuple):
    """By what a mean is decided: Student's t at one look; where looks are repeated, a test that allows it.

    `interval`: on the mean of `samples (seeds,)` at a level. `rule`: the same test, for an optimum.
    `decisions`: how many share the error rate of 5 %, of all claims of a sweep. `every_look`: it holds at the
    looks after every seed, so that the first decision stands. It is for one sample, so that means of two
    sides (over: mean) are then compared in pairs, too.
    """

    interval: Callable[[Floats, float], Interval] = mean_interval
    rule: Rule = STUDENT
    decisions: int = 1
    every_look: bool = False

    def level(self, level: float) -> float:
        """That at which one of its decisions is made."""
        return 1 - (1 - level) / self.decisions

    def told(self, error: float) -> str:
        """A test at an error rate of its own, in words: `at 5 %`, or `at 0.83 %, for all looks`."""
        return f"at {100 * error:.2g} %{', for all looks' * self.every_look}"

    def strict(self, tests: int) -> float:
        """That at which one of `tests` refutes a claim."""
        return strict_level(max(tests, self.decisions))


ONE_LOOK = MeanTest()
NO_RATIO_TEST = "a ratio of means has no test for repeated looks; over: paired has one"


def mean_finding(
    check: Check, left: Sample, right: Sample | None, tests: int, means: MeanTest = ONE_LOOK
) -> Finding:
    """By Student's t on a mean or a paired difference, by Welch's on two means; see `_interval`.

    Runs that failed to learn suspend a verdict: no mean describes two groups.
    """
    values = [left.values] + ([right.values] if right else [])
    if means.every_look and check.over == "mean" and check.times is None:
        check = replace(check, over="paired") if right else check
    if check.over == "paired":
        common = set.intersection(*(set(side) for side in values))
        values = [{seed: value for seed, value in side.items() if seed in common} for side in values]
    samples = [np.array([side[seed] for seed in sorted(side)], np.float64) for side in values]
    n = min(len(sample) for sample in samples)
    if not n:
        return Finding(NOT_JUDGED, n=0, note=NO_PAIR)
    if not all(np.isfinite(sample).all() for sample in samples):
        return infinite(np.concatenate(samples), n)
    if check.times is not None and min(sample.min() for sample in samples) <= 0:
        return Finding(UNDECIDED, n=n, note="a ratio of means needs values above 0; over: median does not")
    if means.every_look and check.over == "mean" and check.times is not None:
        return Finding(UNDECIDED, n=n, note=NO_RATIO_TEST)
    images = left.images if right is None else None
    grain = 0.0 if images else max(side.grain for side in (left, right) if side)
    finding = _decided(check, samples, tests, means, images, grain)
    if stuck := join(*dict.fromkeys(side.stuck for side in (left, right) if side)):
        note = join(finding.note, f"{stuck}: no mean describes both groups")
        return replace(finding, verdict=UNDECIDED, is_open=False, note=note)
    if finding.verdict != UNDECIDED or means.every_look:
        return finding
    distance, sd = _distance(check, samples, finding)
    return with_seeds(finding, distance, sd, images)


def _decided(
    check: Check, samples: list[Floats], tests: int, means: MeanTest, images: int | None, grain: float
) -> Finding:
    """The finding on samples (one, or two) that are finite. `grain`: the step between two accuracies."""

    def interval(level: float) -> tuple[float, float]:
        both = _interval(check, samples, level, means, images, grain)
        return float(both.low), float(both.high)

    limits = limits_of(check)
    mean, _, _, n = _interval(check, samples, check.level, means, images, grain)
    finding = limits.finding(UNDECIDED, float(mean), int(n))
    notes = [images_text(images)] if images else []
    if check.within is not None:
        level = means.level(check.level)
        tests_text = f"two one-sided tests {means.told((1 - level) / 2)}"
        notes.append(f"{tests_text}: the interval is at {100 * level:.3g} %")
    finding = replace(finding, note=join(*notes), is_open=True)
    if n < LEAST_SEEDS:
        return finding
    finding = limits.decide_by(interval, finding, means.level(check.level), means.strict(tests))
    level = (1 + means.level(check.level)) / 2 if means.every_look else check.level
    if images and abs(finding.effect - finding.threshold) <= image_error(finding.effect, images, level):
        return replace(finding, is_open=False)  # however many seeds there are
    return finding


def _interval(
    check: Check, samples: list[Floats], level: float, means: MeanTest, images: int | None, grain: float
) -> Interval:
    """The interval of what the check is about.

    With times: over mean, of the ratio of two means; paired, of the geometric mean of the ratio at each seed.
    Differences that rounding alone makes equal, or unequal, are no finding: that counts in every interval.
    """
    if check.over == "mean" and len(samples) == 2:
        kind = welch_interval if check.times is None else ratio_interval
        two = kind(samples[0], samples[1], level)
        step = grain if check.times is None else grain * max(1.0, float(two.mean)) / float(samples[1].mean())
        return with_rounding(two, level, step)
    if check.times is not None:
        step = grain / min(float(sample.mean()) for sample in samples)
        logarithms = means.interval(np.log(samples[0]) - np.log(samples[1]), level)
        logarithms = with_rounding(logarithms, level, step, means.rule)
        mean, low, high = (np.exp(figure) for figure in logarithms[:3])
        return Interval(mean, low, high, logarithms.n)
    if images is not None:
        of_accuracy = anytime_accuracy_interval if means.every_look else accuracy_interval
        return of_accuracy(samples[0], images, level)
    interval = means.interval(samples[0] - samples[1] if check.over == "paired" else samples[0], level)
    return with_rounding(interval, level, grain, means.rule)


def images_text(images: int) -> str:
    return f"for examples like the {images:,} it is measured on"


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

"""Findings: a verdict with its figures, and how an effect is held against its limits.

Reproduced and refuted rest on an interval, and each is wrong by chance in at most 5 % of cases; undecided is
what an interval leaves open. What has no interval holds or fails, for the seeds at hand, with no error rate.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from nnexp.claims.checks import Check
from nnexp.statistics.intervals import LEVEL, Floats

REPRODUCED, REFUTED, UNDECIDED = "reproduced", "refuted", "undecided"
HOLDS, FAILS, NOT_JUDGED = "holds", "fails", "not judged"
ORDER = (REFUTED, FAILS, NOT_JUDGED, UNDECIDED, HOLDS, REPRODUCED)  # the weakest first
FRACTIONS = ("accuracy", "share")  # kinds of effects
NO_RUN = "no run has a value"
NO_PAIR = "no seed has a value on both sides"
NEVER_REACHED = "neither side ever reaches the target"


@dataclass(frozen=True)
class Finding:
    """A verdict with its figures, NaN or None where there is none.

    `compared`: what the effect is, in words. `rel`: the relation that it must have to the threshold, one of
    > >= < <= =; in the end, `within` (by so much) of equal, and `between` of two limits, the threshold and
    `threshold_high`. `seeds_low`, `seeds_high`: how many seeds would probably decide it.
    `clearance`: distance to the threshold, negative on its wrong side, in half-widths of the interval, else
    in sd of a seed. `effect_kind`: that of the check.
    """

    verdict: str
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    rel: str | None = None
    threshold: float = math.nan
    threshold_high: float = math.nan
    within: float = math.nan
    n: int | None = None
    seeds_low: int | None = None
    seeds_high: int | None = None
    note: str = ""
    clearance: float = math.nan
    effect_kind: str | None = None
    compared: str | None = None
    is_open: bool = False  # undecided by an interval, which more seeds would make narrower


class Limits(NamedTuple):
    """The effects that meet a check: from `low` to `high`, without them where `strict`."""

    low: float = -math.inf
    high: float = math.inf
    strict: bool = False

    def side(self, effect: float) -> int:
        """-1: too low, 0: meets the check, 1: too high. What differs by rounding alone is equal."""
        for limit, outside in ((self.low, -1), (self.high, 1)):
            if math.isfinite(limit) and math.isclose(effect, limit, rel_tol=1e-9, abs_tol=1e-12):
                return outside * self.strict
        return -1 if effect < self.low else 1 if effect > self.high else 0

    def nearer(self, effect: float) -> float:
        """The threshold: the limit that matters for this effect."""
        finite = [limit for limit in (self.low, self.high) if math.isfinite(limit)]
        return min(finite, key=lambda limit: abs(effect - limit))

    def finding(self, verdict: str, effect: float, n: int, note: str = "") -> Finding:
        """A finding with its threshold, and how far on the right side of it the effect is."""
        threshold = self.nearer(effect)
        sign = -1 if self.side(effect) else 1
        clearance = sign * abs(effect - threshold)
        rel = self.relation(threshold)
        return Finding(verdict, effect, rel=rel, threshold=threshold, n=n, note=note, clearance=clearance)

    def relation(self, limit: float) -> str:
        """The relation to one of its limits of an effect that meets the check."""
        if self.low == self.high:
            return "="
        return (">" if limit == self.low else "<") + "=" * (not self.strict)

    def decide(self, effect: float, n: int, note: str = "", why_none: str = NEVER_REACHED) -> Finding:
        """The finding without an interval. `why_none`: the note where the effect is NaN."""
        if math.isnan(effect):
            return Finding(NOT_JUDGED, n=n, note=why_none)
        return self.finding(FAILS if self.side(effect) else HOLDS, effect, n, note)

    def decide_by(
        self, interval: Callable[[float], tuple[float, float]], finding: Finding, level: float, strict: float
    ) -> Finding:
        """The finding with the verdict that an interval gives.

        All of it on the right side at `level`: reproduced; on the wrong side at `strict`: refuted.
        `interval`: low and high limit at a level.
        """
        low, high = interval(level)
        finding = scaled(replace(finding, verdict=UNDECIDED, low=low, high=high))
        if self.side(low) == 0 and self.side(high) == 0:
            return replace(finding, verdict=REPRODUCED)
        sides = [self.side(limit) for limit in interval(strict)]
        return replace(finding, verdict=REFUTED) if sides[0] == sides[1] != 0 else finding


def limits_of(check: Check) -> Limits:
    """What the effect of a check is compared with."""
    if check.within is not None:
        return Limits(check.centre - check.within, check.centre + check.within, strict=True)
    if check.optimum:
        return Limits(low=check.margin, strict=True)
    if check.rel is None:
        low, high = check.low, check.high
        return Limits(-math.inf if low is None else low, math.inf if high is None else high)
    fixed = check.right if isinstance(check.right, float) else 0.0
    threshold = fixed + check.margin if check.times is None else check.times
    strict = check.rel in (">", "<")
    return Limits(low=threshold, strict=strict) if ">" in check.rel else Limits(high=threshold, strict=strict)


def as_stated(check: Check, finding: Finding) -> Finding:
    """The finding with what the check wants, in its words; of an accuracy or a share, within 0 and 1."""
    finding = replace(finding, effect_kind=check.effect_kind)
    if check.effect_kind in FRACTIONS:
        finding = replace(finding, low=max(finding.low, 0.0), high=min(finding.high, 1.0))
    if finding.rel is None:
        return finding
    if check.within is not None:
        return replace(finding, rel="within", threshold=check.centre, within=check.within)
    if check.low is not None and check.high is not None and check.low < check.high:
        return replace(finding, rel="between", threshold=check.low, threshold_high=check.high)
    return finding


def strict_level(tests: int) -> float:
    """The level at which one of `tests` refutes a claim: by Bonferroni, for one is enough."""
    return 1 - (1 - LEVEL) / tests


def scaled(finding: Finding, sd: float = math.nan) -> Finding:
    """The finding with its clearance in half-widths of its interval, else in `sd`, to be compared.

    Of an interval that is not symmetric it is the half that faces the threshold.
    """
    towards = finding.low if finding.effect > finding.threshold else finding.high
    unit = sd if math.isnan(towards) else abs(finding.effect - towards)
    if math.isnan(unit) or math.isnan(finding.clearance) or math.isinf(finding.clearance):
        return finding
    with np.errstate(divide="ignore", invalid="ignore"):
        return replace(finding, clearance=float(np.nan_to_num(np.divide(finding.clearance, unit), nan=0.0)))


def weakest(verdicts: Iterable[str]) -> str:
    """The verdict on a statement that holds if all of its parts do."""
    return min(verdicts, key=ORDER.index)


def weakest_finding(findings: Iterable[Finding]) -> Finding:
    """Of several that must all hold: the one with the weakest verdict, of these the nearest to failing."""
    return min(
        findings,
        key=lambda each: (
            ORDER.index(each.verdict),
            -math.inf if math.isnan(each.clearance) else each.clearance,
        ),
    )


def infinite(values: Floats, n: int) -> Finding:
    """The finding where a run has an infinite value, which has no mean."""
    count = int(np.isinf(values).sum())
    why = f"{count} values are infinite, for a target that was never reached: over: median takes them"
    return Finding(UNDECIDED, n=n, note=why)


def join(*notes: str) -> str:
    """The notes that say anything, in one line."""
    return "; ".join(filter(None, notes))

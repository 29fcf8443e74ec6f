"""Findings: a verdict with its figures, and how an effect is held against its limits."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from nnexp.claims.checks import Check
from nnexp.claims.samples import Values
from nnexp.statistics.intervals import LEAST_SEEDS, MOST_SEEDS, Floats, seeds_needed

NOT_JUDGED = "not judged"
NO_RUN = "no run has a value"
NO_PAIR = "no seed has a value on both sides"
NEVER_REACHED = "neither side ever reaches the target"


@dataclass(frozen=True)
class Finding:
    """A verdict with its figures, NaN or None where there is none.

    `clearance`: distance to the threshold, negative on its wrong side. `rel`: the relation that the effect
    must have to the threshold, one of > >= < <= =. `effect_kind`: that of the check.
    """

    verdict: str
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    rel: str | None = None
    threshold: float = math.nan
    n: int | None = None
    seeds_needed: int | None = None
    note: str = ""
    clearance: float = math.nan
    effect_kind: str | None = None


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
        """A finding with its threshold, and how far the effect is on the right side of it."""
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
        return self.finding("refuted" if self.side(effect) else "reproduced", effect, n, note)


def limits_of(check: Check) -> Limits:
    """What the effect of a check is compared with."""
    if check.optimum:
        return Limits(low=check.margin, strict=True)
    if check.rel is None:
        low, high = check.low, check.high
        return Limits(-math.inf if low is None else low, math.inf if high is None else high)
    fixed = check.right if isinstance(check.right, float) else 0.0
    threshold = fixed + check.margin if check.times is None else check.times
    strict = check.rel in (">", "<")
    return Limits(low=threshold, strict=strict) if ">" in check.rel else Limits(high=threshold, strict=strict)


def with_seeds_needed(finding: Finding, distance: float, sd: float, level: float) -> Finding:
    """The finding with an estimate of how many seeds would decide it."""
    needed = seeds_needed(distance, sd, level)
    why = f"about {needed} seeds would decide it"
    if needed is None:
        why = f"even {MOST_SEEDS} seeds would not decide it"
    if finding.n is not None and finding.n < LEAST_SEEDS:
        why = f"n = {finding.n}: an interval needs {LEAST_SEEDS} seeds"
    return replace(finding, verdict="undecided", seeds_needed=needed, note=join(finding.note, why))


def worst(limits: Limits, effects: Values, why_none: str = NEVER_REACHED) -> Finding:
    """Of a check that must hold at every seed: the finding on the seed that is worst off."""
    n = len(effects)
    if not effects:
        return Finding(NOT_JUDGED, n=0, note=NO_PAIR)
    if any(math.isnan(effect) for effect in effects.values()):
        return Finding(NOT_JUDGED, n=n, note=why_none)
    held = sum(limits.side(effect) == 0 for effect in effects.values())
    findings = [limits.decide(effect, n, f"holds at {held} of {n} seeds") for effect in effects.values()]
    return min(findings, key=lambda finding: finding.clearance)


def infinite(values: Floats, n: int) -> Finding:
    """The finding where a run has an infinite value, which has no mean."""
    count = int(np.isinf(values).sum())
    why = f"{count} values are infinite, for a target that was never reached: over: median takes them"
    return Finding("undecided", n=n, note=why)


def join(*notes: str) -> str:
    """The notes that say anything, in one line."""
    return "; ".join(filter(None, notes))

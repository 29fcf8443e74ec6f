"""Verdicts that hold however often one looks: those of a sweep whose seeds go on until decided.

A check on means or paired differences is decided by the anytime-valid t at its first seeds that decide it,
and that stands: what comes later is for other decisions. All of them together are wrong in at most 5 % of
sweeps, comparison with the best included; that has half of it, and the tests of all claims share the other.
What has no such test holds or fails, for the seeds at hand, and takes no more of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from nnexp.claims.checks import Check
from nnexp.claims.findings import REFUTED, REPRODUCED, Finding, join
from nnexp.claims.means import ONE_LOOK, MeanTest
from nnexp.claims.parsing import Claim
from nnexp.claims.samples import Sample, Sweeps
from nnexp.results.by_point import level_of_best
from nnexp.statistics.intervals import Floats, Interval
from nnexp.statistics.sequential import ANYTIME, anytime_interval, least_seeds, least_seeds_to_leave
from nnexp.sweep.question.plan import Plan


def means_of(plan: Plan, claims: Sequence[Claim]) -> MeanTest:
    """By which test the claims of a plan are decided."""
    if plan.until is None:
        return ONE_LOOK
    tests = sum(check.tests for claim in claims for check in claim.checks if check.is_on_means)
    shares = 2 if len(plan.points) > 1 else 1  # with the comparison of points
    return MeanTest(_interval, ANYTIME, shares * max(tests, 1), every_look=True)


def means_for(check: Check, sweeps: Sweeps, means: MeanTest) -> MeanTest:
    """By which test a check is decided: by the same where any sweep that it takes goes on until decided."""
    until = any(sweeps[leaf.sweep].plan.until for leaf in check.leaves)
    return MeanTest(_interval, ANYTIME, every_look=True) if until and not means.every_look else means


def _interval(samples: Floats, level: float) -> Interval:
    return anytime_interval(samples, level=level)


def first_possible(plan: Plan, claims: Sequence[Claim]) -> int | None:
    """With how many seeds anything can be decided at the earliest; None if there is nothing to decide."""
    ways = []
    if len(plan.points) > 1:
        ways.append(least_seeds_to_leave(len(plan.points), level_of_best(plan)))
    if any(check.is_on_means for claim in claims for check in claim.checks):
        ways.append(least_seeds(means_of(plan, claims).decisions))
    return min(ways, default=None)


def at_first_decision(samples: Sequence[Sample], decide: Callable[[Sequence[Sample]], Finding]) -> Finding:
    """The finding on as many seeds, from the first on, as decide; where none do, on all of them."""
    seeds = sorted(set().union(*(sample.values for sample in samples)))
    for n in range(2, len(seeds)):
        finding = decide([sample.of(seeds[:n]) for sample in samples])
        if finding.verdict in (REPRODUCED, REFUTED):
            return replace(finding, note=join(finding.note, f"decided with {n} of {len(seeds)} seeds"))
    return decide(samples)

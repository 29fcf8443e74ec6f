"""Verdicts: what the finished runs say about each claim.

A check whose interval lies on the right side of its threshold is reproduced, on the wrong side refuted, and
across it undecided. What has no interval (best, each, sd, a median of fewer than 6 seeds) holds or fails.

All checks of a claim must hold. It is reproduced if each of them is, at 95 %: a wrong claim has a wrong
check, and that one passes by chance in at most 5 % of cases, however many there are (an intersection of tests
needs no correction; Berger 1982). It is refuted if one of them is, at 95 % after Bonferroni's correction for
the number of tests that the claim makes: else, of many true checks, one would fail by chance. The figures are
those of the weakest check. A claim that is the same as others is as sure as the weakest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nnexp.claims.checks import Check
from nnexp.claims.comparisons import Contrast, compare
from nnexp.claims.findings import (
    NOT_JUDGED,
    ORDER,
    UNDECIDED,
    Finding,
    as_stated,
    join,
    weakest_finding,
)
from nnexp.claims.looks import means_for, means_of
from nnexp.claims.means import ONE_LOOK, MeanTest
from nnexp.claims.optimum import optimum
from nnexp.claims.parsing import Claim, Reference, claims_of
from nnexp.claims.quantities import Quantity
from nnexp.claims.samples import Sweeps, losses
from nnexp.claims.sweep_runs import Frames, SweepRuns
from nnexp.claims.wording import check_words, step_words
from nnexp.errors import UserError, unknown
from nnexp.sweep.question.plan import Plan
from nnexp.text import spelled

if TYPE_CHECKING:
    import pandas as pd

DTYPES = {
    **dict.fromkeys(("id", "text", "source", "published", "verdict", "effect_kind"), "string"),
    **dict.fromkeys(("effect", "effect_low", "effect_high"), "float64"),
    **dict.fromkeys(("compared", "rel"), "string"),
    **dict.fromkeys(("threshold", "threshold_high", "within"), "float64"),
    **{"n": "Int64", "seeds_low": "Int64", "seeds_high": "Int64", "note": "string"},
}


def judge(
    claims: Sequence[Claim],
    plan: Plan,
    runs: pd.DataFrame,
    history: pd.DataFrame,
    others: Callable[[str], Frames] | None = None,
) -> pd.DataFrame:
    """One row per claim, in their order: the verdict, and the figures of the check that decides it.

    `published`: the figure of the source, as the claim gives it. `verdict`: reproduced, refuted, undecided;
    holds, fails (without an error rate); not judged (`note` says why). `effect`: left - right, left /
    right, or left, as `effect_kind` says, with its interval where it has one; `compared`: the same in words,
    what is measured and which side minus which; `rel`, `threshold`: the relation that it must have to this
    value; `threshold_high`: where `rel` is `between`, that and the threshold are the limits; `within`: where
    `rel` is that, how near to the threshold.
    `seeds_low`, `seeds_high`: so many would decide an undecided claim with a power of 80 %, if its effect is
    as observed; missing if it is more than 1000.

    `runs`, `history`: the frames of `tables`.
    `others` gives plan, runs and history of another sweep by name, and raises UserError if there is none.
    """
    import pandas as pd

    sweeps, means = Sweeps(SweepRuns(plan, runs, history), others), means_of(plan, claims)
    findings: dict[str, Finding] = {}
    for claim in sorted(claims, key=lambda claim: bool(claim.same_as)):
        findings[claim.id] = _same(claim, findings, sweeps) if claim.same_as else judged(claim, sweeps, means)
    rows = [_row(claim, findings[claim.id]) for claim in claims]
    return pd.DataFrame({name: pd.Series([r[name] for r in rows], dtype=DTYPES[name]) for name in DTYPES})


def _row(claim: Claim, finding: Finding) -> dict[str, object]:
    return {
        "id": claim.id,
        "text": claim.text,
        "source": claim.source or None,
        "published": claim.published or None,
        "verdict": finding.verdict,
        "effect_kind": finding.effect_kind,
        "effect": finding.effect,
        "effect_low": finding.low,
        "effect_high": finding.high,
        "compared": finding.compared,
        "rel": finding.rel,
        "threshold": finding.threshold,
        "threshold_high": finding.threshold_high,
        "within": finding.within,
        "n": finding.n,
        "seeds_low": finding.seeds_low,
        "seeds_high": finding.seeds_high,
        "note": finding.note or None,
    }


def judged(claim: Claim, sweeps: Sweeps, means: MeanTest = ONE_LOOK) -> Finding:
    """The finding of the check that decides the claim, with what a reader should know of all of them."""
    sweeps.notes.clear()
    try:
        findings, lost = _by_check(claim, sweeps, means)
    except UserError as error:
        return Finding(NOT_JUDGED, note=str(error))
    weakest = weakest_finding(findings)
    notes = [weakest.note, *lost, *sweeps.notes, claim.looks_at_test.text]
    return replace(weakest, note=join(*dict.fromkeys(notes)))


def _by_check(claim: Claim, sweeps: Sweeps, means: MeanTest) -> tuple[list[Finding], list[str]]:
    """The finding of each check, and what its runs lost.

    Raises:
        UserError: why the claim is not judged.
    """
    if claim.refused:
        raise UserError(claim.refused)
    left, total, lost = losses(sweeps, _used(claim.checks, sweeps))
    if left:
        raise UserError(f"{left} of {total} runs have not ended")
    if any(sweeps[name].shared(point) for name, point in _used(claim.checks, sweeps, time=True)):
        raise UserError("its runs were trained together and shared their time: it needs timing: true")
    return _findings(claim, sweeps, means), lost


def tests_of(claim: Claim) -> int:
    """How many tests the claim makes."""
    return sum(check.tests for check in claim.checks)


def points_to_decide(
    claims: Sequence[Claim],
    plan: Plan,
    runs: pd.DataFrame,
    history: pd.DataFrame,
    others: Callable[[str], Frames] | None = None,
) -> set[int]:
    """Numbers of the points whose further seeds may decide a claim: those of its checks that are open.

    Arguments: as of `judge`. A check that takes another sweep's points, too, has all the seeds it can get.
    """
    sweeps, means = Sweeps(SweepRuns(plan, runs, history), others), means_of(plan, claims)
    points: set[int] = set()
    for claim in (claim for claim in claims if claim.checks):
        try:
            findings, _ = _by_check(claim, sweeps, means)
        except UserError:  # it is not judged
            continue
        if ORDER.index(weakest_finding(findings).verdict) < ORDER.index(UNDECIDED):
            continue
        for check, finding in zip(claim.checks, findings, strict=True):
            used = _used([check], sweeps)
            if finding.verdict == UNDECIDED and finding.is_open and all(name is None for name, _ in used):
                points |= {point for _, point in used}
    return points


def _findings(claim: Claim, sweeps: Sweeps, means: MeanTest) -> list[Finding]:
    """One for each check; along an axis, that of the weakest step."""
    by_check = [list(_contrasts(check, sweeps)) for check in claim.checks]
    tests = tests_of(claim)
    findings = []
    for number, (check, contrasts) in enumerate(zip(claim.checks, by_check, strict=True), start=1):
        test = means_for(check, sweeps, means)
        if check.optimum:
            finding = optimum(check, [contrast.left for contrast in contrasts], tests, test)
        else:
            finding = weakest_finding(compare(contrast, tests, test) for contrast in contrasts)
        part = f"check {number} of {len(by_check)}" if len(by_check) > 1 else ""
        note = ": ".join(filter(None, [part, finding.note]))
        findings.append(as_stated(check, replace(finding, note=note)))
    return findings


def _contrasts(check: Check, sweeps: Sweeps) -> Iterator[Contrast]:
    """Left and right; between neighbours along an axis; of an optimum, each point alone."""
    if check.along is None:
        left = sweeps.sample(check.left, check.over, {})
        right = sweeps.sample(check.right, check.over, {}) if isinstance(check.right, Quantity) else None
        yield Contrast(check, left, right, check_words(check))
        return
    samples = [sweeps.sample(check.left, check.over, {check.along: value}) for value in check.grid]
    if check.optimum:
        yield from (Contrast(check, sample, None) for sample in samples)
        return
    places = [f"{check.along}={spelled(value)}" for value in check.grid]
    for i in range(1, len(samples)):
        compared = step_words(check, places[i], places[i - 1])
        yield Contrast(check, samples[i], samples[i - 1], compared)


def _used(checks: Iterable[Check], sweeps: Sweeps, time: bool = False) -> list[tuple[str | None, int]]:
    """Sweep and number of every point that the checks rest on; with `time`, only where they take times."""
    used = []
    for check in checks:
        for leaf in (leaf for leaf in check.leaves if leaf.is_time or not time):
            places = [{check.along: value} for value in check.grid] if check.along else [{}]
            used += [(leaf.sweep, point) for place in places for point in sweeps.points(leaf, place)]
    return list(dict.fromkeys(used))


def _same(claim: Claim, known: Mapping[str, Finding], sweeps: Sweeps) -> Finding:
    """The figures of the weakest of the claims that it rests on."""
    findings = [known[r.id] if r.sweep is None else _elsewhere(r, sweeps) for r in claim.same_as]
    weakest = weakest_finding(findings)
    figures = f", figures of {claim.same_as[findings.index(weakest)].id}" if len(findings) > 1 else ""
    note = f"as {', '.join(map(str, claim.same_as))}{figures}"
    return replace(weakest, note=join(note, weakest.note))


def _elsewhere(reference: Reference, sweeps: Sweeps) -> Finding:
    """A claim of another sweep, judged by that sweep's runs."""
    try:
        other = sweeps.as_seen_from(reference.sweep)
        plan = other[None].plan
        claims = {claim.id: claim for claim in claims_of(plan) if claim.checks}
        if reference.id not in claims:
            raise unknown(f"claim with a check of sweep {reference.sweep}", reference.id, claims)
    except UserError as error:
        return Finding(NOT_JUDGED, note=str(error))
    return judged(claims[reference.id], other, means_of(plan, tuple(claims.values())))

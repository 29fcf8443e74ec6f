"""Published results of a sweep: what they say of its claims, and whether they are still what is asked.

The claims are those that the sweep file has now, judged from the published runs and their whole history by
the code as it is now, and by no other file: whoever has the repository can do the same, by other rules too.

A verdict is current if what it rests on is what is committed now: the formulas that its runs use, and the
settings and seeds of every run, for the claim's own sweep and every other whose points it takes. Otherwise it
is stale. This leaves out the data, which are checked when they are loaded.

A sweep file that leaves the data set at the default may be published on another, `data=mnist`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from nnexp.claims.checks import LooksAtTest
from nnexp.claims.findings import NOT_JUDGED
from nnexp.claims.parsing import Claim, claims_of
from nnexp.claims.places import NoAnswerError
from nnexp.claims.sweep_runs import Frames
from nnexp.claims.verdicts import judge
from nnexp.errors import UserError
from nnexp.labbook.sweep_files import CurrentQuestion
from nnexp.report.answer import Verdict
from nnexp.report.effects import verdicts_of
from nnexp.results.read_csv import read_tables
from nnexp.sweep.question.identity import numerics_of
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.seeds import as_written
from nnexp.sweep.question.tuning import as_written as written_tuning
from nnexp.sweep.store.plan_file import FILE, read_plan
from nnexp.text import spelled

Book: TypeAlias = "Mapping[str, Frames]"  # by name, the published plan, runs and history of sweeps


class PublishedVerdict(NamedTuple):
    """`stale`: why what it rests on is out of date; empty if it is current. `looks`: at test data."""

    verdict: Verdict
    stale: str
    looks: LooksAtTest = LooksAtTest()


def read_published(sweeps_dir: str | Path, names: Sequence[str]) -> tuple[dict[str, Frames], dict[str, str]]:
    """By name, the published results of those of the sweeps that have any, and of the stages and trials that
    these rest on; and what is wrong with others."""
    published: dict[str, Frames] = {}
    damaged: dict[str, str] = {}
    wanted = list(names)
    for name in wanted:
        folder = Path(sweeps_dir, PUBLISHED, name)
        if not (folder / FILE).exists():
            continue
        try:
            plan = read_plan(folder)
            tables = read_tables(plan, folder)
            check_rows(folder / "runs.csv", len(tables.runs), plan)
            published[name] = plan, tables.runs, tables.history
            wanted += [part for part in map(_name_of, _rests_on(plan)) if part not in wanted]
        except UserError as error:  # one that cannot be read hides no other
            damaged[name] = f"{error}: nnexp publish {name} makes it whole"
    return published, damaged


def check_rows(path: Path, rows: int, plan: Plan) -> None:
    """Raise unless all runs are there: only a finished sweep is published."""
    if rows != len(plan.runs):
        raise UserError(f"{path} must have {len(plan.runs)} rows, one for each run, got {rows}")


def judge_published(
    name: str, book: Book, files: Mapping[str, CurrentQuestion]
) -> dict[str, PublishedVerdict]:
    """By id, the verdicts on the claims of a published sweep that have a check.

    One that its runs cannot answer is not judged, and says why.

    Raises:
        UserError: a claim makes no sense for any runs.
    """

    def others(other: str) -> Frames:
        if other not in book:
            raise UserError(f"it rests on the sweep {other}, which is not published")
        return book[other]

    plan, runs, history = book[name]
    checked = tuple(claim for claim in files[name].question.claims if "check" in claim)
    claims: list[Claim] = []
    told: dict[str, PublishedVerdict] = {}
    for raw in checked:
        try:
            claims += claims_of(replace(plan, claims=(raw,)))
        except NoAnswerError as error:
            verdict = Verdict(raw["id"], raw["text"], NOT_JUDGED, note=str(error))
            told[raw["id"]] = PublishedVerdict(verdict, why_stale([name], book, files))
        except UserError as error:
            raise UserError(f"+sweep={name}: {error}") from None
    verdicts = verdicts_of(judge(claims, plan, runs, history, others))
    for claim, verdict in zip(claims, verdicts, strict=True):
        stale = why_stale([name, *claim.point_sweeps], book, files)
        told[claim.id] = PublishedVerdict(verdict, stale, claim.looks_at_test)
    return told


def why_stale(names: Sequence[str], book: Book, files: Mapping[str, CurrentQuestion]) -> str:
    """Why the first of the sweeps is out of date that is; empty if all are what is asked now."""
    return next(filter(None, (_why_sweep_stale(name, book, files) for name in names)), "")


def _why_sweep_stale(name: str, book: Book, files: Mapping[str, CurrentQuestion]) -> str:
    if name not in book:
        return f"{name} is not published"
    plan = book[name][0]
    if reason := _why_formulas_differ(name, book):
        return reason
    if name not in files:
        return f"{name} has no sweep file"
    change = _change(plan, files[name])
    return f"{name}: the sweep file has changed {change} since" if change else ""


def _why_formulas_differ(name: str, book: Book) -> str:
    """Why a published sweep, or a stage or the trials that it rests on, is not one of today's formulas."""
    plan = book[name][0]
    if not _has_same_formulas(plan):
        return f"{name} was trained with other code of the numerical core"
    for part in _rests_on(plan):
        own = _name_of(part)
        if own not in book or book[own][0].sweep_id != part.rpartition("/")[2]:
            return f"{name} rests on {part}, which is not published"
        if reason := _why_formulas_differ(own, book):
            return reason
    return ""


def _rests_on(plan: Plan) -> list[str]:
    """NAME/ID of the stages and the trials that a sweep rests on."""
    return list(filter(None, [plan.trials, *(result.sweep for result in plan.stages)]))


def _name_of(sweep: str) -> str:
    """NAME of NAME/ID."""
    return sweep.rpartition("/")[0]


def check_current(name: str, plan: Plan, file: CurrentQuestion) -> None:
    """Raise `UserError` unless the plan is what the sweep file gives with the code as it is now."""
    if not _has_same_formulas(plan):
        raise UserError(f"{name} was trained with other code of the numerical core: train it again")
    if change := _change(plan, file):
        raise UserError(f"{name} differs from its sweep file in {change}: train it as the file says")
    claims = file.question.claims
    if len(plan.claims) != len(claims) or any(_claim_has_changed(plan, claim) for claim in claims):
        raise UserError(f"{name} was judged by other claims: its own command, again, takes those of the file")


def _has_same_formulas(plan: Plan) -> bool:
    """Whether the code of today has the formulas that the plan's runs were trained with."""
    return numerics_of(run.settings for run in plan.first_runs) == plan.numerics


def _change(plan: Plan, file: CurrentQuestion) -> str:
    """What the sweep file asks otherwise than the plan: `the seeds`, `epochs`; empty if nothing."""
    planned, asked = [run.settings for run in plan.first_runs], file.settings
    tuned = [tuning and written_tuning(tuning) for tuning in (plan.tuning, file.question.tuning)]
    if tuned[0] != tuned[1]:
        return "what is tuned"
    if [result.asked for result in plan.stages] != [stage.digest for stage in file.question.stages]:
        return "the stages"
    chosen = {name for result in plan.stages for name in result.took}
    if plan.tuning and (plan.trials or plan.is_search):
        chosen |= set(plan.tuning.names)
    if chosen & set(plan.axes):  # points that a search has chosen, or asked for, all from one base
        asked = [asked[0]] * len(planned)
    if len(planned) != len(asked):
        return "the number of points"
    for before, now in zip(planned, asked, strict=True):
        for name in now:
            if name not in {"seed", *chosen} and spelled(before[name]) != spelled(now[name]):
                return name
    question = file.question
    same = {
        "the seeds": as_written(plan.until or plan.seeds) == as_written(question.seeds),
        "timing": plan.timing == question.timing,
        "the target": plan.target == question.target,
    }
    return next((name for name, equal in same.items() if not equal), "")


def _claim_has_changed(plan: Plan, claim: Mapping[str, Any]) -> bool:
    """Whether the plan does not have the claim, or has another check for it."""
    before = next((old for old in plan.claims if old["id"] == claim["id"]), {})
    return any(before.get(key) != claim.get(key) for key in ("id", "check", "same_as"))

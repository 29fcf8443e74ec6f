"""Published results of a sweep, and whether they are still what the committed files give.

A verdict is current if what it rests on is what is committed now: the code of the numerical core (its
digest), the settings and seeds of every run and the claim's check (both as the sweep file has them), for the
claim's own sweep and every other that it takes. Otherwise it is stale. Two things the digest leaves out: the
data, which are checked when they are loaded, and the code that judges. So a claim whose figures all stand in
runs.csv (final ones, the best validation accuracy, times, counts of diverged runs) is judged again from it,
and is stale if that comes out otherwise. A claim on learning curves is not: histories are not committed.

A sweep file that leaves the data set at the default may be published on another, `data=mnist`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from nnexp.claims.parsing import Claim, claims_of
from nnexp.claims.sweep_verdicts import read_verdicts
from nnexp.errors import UserError
from nnexp.labbook.rejudging import Runs, comes_out_again
from nnexp.results.read_csv import read_tables
from nnexp.sweep.question.identity import numerics_of
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan, Question
from nnexp.sweep.store.plan_file import FILE, read_plan
from nnexp.text import spelled

NO_CLAIMS = pd.DataFrame({"id": pd.Series([], dtype="string")})


class Asked(NamedTuple):
    """What a sweep file asks now: its question, and the settings of every point."""

    question: Question
    settings: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Published:
    """A sweep's committed results. `verdicts`: a row per claim, by id; `claims`: as they were judged."""

    results: Runs
    verdicts: Mapping[str, pd.Series]
    claims: Mapping[str, Claim]


def read_published(
    sweeps_dir: str | Path, names: Sequence[str]
) -> tuple[dict[str, Published], dict[str, str]]:
    """By name, the published results of those of the sweeps that have any; and what is wrong with others."""
    published: dict[str, Published] = {}
    damaged: dict[str, str] = {}
    for name in names:
        folder = Path(sweeps_dir, PUBLISHED, name)
        if not (folder / FILE).exists():
            continue
        try:
            published[name] = _read(folder)
        except UserError as error:  # one that cannot be read hides no other
            damaged[name] = f"{error}: nnexp publish {name} makes it whole"
    return published, damaged


def _read(folder: Path) -> Published:
    plan, path = read_plan(folder), folder / "verdicts.csv"
    table = read_verdicts(path) if path.exists() else NO_CLAIMS
    try:
        claims = {claim.id: claim for claim in claims_of(plan)}
    except UserError as error:
        raise UserError(f"{folder / FILE}: {error}") from None
    rows = {str(row["id"]): row for _, row in table.iterrows() if row["id"] in claims}
    return Published(Runs(plan, read_tables(plan, folder).runs), rows, claims)


def same_formulas(plan: Plan) -> bool:
    """Whether the code of today has the formulas that the plan's runs were trained with."""
    return numerics_of(run.settings for run in plan.first_runs) == plan.numerics


def changed(plan: Plan, asked: Asked) -> str:
    """What the sweep file asks otherwise than the plan: `the seeds`, `epochs`; empty if nothing."""
    planned = [run.settings for run in plan.first_runs]
    if len(planned) != len(asked.settings):
        return "the number of points"
    for before, now in zip(planned, asked.settings, strict=True):
        for name in now:
            if name != "seed" and spelled(before[name]) != spelled(now[name]):
                return name
    question = asked.question
    same = {
        "the seeds": plan.seeds == tuple(question.seeds),
        "timing": plan.timing == question.timing,
        "the target": plan.target == question.target,
    }
    return next((name for name, equal in same.items() if not equal), "")


def changed_claim(plan: Plan, claim: Mapping[str, Any]) -> bool:
    """Whether the plan does not have the claim, or has another check for it."""
    before = next((old for old in plan.claims if old["id"] == claim["id"]), {})
    return any(before.get(key) != claim.get(key) for key in ("id", "check", "same_as"))


def outdated(
    name: str, claim: Mapping[str, Any], book: Mapping[str, Published], files: Mapping[str, Asked]
) -> str:
    """Why the published verdict on a claim of the sweep `name` is stale; empty if it is current."""
    if why := _outdated_sweep(name, book, files):
        return why
    own, wanted = book[name], claim["id"]
    if changed_claim(own.results.plan, claim):
        return f"{name}: the check of {wanted} has changed since"
    if wanted not in own.verdicts:
        return f"{name}: verdicts.csv lacks {wanted}"
    for other in own.claims[wanted].point_sweeps:
        if why := _outdated_sweep(other, book, files):
            return why
    again = comes_out_again(
        own.claims[wanted], own.verdicts[wanted], own.results, lambda other: book[other].results
    )
    return "" if again else f"{name}: judged anew from runs.csv, {wanted} comes out otherwise"


def _outdated_sweep(name: str, book: Mapping[str, Published], files: Mapping[str, Asked]) -> str:
    if name not in book:
        return f"{name} is not published"
    plan = book[name].results.plan
    if not same_formulas(plan):
        return f"{name} was trained with other code of the numerical core"
    if name not in files:
        return f"{name} has no sweep file"
    what = changed(plan, files[name])
    return f"{name}: the sweep file has changed {what} since" if what else ""


def check_current(name: str, plan: Plan, asked: Asked) -> None:
    """Raise `UserError` unless the plan is what the sweep file gives with the code as it is now."""
    if not same_formulas(plan):
        raise UserError(f"{name} was trained with other code of the numerical core: train it anew")
    if what := changed(plan, asked):
        raise UserError(
            f"{name} is not what its sweep file asks now, which has changed {what}: train it anew"
        )
    if len(plan.claims) != len(asked.question.claims) or any(
        changed_claim(plan, claim) for claim in asked.question.claims
    ):
        raise UserError(f"{name} was judged by other claims: its own command, again, takes those of the file")

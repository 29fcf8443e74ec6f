"""Published results of a sweep, and whether they are still what the committed files give.

A verdict is current if what it rests on is what is committed now: the formulas that its runs use, the
settings and seeds of every run and the claim's check (both as the sweep file has them), for the claim's own
sweep and every other whose points it takes. Otherwise it is stale. Two things this leaves out: the data,
which are checked when they are loaded, and the code that judges. So a claim whose figures all stand in
runs.csv (final ones, the best validation accuracy, times, counts of diverged runs) is judged again from it,
and is stale if that comes out otherwise. A claim on learning curves is not: histories are not committed.

A sweep file that leaves the data set at the default may be published on another, `data=mnist`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnexp.claims.parsing import Claim, claims_of
from nnexp.claims.samples import Frames
from nnexp.claims.sweep_verdicts import read_verdicts
from nnexp.claims.verdicts import judge
from nnexp.errors import UserError
from nnexp.labbook.sweep_files import CurrentQuestion
from nnexp.results.read_csv import read_tables
from nnexp.results.tables import history_table
from nnexp.sweep.question.identity import numerics_of
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.plan_file import FILE, read_plan
from nnexp.text import spelled

if TYPE_CHECKING:
    import pandas as pd

VERDICT_FIGURES = ["effect", "effect_low", "effect_high", "n"]


@dataclass(frozen=True)
class PublishedSweep:
    """A sweep's committed results. `verdicts`: a row per claim, by id; `claims`: as they were judged."""

    plan: Plan
    runs: pd.DataFrame
    verdicts: Mapping[str, pd.Series]
    claims: Mapping[str, Claim]

    @property
    def frames(self) -> Frames:
        """What claims are judged by; without a history."""
        return self.plan, self.runs, history_table(self.plan, {})


Book = Mapping[str, PublishedSweep]  # by name


def read_published(
    sweeps_dir: str | Path, names: Sequence[str]
) -> tuple[dict[str, PublishedSweep], dict[str, str]]:
    """By name, the published results of those of the sweeps that have any; and what is wrong with others."""
    published: dict[str, PublishedSweep] = {}
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


def _read(folder: Path) -> PublishedSweep:
    plan, path = read_plan(folder), folder / "verdicts.csv"
    try:
        claims = {claim.id: claim for claim in claims_of(plan)}
    except UserError as error:
        raise UserError(f"{folder / FILE}: {error}") from None
    table = read_verdicts(path).iterrows() if path.exists() else ()
    rows = {str(row["id"]): row for _, row in table if row["id"] in claims}
    return PublishedSweep(plan, read_tables(plan, folder).runs, rows, claims)


def why_stale(name: str, claim: Mapping[str, Any], book: Book, files: Mapping[str, CurrentQuestion]) -> str:
    """Why the published verdict on a claim of the sweep `name` is stale; empty if it is current."""
    if reason := _why_sweep_stale(name, book, files):
        return reason
    own, claim_id = book[name], claim["id"]
    if _claim_has_changed(own.plan, claim):
        return f"{name}: the check of {claim_id} has changed since"
    if claim_id not in own.verdicts:
        return f"{name}: verdicts.csv lacks {claim_id}"
    for other in own.claims[claim_id].point_sweeps:
        if reason := _why_sweep_stale(other, book, files):
            return reason
    same = _comes_out_again(own.claims[claim_id], own, book)
    return "" if same else f"{name}: judged again from runs.csv, {claim_id} comes out otherwise"


def _why_sweep_stale(name: str, book: Book, files: Mapping[str, CurrentQuestion]) -> str:
    if name not in book:
        return f"{name} is not published"
    plan = book[name].plan
    if not _has_same_formulas(plan):
        return f"{name} was trained with other code of the numerical core"
    if name not in files:
        return f"{name} has no sweep file"
    change = _change(plan, files[name])
    return f"{name}: the sweep file has changed {change} since" if change else ""


def _comes_out_again(claim: Claim, own: PublishedSweep, book: Book) -> bool:
    """Whether judging the runs gives the row of verdicts.csv; true where runs.csv is not enough to tell."""
    import pandas as pd

    if not all(leaf.in_runs_csv for leaf in claim.leaves):
        return True
    before = own.verdicts[claim.id]
    now = judge([claim], *own.frames, lambda name: book[name].frames).iloc[0]
    figures = (pd.to_numeric(row[VERDICT_FIGURES]) for row in (now, before))
    a, b = (column.to_numpy(np.float64, na_value=np.nan) for column in figures)
    same = np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
    return bool(now["verdict"] == before["verdict"] and same)


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
    planned = [run.settings for run in plan.first_runs]
    if len(planned) != len(file.settings):
        return "the number of points"
    for before, now in zip(planned, file.settings, strict=True):
        for name in now:
            if name != "seed" and spelled(before[name]) != spelled(now[name]):
                return name
    question = file.question
    same = {
        "the seeds": plan.seeds == tuple(question.seeds),
        "timing": plan.timing == question.timing,
        "the target": plan.target == question.target,
    }
    return next((name for name, equal in same.items() if not equal), "")


def _claim_has_changed(plan: Plan, claim: Mapping[str, Any]) -> bool:
    """Whether the plan does not have the claim, or has another check for it."""
    before = next((old for old in plan.claims if old["id"] == claim["id"]), {})
    return any(before.get(key) != claim.get(key) for key in ("id", "check", "same_as"))

"""Where a sweep comes from: what trained it, what makes it again, and who looked at it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnexp.claims.answerable import frozen_claims
from nnexp.claims.checks import LooksAtTest
from nnexp.config import file_behind
from nnexp.pages.content import Look, Origin, Pairs
from nnexp.pages.sweep_file import sweep_file
from nnexp.results.tables import Results
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.stages import is_part
from nnexp.sweep.store.looks import COMMITTEE, looks_at_question
from nnexp.sweep.store.plan_file import FILE, read_body
from nnexp.text import count, duration, moment, spelled

if TYPE_CHECKING:
    import pandas as pd

ENVIRONMENT = {  # key of a plan's environment -> its name on the page
    "python": "Python",
    "numpy": "NumPy",
    "blas": "BLAS",
    "kernel": "BLAS kernel",
    "scipy": "SciPy",
    "threads": "threads of BLAS",
}
AGAIN = "again"  # a folder in conf/sweep
CHOICE_AND_TEST = (
    "Points are compared on validation data. The test set is looked at for the best point alone."
)
ONLY_TEST = "The test set is looked at once, after the last epoch of each run."


def origin_of(folder: Path, results: Results) -> Origin:
    """Of the sweep in `folder`."""
    plan, body = results.plan, read_body(folder)
    looks = looks_at_question(folder, plan)
    return Origin(
        provenance=tuple(_provenance(plan, body, results.tables.runs)),
        commands=_commands(plan),
        whole=_whole(plan),
        sweep_file=sweep_file(plan),
        plan=(folder / FILE).read_text(encoding="utf-8"),
        looks=tuple(_look(look) for look in looks if COMMITTEE not in look),
        test_looks=(*_looks_at_test(plan), *map(_committee, (look for look in looks if COMMITTEE in look))),
    )


def _provenance(plan: Plan, body: Mapping[str, Any], runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    environment = body.get("environment") or {}
    yield "sweep", f"{plan.name}/{plan.sweep_id}"
    yield "started", moment(body["started"])
    if runs["seconds"].notna().any():
        together = " (runs train side by side)" if len(runs) > 1 else ""
        yield "training time, all runs", duration(float(runs["seconds"].sum())) + together
    commit = str(environment.get("commit") or "not known")[:12]
    yield "nnexp", f"{environment.get('nnexp', 'not known')}, commit {commit}{_dirty(environment)}"
    yield from ((name, str(environment[key])) for key, name in ENVIRONMENT.items() if key in environment)
    yield "formulas", f"{plan.numerics[:12]} (a digest of the code that the figures come from)"


def _dirty(environment: Mapping[str, Any]) -> str:
    return " and changes that are not committed" if environment.get("dirty") else ""


def _commands(plan: Plan) -> tuple[str, ...]:
    """The sweep file on the page names the data; the one of the whole may leave them to the command line.

    A shipped sweep has the name of its file already: so the page's own lies in a folder.
    """
    report, whole = f"nnexp report {plan.name}", _whole(plan)
    if is_part(plan) and not whole:
        return (report,)
    data = f" data={plan.changed['data']}" if whole and "data" in plan.changed else ""
    return (f"python -m nnexp +sweep={whole or f'{AGAIN}/{plan.name}'}{data}", report)


def _whole(plan: Plan) -> str:
    return file_behind(plan.name) if is_part(plan) else ""


def _look(look: Mapping[str, Any]) -> Look:
    verdicts = ", ".join(f"{name}: {verdict}" for name, verdict in look["verdicts"].items())
    return Look(moment(look["time"]), look["sweep"], look["seeds"], look["runs"], verdicts)


def _committee(look: Mapping[str, Any]) -> str:
    seeds = count(look["seeds"], "seed")
    return f"And for the committee of {look[COMMITTEE]}, with {seeds}, on {moment(look['time'])}."


def _looks_at_test(plan: Plan) -> Iterator[str]:
    """What is shown of test data, and by which claims."""
    if is_part(plan):
        yield "No test figure is shown: settings are chosen here."
    else:
        yield CHOICE_AND_TEST if len(plan.points) > 1 else ONLY_TEST
    each = [claim.looks_at_test for claim in frozen_claims(plan)]
    looks = LooksAtTest(*map(sum, zip(*each, strict=True))) if each else LooksAtTest()
    if looks.taking:
        yield f"Of the claims, {count(looks.taking, 'check')} of {looks.checks} take test data."


def settings_of(plan: Plan) -> tuple[Pairs, Pairs]:
    """What all runs share: settings that are not at their default, then those that are."""
    changed = {name: spelled(value) for name, value in plan.changed.items()}
    usual = {n: spelled(v) for n, v in plan.shared.items() if n not in changed}
    if path := plan.runs[0].data.path:
        changed["data.path"] = str(path)
    return tuple(changed.items()), tuple(usual.items())

"""`looks.jsonl` in a sweep's folder: a line for each look, that is, marks and verdicts that were printed.

Whoever looks more often, or with other claims, finds more by chance: so looks are counted. The same verdicts
on the same claims from as many runs and seeds are the same look, however often they are printed.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nnexp.sweep.question.identity import canonical_json
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.lines import append_line, read_lines
from nnexp.text import count

FILE = "looks.jsonl"
SETTLED = ("reproduced", "refuted")
BASIS = ("seeds", "runs", "claims")  # what a look rests on


def read_looks(folder: Path) -> list[dict[str, Any]]:
    """Every look, oldest first: `time` (ISO 8601, UTC), `seeds` and `runs` (how many), `claims` (a digest),
    `verdicts` (by the claims' ids)."""
    return read_lines(folder / FILE)


def note_look(folder: Path, plan: Plan, runs: int, verdicts: Mapping[str, str]) -> str:
    """Note that marks and verdicts on the plan's claims were printed, from so many recorded runs.

    There are no marks before all runs have ended. Published results have no records, and a look at them is
    not noted. Returns why it could not be noted.
    """
    marks = len(plan.points) > 1 and runs == len(plan.runs)
    if not (verdicts or marks) or not (folder / "records").is_dir():
        return ""
    look = _basis(plan, runs) | {"verdicts": dict(verdicts)}
    try:
        if any({**before, "time": ""} == look | {"time": ""} for before in read_looks(folder)):
            return ""
        append_line(folder / FILE, {"time": datetime.now(UTC).isoformat()} | look)
    except OSError as error:
        return f"This look could not be noted in {folder / FILE}: {error.strerror}"
    return ""


def note_on_looks(folder: Path, plan: Plan, runs: int, verdicts: Mapping[str, str]) -> str:
    """What a reader should know of earlier looks at a sweep with so many runs; empty if this is the first.

    Where seeds go on until decided, looks are free.
    """
    basis, earlier = _basis(plan, runs), dict[str, dict[str, Any]]()
    with suppress(OSError):
        for look in read_looks(folder) if plan.until is None else ():
            if {key: look[key] for key in BASIS} == basis:
                break
            earlier.setdefault(canonical_json([look[key] for key in BASIS]), look)
    if not earlier:
        return ""
    first = next(iter(earlier.values()))["verdicts"]
    since = [name for name, told in verdicts.items() if told in SETTLED and first.get(name) != told]
    others = ", ".join(count(look["seeds"], "seed") for look in earlier.values())
    reached = f" Not so at the first: {', '.join(since)}." if since else ""
    return (
        f"Look {len(earlier) + 1}, after {others}: 95 % hold for the first look alone, and each further one "
        f"finds more by chance.{reached} Seeds until decided may be looked at after each round."
    )


def _basis(plan: Plan, runs: int) -> dict[str, Any]:
    claims = hashlib.sha256(canonical_json(plan.claims).encode()).hexdigest()[:12]
    return dict(zip(BASIS, (len(plan.seeds), runs, claims), strict=True))

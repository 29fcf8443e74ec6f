"""`looks.jsonl` in a sweep's folder: a line for each look at its claims, that is, verdicts that were printed.

Whoever looks more often, or with other claims, finds more by chance: so looks are counted. The same verdicts
on the same claims from as many runs and seeds are the same look, however often they are printed.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nnexp.sweep.question.identity import canonical_json
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.lines import append_line, read_lines

FILE = "looks.jsonl"


def read_looks(folder: Path) -> list[dict[str, Any]]:
    """Every look, oldest first: `time` (ISO 8601, UTC), `seeds` and `runs` (how many), `claims` (a digest),
    `verdicts` (by the claims' ids)."""
    return read_lines(folder / FILE)


def note_look(folder: Path, plan: Plan, runs: int, verdicts: Mapping[str, str]) -> str:
    """Note that the verdicts on the plan's claims were printed, from so many recorded runs.

    Published results have no records, and a look at them is not noted. Returns why it could not be noted.
    """
    if not verdicts or not (folder / "records").is_dir():
        return ""
    claims = hashlib.sha256(canonical_json(plan.claims).encode()).hexdigest()[:12]
    look = {"seeds": len(plan.seeds), "runs": runs, "claims": claims, "verdicts": dict(verdicts)}
    try:
        if any({**before, "time": ""} == look | {"time": ""} for before in read_looks(folder)):
            return ""
        append_line(folder / FILE, {"time": datetime.now(UTC).isoformat()} | look)
    except OSError as error:
        return f"This look at the claims could not be noted in {folder / FILE}: {error.strerror}"
    return ""

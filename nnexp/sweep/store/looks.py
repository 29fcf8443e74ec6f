"""`looks.jsonl` in a sweep's folder: a line for each look, that is, marks and verdicts that were printed, or
what a committee does on test data.

Whoever looks more often, or with other claims, finds more by chance: so looks are counted. The same verdicts
on the same claims from as many runs and seeds are the same look, however often they are printed. A sweep that
is widened gets a folder of its own, and the looks at what it had before count.
"""

import hashlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nnexp.errors import UserError
from nnexp.sweep.question.identity import canonical_json
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan, is_of_trials
from nnexp.sweep.store.lines import append_line, read_lines
from nnexp.sweep.store.rounds_file import read_rounds
from nnexp.sweep.store.seal import sealed
from nnexp.text import count

FILE = "looks.jsonl"
SETTLED, NOT_JUDGED = ("reproduced", "refuted"), "not judged"
BASIS = ("sweep", "seeds", "runs", "claims")  # what a look rests on
COMMITTEE = "committee"  # of a look at the test set: the point whose networks answered together


def read_looks(folder: Path) -> list[dict[str, Any]]:
    """Every look, oldest first: `time` (ISO 8601, UTC), `sweep` (its ID), `seeds` and `runs` (how many),
    `claims` (a digest), `verdicts` (by the claims' ids); `committee` (a point), where one was tried."""
    return [{"sweep": folder.name} | look for look in read_lines(folder / FILE)]


def looks_at_question(folder: Path, plan: Plan) -> list[dict[str, Any]]:
    """The looks at the sweep in `folder`, and at those of its name that have runs of it, published too."""
    places, ids = [folder], {run.run_id for run in plan.runs}
    if (folder / "records").is_dir():
        published = folder.parents[len(Path(plan.name).parts)] / PUBLISHED / plan.name
        others = (path.parent for path in sorted(folder.parent.glob(f"*/{FILE}")) if path.parent != folder)
        places += [place for place in (published, *others) if _has_some(place, ids)]
    looks = {canonical_json(look): look for place in places for look in read_looks(place)}
    return sorted(looks.values(), key=lambda look: str(look["time"]))


def looks_text(folder: Path, plan: Plan) -> bytes:
    """The same as the content of a file."""
    return b"".join(sealed(look) + b"\n" for look in looks_at_question(folder, plan))


def _has_some(folder: Path, ids: Collection[str]) -> bool:
    """Whether the sweep in a folder has any of these runs."""
    with suppress(UserError):
        return any(key.run_id in ids for each in read_rounds(folder) for key in each.runs)
    return False


def note_look(
    folder: Path, plan: Plan, runs: int, verdicts: Mapping[str, str], *, committee: str = ""
) -> str:
    """Note that marks and verdicts on the plan's claims were printed, from so many recorded runs; or what the
    `committee` of a point does on test data, without any.

    There are no marks before all runs have ended, and none of trials; where no claim is judged yet either,
    nothing is to be seen.
    Published results have no records, and a look at them is not noted. Returns why it could not be noted.
    """
    marks = len(plan.points) > 1 and runs == len(plan.runs) and not is_of_trials(plan)
    judged = any(verdict != NOT_JUDGED for verdict in verdicts.values())
    if not runs or not (judged or marks or committee) or not (folder / "records").is_dir():
        return ""
    look = _basis(plan, runs) | {"verdicts": dict(verdicts)} | ({COMMITTEE: committee} if committee else {})
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
        for look in looks_at_question(folder, plan) if plan.until is None else ():
            if {key: look[key] for key in BASIS} == basis:
                break
            key = canonical_json([look[key] for key in BASIS])
            if COMMITTEE in earlier.get(key, look | {COMMITTEE: ""}):
                earlier[key] = look
    if not earlier:
        return ""
    first: Mapping[str, str] = next((look["verdicts"] for look in earlier.values() if look["verdicts"]), {})
    since = [name for name, told in verdicts.items() if told in SETTLED and first.get(name, told) != told]
    others = ", ".join(
        count(look["seeds"], "seed") + f" in {look['sweep']}" * (look["sweep"] != plan.sweep_id)
        for look in earlier.values()
    )
    reached = f" Not so at the first: {', '.join(since)}." if since else ""
    return (
        f"Look {len(earlier) + 1}, after {others}: 95 % hold for the first look alone, and each further one "
        f"finds more by chance.{reached} Seeds until decided may be looked at after each round."
    )


def _basis(plan: Plan, runs: int) -> dict[str, Any]:
    claims = hashlib.sha256(canonical_json(plan.claims).encode()).hexdigest()[:12]
    return dict(zip(BASIS, (plan.sweep_id, len(plan.seeds), runs, claims), strict=True))

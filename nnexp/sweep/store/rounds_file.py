"""`rounds.jsonl` in a sweep's folder: a line for each round, durable before any of its runs trains."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnexp.errors import UserError
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.rounds import GRID, Round, RunKey, next_round
from nnexp.sweep.store.lines import append_line, read_lines

FILE = "rounds.jsonl"


def freeze_rounds(plan: Plan, folder: Path) -> None:
    """Write down the rounds that the plan still lacks.

    Raises:
        OSError: the file cannot be written.
        UserError: as `read_rounds`.
    """
    rounds = read_rounds(folder)
    while added := next_round(plan, rounds):
        _append(added, folder)
        rounds.append(added)


def freeze_end(folder: Path) -> None:
    """Write down that no round is to come. Raises as `freeze_rounds`."""
    if rule := awaited(folder):
        _append(Round(len(read_rounds(folder)) + 1, rule, ()), folder)


def awaited(folder: Path) -> str:
    """The rule by which a further round may come; empty if none is to come. Raises as `read_rounds`."""
    rounds = read_rounds(folder)
    return rounds[-1].rule if rounds and rounds[-1].rule != GRID and rounds[-1].runs else ""


def _append(added: Round, folder: Path) -> None:
    runs = [key._asdict() for key in added.runs]
    line = {"round": added.number, "rule": added.rule, "runs": runs}
    floors = {str(epoch): floor for epoch, floor in added.floors.items()}
    append_line(folder / FILE, line | ({"floors": floors} if floors else {}))


def read_rounds(folder: Path) -> list[Round]:
    """The rounds that are frozen, without one that was torn or damaged and those behind it.

    Raises:
        UserError: a line is whole, and none that nnexp wrote.
    """
    try:
        return [_round(line) for line in read_lines(folder / FILE)]
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError(f"{folder / FILE} is no file of rounds that nnexp wrote: {error!r}") from None


def _round(line: Mapping[str, Any]) -> Round:
    keys = tuple(RunKey(**key) for key in line["runs"])
    for run_id, point, seed in keys:
        if not re.fullmatch(r"\w+", run_id):  # the name of a file, too
            raise ValueError(f"{run_id!r:.40} is no id")
        if not isinstance(point, int) or not isinstance(seed, int) or point < 0:
            raise ValueError(f"point {point!r:.40} with seed {seed!r:.40}")
    floors = {int(epoch): float(floor) for epoch, floor in line.get("floors", {}).items()}
    return Round(line["round"], line["rule"], keys, floors)

"""`nnexp compare`: two runs side by side."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from nnexp.commands.arguments import parse_arguments
from nnexp.commands.lookup import name_of, run_named
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.sweep.store import record as records
from nnexp.sweep.store.record import Record
from nnexp.text import spelled

HELP = """
nnexp compare RUN RUN [--plot FILE.png] [sweeps_dir=sweeps]

What differs between two runs: settings, code and environment, figures. RUN is a run_id or its beginning,
at least 4 characters; the runs may be of different sweeps. --plot draws their curves over each other, as PNG
or SVG.
"""
PLOT = "--plot"
LONGEST = 60  # characters that name a curve
TIMES = ("seconds", "evaluation_seconds", "shared_by")


def main(words: Sequence[str]) -> int:
    """Print what differs, and draw the curves if asked."""
    asked = parse_arguments("compare", words, valued=(PLOT,))
    if len(asked.names) != 2:
        raise UserError(f"compare takes two RUNs, got {' '.join(asked.names) or 'none'}")
    picture = Path(asked.settings[PLOT]) if PLOT in asked.settings else None
    if picture and picture.suffix not in (".png", ".svg"):
        raise UserError(f"{PLOT} must be a file named *.png or *.svg, got {picture}")
    first, second = (_record(name, asked.sweeps_dir) for name in asked.names)
    if first.run_id == second.run_id:
        raise UserError(f"compare takes two runs, got {first.run_id} twice")
    _tell(first, second)
    if picture:
        _draw(picture, first, second)
    return 0


def _record(name: str, sweeps_dir: str) -> Record:
    """The record of the run, from the newest of its sweeps that has one.

    Raises:
        UserError: there is no such run, or no whole record of it.
    """
    run_id, homes = run_named(name, sweeps_dir)
    for home in reversed(homes):
        path = home / "records" / f"{run_id}.json"
        if path.exists():
            try:
                return records.read(path)
            except (ValueError, TypeError, KeyError) as error:
                raise UserError(f"the record of run {run_id} is damaged: {error}") from error
    raise UserError(f"run {run_id} of {name_of(homes[-1], sweeps_dir)} has no record: it has not ended")


def _tell(first: Record, second: Record) -> None:
    console = make_console()
    heads = {"run": (first.run_id, second.run_id), "status": (first.status, second.status)}
    parts = {
        "Settings that differ": _differing(first.settings, second.settings),
        "Code and environment that differ": _differing(first.environment, second.environment),
    }
    console.print(_sides(heads))
    for heading, rows in parts.items():
        console.print(
            f"\n{heading if rows else heading.replace('that differ', 'are the same')}", style="bold"
        )
        if rows:
            console.print(_sides(rows))
    console.print("\nFigures", style="bold")
    console.print(_figures(first, second))


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Name -> both values, of what is not the same."""
    names = dict.fromkeys([*a, *b])
    return {
        n: (spelled(a.get(n)), spelled(b.get(n))) for n in names if spelled(a.get(n)) != spelled(b.get(n))
    }


def _sides(rows: Mapping[str, Iterable[str]]) -> Table:
    table = make_table("", "first", "second")
    table.show_header = False
    for name, values in rows.items():
        table.add_row(name, *values)
    return table


def _figures(first: Record, second: Record) -> Table:
    """Every figure of either run, and second - first where both have it."""
    table = make_table("", "first", "second", "difference", right=("first", "second", "difference"))
    sides = [r.metrics | {name: r.timings.get(name) for name in TIMES} for r in (first, second)]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        a, b = (side.get(name) for side in sides)
        difference = "" if a is None or b is None else f"{b - a:+.4g}"
        table.add_row(name, *("-" if value is None else f"{value:.6g}" for value in (a, b)), difference)
    return table


def _draw(path: Path, first: Record, second: Record) -> None:
    from nnexp.plots.pair import save_curves

    differing = _differing(first.settings, second.settings)
    names = [" ".join(f"{k}={values[side]}" for k, values in differing.items()) for side in (0, 1)]
    if max(map(len, names)) > LONGEST or not differing:
        names = [first.run_id, second.run_id]
    try:
        save_curves(path, dict(zip(names, (first.history, second.history), strict=True)))
    except OSError as error:
        raise UserError(f"{PLOT} must be a file that can be written: {error.strerror}: {path}") from error
    make_console().print(f"\nCurves: {path}")

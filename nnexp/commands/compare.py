"""`nnexp compare`: two runs, or two sweeps, side by side."""

from collections.abc import Sequence
from pathlib import Path

from nnexp.commands import compare_sweeps
from nnexp.commands.arguments import WHICH, Arguments, parse_arguments
from nnexp.commands.lookup import folder_of, is_sweep_name, name_of, run_named
from nnexp.commands.side_by_side import sides
from nnexp.console import WholeTable, make_console, make_table
from nnexp.errors import UserError
from nnexp.report.pair import differing
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.plan_file import read_plan
from nnexp.sweep.store.record import Record

HELP = """
nnexp compare RUN RUN [--plot FILE.png] [sweeps_dir=sweeps]
nnexp compare NAME[/ID] NAME[/ID] [data=mnist] [sweeps_dir=sweeps]

What differs between two runs: settings, code and environment, figures. RUN is a run_id or its beginning,
at least 4 characters, or the NAME/ID of a sweep of one run. --plot draws their curves over each other, as PNG
or SVG. Of two sweeps: what differs in their settings, the best point of each, and the accuracy at the points
that both have.
"""
PLOT = "--plot"
LONGEST = 60  # characters that name a curve
TIMES = ("seconds", "evaluation_seconds", "shared_by")


def main(words: Sequence[str]) -> int:
    """Print what differs, and draw the curves where they are wanted."""
    arguments = parse_arguments("compare", words, keys=WHICH, valued=(PLOT,))
    place, names = arguments.sweeps_dir, arguments.names
    if len(names) != 2:
        raise UserError(f"compare takes two RUNs or two sweeps, got {' '.join(names) or 'none'}")
    picture = Path(arguments.settings[PLOT]) if PLOT in arguments.settings else None
    if picture and picture.suffix not in (".png", ".svg"):
        raise UserError(f"{PLOT} must be a file named *.png or *.svg, got {picture}")
    first, second = (_subject(name, arguments) for name in names)
    if isinstance(first, Record) and isinstance(second, Record):
        if first.run_id == second.run_id:
            raise UserError(f"compare takes two runs, got {first.run_id} twice")
        _tell(first, second)
        if picture:
            _draw(picture, first, second)
    elif isinstance(first, Path) and isinstance(second, Path):
        if picture:
            raise UserError(
                f"{PLOT} draws the curves of two RUNs, got two sweeps: their pictures lie beside them"
            )
        compare_sweeps.tell(first, second, place)
    else:
        raise UserError(f"compare takes two runs or two sweeps, got one of each: {' '.join(names)}")
    return 0


def _subject(name: str, arguments: Arguments) -> Record | Path:
    """The record of a run, or the folder of a sweep; a sweep of one run means that run."""
    place = arguments.sweeps_dir
    if not is_sweep_name(name, place):
        return _record(*run_named(name, arguments), place)
    folder = folder_of(name, arguments)
    runs = read_plan(folder).runs
    return folder if len(runs) > 1 else _record(runs[0].run_id, [folder], place)


def _record(run_id: str, homes: Sequence[Path], sweeps_dir: str) -> Record:
    """The record of the run, from the newest of its sweeps, `homes`, that has one.

    Raises:
        UserError: there is no whole record of it.
    """
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
        "Settings that differ": differing(first.settings, second.settings),
        "Code and environment that differ": differing(first.environment, second.environment),
    }
    console.print(sides(heads))
    for heading, rows in parts.items():
        console.print(
            f"\n{heading if rows else heading.replace('that differ', 'are the same')}", style="bold"
        )
        if rows:
            console.print(sides(rows))
    console.print("\nFigures", style="bold")
    console.print(_figures(first, second))


def _figures(first: Record, second: Record) -> WholeTable:
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

    different = differing(first.settings, second.settings)
    names = [" ".join(f"{k}={values[side]}" for k, values in different.items()) for side in (0, 1)]
    if max(map(len, names)) > LONGEST or not different:
        names = [first.run_id, second.run_id]
    try:
        save_curves(path, dict(zip(names, (first.history, second.history), strict=True)))
    except OSError as error:
        raise UserError(f"{PLOT} must be a file that can be written: {error.strerror}: {path}") from error
    make_console().print(f"\nCurves: {path}")

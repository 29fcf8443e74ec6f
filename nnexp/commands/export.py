"""`nnexp export`: the tables of a sweep as files."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from nnexp.commands.arguments import WHICH, only_name, parse_arguments
from nnexp.commands.lookup import results_of_sweep
from nnexp.console import make_console
from nnexp.errors import UserError, unknown
from nnexp.results.write_csv import write_parquet, write_results
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.store.plan_file import FILE, read_body
from nnexp.sweep.store.rounds_file import FILE as ROUNDS

HELP = """
nnexp export NAME[/ID] [--format csv|parquet] [--to FOLDER] [data=mnist]
             [sweeps_dir=sweeps]

Write the tables of a sweep: runs, history, summary, and verdicts if it has claims; csv by default, into the
sweep's own folder by default. Another FOLDER gets the plan, sweep.yaml and rounds.jsonl, as well: as
sweeps/published/NAME, it holds results that nnexp summary and load_sweep find. It must lie outside the folder
of sweeps otherwise, and hold no files of those names, unless they are an earlier export of this sweep.
"""
FORMATS = ("csv", "parquet")
TABLES = ("runs", "history", "summary", "verdicts")
FORMAT, TO = "--format", "--to"


def main(words: Sequence[str]) -> int:
    """Write the files, and name them."""
    arguments = parse_arguments("export", words, keys=WHICH, valued=(FORMAT, TO))
    name, kind = only_name("export", arguments.names), arguments.settings.get(FORMAT, "csv")
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS)

    folder, results = results_of_sweep(name, arguments)
    to = Path(arguments.settings.get(TO, folder))
    elsewhere = to.resolve() != folder.resolve()
    if elsewhere:
        _check_place(to, results.plan.name, kind, Path(arguments.sweeps_dir))
    try:
        to.mkdir(parents=True, exist_ok=True)
        paths = write_results(results, to) if kind == "csv" else write_parquet(results, to)
        if elsewhere:
            copies = [Path(shutil.copyfile(folder / name, to / name)) for name in (FILE, ROUNDS)]
            paths = [*copies, *paths]
    except OSError as error:
        raise UserError(f"{TO} must be a folder that can be written: {error.strerror}: {to}") from error
    console = make_console()
    for path in paths:
        console.print(str(path))
    return 0


def _check_place(to: Path, name: str, kind: str, sweeps_dir: Path) -> None:
    """Raise `UserError` where tables of the sweep `name` would pass for a sweep, or replace others."""
    place, home = to.resolve(), sweeps_dir.resolve()
    if (place.is_relative_to(home) and place != home / PUBLISHED / name) or home.is_relative_to(place):
        published_to = sweeps_dir / PUBLISHED / name
        raise UserError(f"{TO} must be apart from {sweeps_dir}, or be {published_to}, got {to}")
    if (to / FILE).exists():
        if (before := read_body(to).get("name")) != name:
            raise UserError(f"{TO} must be a folder of its own, and {to} has tables of the sweep {before}")
    elif strange := [path for path in (to / f"{table}.{kind}" for table in TABLES) if path.exists()]:
        raise UserError(f"{TO} must not have files of these names already, and {strange[0]} is there")

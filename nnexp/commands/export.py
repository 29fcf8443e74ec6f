"""`nnexp export`: the tables of a sweep as files."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from nnexp.commands.arguments import only_name, understood
from nnexp.commands.console import make_console
from nnexp.errors import UserError, unknown
from nnexp.sweep.store.plan_file import FILE

HELP = """
nnexp export NAME[/ID] [--format csv|parquet] [--to FOLDER] [sweeps_dir=sweeps]

Write the tables of a sweep: runs, history, summary, and verdicts if it has claims; csv by
default, into the sweep's own folder by default. Another FOLDER gets the plan, sweep.yaml, as well: as
sweeps/published/NAME, it holds results that nnexp summary and load_sweep find.
"""
FORMATS = ("csv", "parquet")
FORMAT, TO = "--format", "--to"


def main(words: Sequence[str]) -> int:
    """Write the files, and name them."""
    asked = understood("export", words, valued=(FORMAT, TO))
    name, kind = only_name("export", asked.names), asked.settings.get(FORMAT, "csv")
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS)

    from nnexp.commands.results import results
    from nnexp.report import answer

    folder, found = results(name, asked.sweeps_dir)
    to = Path(asked.settings.get(TO, folder))
    try:
        to.mkdir(parents=True, exist_ok=True)
        paths = answer.write(found, to) if kind == "csv" else answer.write_parquet(found, to)
        if to.resolve() != folder.resolve():
            paths.insert(0, Path(shutil.copyfile(folder / FILE, to / FILE)))
    except OSError as error:
        raise UserError(f"{TO} must be a folder that can be written: {error.strerror}: {to}") from error
    console = make_console()
    for path in paths:
        console.print(str(path))
    return 0

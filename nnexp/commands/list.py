"""`nnexp list`: a line per sweep."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

from nnexp.commands.arguments import parse_arguments
from nnexp.commands.disk import disk_use, size
from nnexp.commands.lookup import name_of, no_sweeps, opened
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.sweep.store.folder import sweep_folders
from nnexp.text import moment

HELP = """
nnexp list [sweeps_dir=sweeps]

Every sweep, the newest last: when it was started, its runs by status, its place on disk, its question.
pending runs are still to train; nnexp status NAME tells more.
"""
NARROWEST = 20  # characters that a question gets at least


def main(words: Sequence[str]) -> int:
    """Print the table."""
    asked = parse_arguments("list", words)
    if asked.names:
        raise UserError(f"list takes no names, got {asked.names[0]!r}: nnexp status {asked.names[0]}")
    console = make_console()
    rows = [_row(folder, asked.sweeps_dir) for folder in sweep_folders(asked.sweeps_dir)]
    if not rows:
        console.print(f"There is {no_sweeps(asked.sweeps_dir)}.")
        return 0
    taken = sum(max(map(len, column)) + 2 for column in list(zip(*rows, strict=True))[:-1])
    table = make_table("sweep", "started", "runs", "disk", "question", right=("disk",), whole=("sweep",))
    for *cells, question in rows:
        room = max(NARROWEST, console.width - taken - 2)
        table.add_row(*cells, shorten(question, room, placeholder=" ..."))
    console.print(table)
    return 0


def _row(folder: Path, sweeps_dir: str) -> tuple[str, ...]:
    name, use = name_of(folder, sweeps_dir), size(disk_use(folder))
    try:
        found = opened(folder, sweeps_dir)
    except UserError as error:
        return name, "", "damaged", use, str(error)
    plan = found.sweep.plan
    asks = plan.question or ", ".join(plan.axes) or plan.label(plan.runs[0])
    return name, moment(found.started), found.standing, use, asks

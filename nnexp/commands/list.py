"""`nnexp list`: a line per sweep."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

from nnexp.commands.arguments import parse_arguments
from nnexp.commands.disk import disk_use, size
from nnexp.commands.lookup import name_of, shown_status, standing
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.sweep.store.catalog import no_sweeps, statuses_in, sweep_folders
from nnexp.sweep.store.lock import holder_of
from nnexp.sweep.store.plan_file import OtherVersionError, read_head
from nnexp.text import moment, spelled

HELP = """
nnexp list [sweeps_dir=sweeps]

Every sweep, the newest last: when it was started, its data set, its runs by status, its place on disk, its
question, and the settings that are not at their default. pending runs are still to train; nnexp status NAME
tells more.
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
    headings = ("sweep", "started", "data", "runs", "disk", "question")
    table = make_table(*headings, right=("disk",), whole=("sweep",))
    for *cells, question in rows:
        room = max(NARROWEST, console.width - taken - 2)
        table.add_row(*cells, shorten(question, room, placeholder=" ..."))
    console.print(table)
    return 0


def _row(folder: Path, sweeps_dir: str) -> tuple[str, ...]:
    name, use = name_of(folder, sweeps_dir), size(disk_use(folder))
    try:
        head, holder = read_head(folder), holder_of(folder)
        stored = statuses_in(folder, head)
    except UserError as error:
        state = "other version" if isinstance(error, OtherVersionError) else "damaged"
        return name, "", "", state, use, str(error)
    statuses: Counter[str] = Counter()
    for status, runs in stored.items():
        statuses[shown_status(status)] += runs
    changed = " ".join(f"{key}={spelled(value)}" for key, value in head.changed.items() if key != "data")
    asks = head.question or ", ".join(head.axes)
    question = f"{asks} ({changed})" if asks and changed else asks or changed or "the defaults"
    data = ", ".join(head.data)
    return name, moment(head.started), data, standing(statuses, holder), use, question

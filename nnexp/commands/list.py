"""`nnexp list`: a line per sweep."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill, shorten

from rich.console import Console
from rich.filesize import decimal

from nnexp.commands.arguments import parse_arguments
from nnexp.commands.lookup import name_of, shown_status, standing
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.sweep.question.points import key_of
from nnexp.sweep.store.catalog import no_sweeps, statuses_in, sweep_folders
from nnexp.sweep.store.disk_use import disk_use_of_sweep
from nnexp.sweep.store.lock import holder_of
from nnexp.sweep.store.plan_file import OtherVersionError, read_head
from nnexp.sweep.store.rounds_file import awaited
from nnexp.text import moment, spelled

HELP = """
nnexp list [sweeps_dir=sweeps]

Every sweep, the newest last: when it was started, its data set, its runs by status, its place on disk, its
question, and the settings that are not at their default. pending runs are still to train; nnexp status NAME
tells more.
"""
HEADINGS = ("sweep", "started", "data", "runs", "disk", "question")
NARROWEST = 40  # characters of a question that is to stand beside the rest


def main(words: Sequence[str]) -> int:
    """Print the table."""
    arguments = parse_arguments("list", words)
    if arguments.names:
        raise UserError(f"list takes no names, got {arguments.names[0]!r}: nnexp status {arguments.names[0]}")
    console = make_console()
    rows = [_row(folder, arguments.sweeps_dir) for folder in sweep_folders(arguments.sweeps_dir)]
    if not rows:
        console.print(f"There is {no_sweeps(arguments.sweeps_dir)}.")
        return 0
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)][:-1]
    room = console.width - sum(widths) - 2 * len(widths) - 2
    if room < NARROWEST:
        for row in rows:
            _print_in_two_lines(row, widths, console)
        return 0
    table = make_table(*HEADINGS, right=("disk",), whole=("sweep",))
    for *cells, question in rows:
        table.add_row(*cells, shorten(question, room, placeholder=" ..."))
    console.print(table)
    return 0


def _print_in_two_lines(row: Sequence[str], widths: Sequence[int], console: Console) -> None:
    """Where the question has no room beside the rest, it stands below it."""
    *cells, question = row
    console.print("  ".join(map(str.ljust, cells, widths)).rstrip(), soft_wrap=True)
    console.print(fill(question, console.width, initial_indent="  ", subsequent_indent="  "))


def _row(folder: Path, sweeps_dir: str) -> tuple[str, ...]:
    name, use = name_of(folder, sweeps_dir), decimal(disk_use_of_sweep(folder))
    try:
        head, holder = read_head(folder), holder_of(folder)
        stored = statuses_in(folder, head)
        goes_on = awaited(folder)
    except UserError as error:
        state = "other version" if isinstance(error, OtherVersionError) else "damaged"
        return name, "", "", state, use, str(error)
    statuses: Counter[str] = Counter()
    for status, runs in stored.items():
        statuses[shown_status(status)] += runs
    own = {key_of(name): value for name, value in head.changed.items() if name != "data"}
    changed = " ".join(f"{key}={spelled(value)}" for key, value in own.items())
    asks = head.question or ", ".join(head.axes)
    question = f"{asks} ({changed})" if asks and changed else asks or changed or "the defaults"
    data = ", ".join(head.data)
    return name, moment(head.started), data, standing(statuses, holder, goes_on), use, question

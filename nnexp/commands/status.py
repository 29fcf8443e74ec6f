"""`nnexp status`: how far a sweep is, what failed, and what goes on with it."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from nnexp.commands.arguments import WHICH, only_name, parse_arguments
from nnexp.commands.lookup import (
    STATUSES,
    StoredSweep,
    folder_of,
    parts_of,
    read_stored,
    standing,
    status_of,
)
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.experiment.messages import command_for, failures, going_on, useless_checkpoints
from nnexp.sweep.question.identity import formulas
from nnexp.sweep.store.checkpoints import FOLDER as CHECKPOINTS
from nnexp.sweep.store.checkpoints import find_checkpoints
from nnexp.sweep.store.disk_use import disk_use
from nnexp.sweep.store.sign import read_sign
from nnexp.text import count, moment
from nnexp.tracking import read_logged, runs_to_log

HELP = """
nnexp status NAME[/ID] [data=mnist] [sweeps_dir=sweeps]

The points of a sweep and the runs of each by status, failed runs with their reasons, who trains it now, what
is running and the time left, and the command that goes on. NAME alone means its newest finished sweep, else
its newest, with data=mnist of those on MNIST, here and in all commands; of an ID its first characters will
do. Of a study, or a tuned sweep, its stages and trials are listed too, and alone while it has not begun
itself.
"""


def main(words: Sequence[str]) -> int:
    """Print the page of one sweep."""
    arguments = parse_arguments("status", words, keys=WHICH)
    name, sweeps_dir = only_name("status", arguments.names), arguments.sweeps_dir
    console, parts = make_console(), parts_of(name, arguments)
    try:
        folder = folder_of(name, arguments)
    except UserError:
        if not parts:
            raise
        console.print(f"{name} has not begun; what it rests on has:")
        _tell_parts(parts, console)
        if not any(part.holder for part in parts):
            console.print(f"To go on: the command of {name}, again")
        return 0
    tell(read_stored(folder, sweeps_dir), sweeps_dir, console)
    if parts:
        console.print("\nIt rests on:")
        _tell_parts(parts, console)
    return 0


def _tell_parts(parts: Sequence[StoredSweep], console: Console) -> None:
    """Print a row for each of the sweeps that another rests on, and how far those are that train now."""
    table = make_table("sweep", "runs", "state")
    for part in parts:
        state = standing(part.statuses, part.holder, part.goes_on)
        table.add_row(part.name, str(len(part.sweep.plan.runs)), state)
    console.print(table)
    for line in [line for part in parts if part.holder for line in _trained_by(part)]:
        console.print(line)


def tell(stored: StoredSweep, sweeps_dir: str, console: Console) -> None:
    """Print how a sweep stands."""
    sweep = stored.sweep
    plan = sweep.plan
    console.print(f"{stored.name}, started {moment(stored.started)}")
    if plan.question:
        console.print(plan.question)
    state = standing(stored.statuses, stored.holder, stored.goes_on)
    use = decimal(disk_use(sweep.folder))
    console.print(f"{count(len(plan.runs), 'run')} ({plan.shape}): {state}; {use} on disk")
    console.print()
    console.print(_points(stored))
    console.print()
    if stored.statuses["failed"]:
        console.print(failures(plan, sweep.records), soft_wrap=False)
        console.print()
    for run_id, why in sweep.damaged.items():
        console.print(f"The record of run {run_id} is damaged ({why}): it counts as pending.")
    for line in _what_next(stored, sweeps_dir):
        console.print(line)


def _points(stored: StoredSweep) -> Table:
    """The numbered points and their runs by status."""
    plan = stored.sweep.plan
    counts: list[Counter[str]] = [Counter() for _ in plan.points]
    for run in plan.runs:
        counts[run.point][status_of(stored.sweep, run.run_id)] += 1
    statuses = [status for status in STATUSES if status != "pruned" or stored.statuses[status]]
    headings = ("point", *plan.axes, *statuses)
    table = make_table(*headings, right=headings)
    for number, by_status in enumerate(counts):
        values = [plan.texts_at(number)[axis] for axis in plan.axes]
        table.add_row(str(number + 1), *values, *(str(by_status[status]) for status in statuses))
    return table


def _trained_by(stored: StoredSweep) -> list[str]:
    """Who trains a sweep, and how far that is."""
    sign = read_sign(stored.sweep.folder)
    if sign is None:
        return [f"Trained by {stored.holder}."]
    parts = [sign.runs(len(stored.sweep.plan.runs)), sign.time_left(stored.goes_on)]
    how_far = ", ".join(filter(None, parts))
    return [f"Trained by {stored.holder}: {how_far}", *(f"  {line}" for line in sign.lines)]


def _what_next(stored: StoredSweep, sweeps_dir: str) -> list[str]:
    """Who is at it, and the commands that go on."""
    sweep = stored.sweep
    lines = [f"Files: {sweep.folder}"]
    if stored.holder:
        return [*lines, *_trained_by(stored)]
    if left := len(sweep.pending("retry")):
        checkpoints = find_checkpoints(sweep, "retry", formulas().all_digest)
        if checkpoints.marks:
            use = decimal(disk_use(sweep.folder / CHECKPOINTS))
            lines.append(f"With checkpoints of {use}, {going_on(checkpoints.marks)}.")
        lines += useless_checkpoints(checkpoints)
    command = command_for("retry", stored.name, sweeps_dir)
    if left:
        lines.append(f"To train the {count(left, 'run')} left: {command}")
    elif stored.goes_on:
        lines.append(f"To go on with the next round: {command}")
    for store in sorted({line.store for line in read_logged(sweep.folder)}):
        if missing := runs_to_log(sweep.folder, store, sweep.records):
            upload = command_for("sync", stored.name, sweeps_dir)
            lines.append(f"Not in {store} yet: {count(len(missing), 'run')}; {upload}")
    return lines

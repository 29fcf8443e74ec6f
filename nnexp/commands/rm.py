"""`nnexp rm`: sweeps go for good, after a question."""

import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.table import Table

from nnexp.commands.arguments import SWEEPS_DIR, understood
from nnexp.commands.console import disk_use, make_console, make_table, size
from nnexp.commands.lookup import folder_of, name_of
from nnexp.errors import UserError
from nnexp.sweep.store.lock import held, holder_of
from nnexp.text import count

HELP = """
nnexp rm NAME[/ID] ... [--yes] [sweeps_dir=sweeps]

Remove sweeps: plan, records, weights, tables. NAME alone means its newest sweep. Shows what would go and
asks; --yes does not ask, and must be given where nobody can answer. What MLflow holds stays there. A sweep
that is being trained is refused.
"""
YES = "--yes"


def main(words: Sequence[str]) -> int:
    """Show, ask, remove; 1 if the answer is no."""
    asked = understood("rm", words, keys=(SWEEPS_DIR,), options=(YES,))
    if not asked.names:
        raise UserError("rm takes one NAME or NAME/ID or more, got none: nnexp list shows them")
    folders = list(dict.fromkeys(folder_of(name, asked.sweeps_dir) for name in asked.names))
    for folder in folders:
        if holder := holder_of(folder):
            raise UserError(f"{folder} is being trained by {holder}: wait for its end, or stop it")
    if YES not in asked.options and not sys.stdin.isatty():
        raise UserError("rm asks before it removes, and here nobody can answer: add --yes")
    console = make_console()
    console.print(_what_goes(folders, asked.sweeps_dir))
    if YES not in asked.options and not _agreed():
        console.print("Nothing was removed.")
        return 1
    for folder in folders:
        remove(folder, Path(asked.sweeps_dir))
    console.print(f"Removed: {count(len(folders), 'sweep')}. What MLflow holds of them stays there.")
    return 0


def _agreed() -> bool:
    """Whether the person at the terminal says yes."""
    try:
        return input("Remove for good? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _what_goes(folders: Sequence[Path], sweeps_dir: str) -> Table:
    table = make_table("sweep", "records", "disk", right=("records", "disk"))
    for folder in folders:
        records = len(list((folder / "records").glob("*.json")))
        table.add_row(name_of(folder, sweeps_dir), str(records), size(disk_use(folder)))
    return table


def remove(folder: Path, sweeps_dir: Path) -> None:
    """Remove a sweep's folder, and the folders above it that are empty then.

    Raises:
        UserError: it is being trained, or a file cannot be removed.
    """
    try:
        with held(folder):
            shutil.rmtree(folder / "records", ignore_errors=True)  # the plan last: until then it is listed
            shutil.rmtree(folder)
    except OSError as error:
        raise UserError(f"{folder} cannot be removed: {error.strerror}: {error.filename}") from error
    with suppress(OSError):  # not empty
        for parent in folder.parents:
            if parent == sweeps_dir:
                break
            parent.rmdir()

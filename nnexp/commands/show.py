"""`nnexp show`: all that is known of one run."""

import re
from collections.abc import Sequence
from pathlib import Path

from nnexp.commands import status
from nnexp.commands.arguments import only_name, parse_arguments
from nnexp.commands.lookup import folder_of, name_of, no_sweeps, opened, run_named
from nnexp.commands.run_report import tell
from nnexp.console import make_console
from nnexp.errors import UserError, unknown
from nnexp.sweep.store.folder import sweep_folders

HELP = """
nnexp show RUN [--pictures FOLDER] [sweeps_dir=sweeps]
nnexp show NAME[/ID] [sweeps_dir=sweeps]

Everything about one run: settings, figures, learning curve, times, environment, where it is in MLflow and on
disk, and why it failed. RUN is a run_id or its beginning, at least 4 characters. --pictures draws the weights
of its first layer, its confusion matrix and its worst mistakes. For a NAME, what nnexp status shows.
"""
PICTURES = "--pictures"


def main(words: Sequence[str]) -> int:
    """Print the page of a run, or of a sweep."""
    asked = parse_arguments("show", words, valued=(PICTURES,))
    name, place = only_name("show", asked.names, "RUN, NAME or NAME/ID"), asked.sweeps_dir
    folders = sweep_folders(place)
    if not folders:
        raise UserError(no_sweeps(place))
    names = {part for folder in folders for part in _names(name_of(folder, place))}
    if name in names or not re.fullmatch(r"[a-p][0-9a-f]{0,11}", name):
        try:
            folder = folder_of(name, place)
        except UserError as error:
            raise error if "/" in name else unknown("run or sweep", name, names) from error
        if PICTURES in asked.settings:
            raise UserError(f"{PICTURES} draws a RUN, got {name}: those of a sweep lie in its folder")
        status.tell(opened(folder, place), place, make_console())
        return 0
    run_id, homes = run_named(name, place)
    console = make_console()
    tell(run_id, homes, place, console)
    if PICTURES in asked.settings:
        from nnexp.commands.run_pictures import draw

        for path in draw(run_id, homes, Path(asked.settings[PICTURES])):
            console.print(f"Picture: {path}")
    return 0


def _names(name: str) -> tuple[str, str]:
    """NAME/ID and NAME."""
    return name, name.rpartition("/")[0]

"""`nnexp show`: all that is known of one run."""

import re
from collections.abc import Sequence

from nnexp.commands import status
from nnexp.commands.found import folder_of, name_of, no_sweeps, opened, run_named
from nnexp.commands.page import make_console
from nnexp.commands.run_page import tell
from nnexp.commands.words import only_name, understood
from nnexp.nn import UserError
from nnexp.nn.errors import unknown
from nnexp.sweep.folder import sweep_folders

HELP = """
nnexp show RUN [sweeps_dir=sweeps]
nnexp show NAME[/ID] [sweeps_dir=sweeps]

Everything about one run: settings, figures, learning curve, times, environment, where it is in MLflow and on
disk, and why it failed. RUN is a run_id or its first digits, at least 4. For a NAME, what nnexp status shows.
"""


def main(words: Sequence[str]) -> int:
    """Print the page of a run, or of a sweep."""
    asked = understood("show", words)
    name, place = only_name("show", asked.names, "RUN, NAME or NAME/ID"), asked.sweeps_dir
    folders = sweep_folders(place)
    if not folders:
        raise UserError(no_sweeps(place))
    names = {part for folder in folders for part in _names(name_of(folder, place))}
    if name in names or not re.fullmatch(r"[0-9a-f]{1,12}", name):
        try:
            folder = folder_of(name, place)
        except UserError as error:
            raise error if "/" in name else unknown("run or sweep", name, names) from error
        status.tell(opened(folder, place), place, make_console())
        return 0
    run_id, homes = run_named(name, place)
    tell(run_id, homes, place, make_console())
    return 0


def _names(name: str) -> tuple[str, str]:
    """NAME/ID and NAME."""
    return name, name.rpartition("/")[0]

"""`nnexp show`: all that is known of one run."""

import re
from collections.abc import Sequence
from pathlib import Path

from nnexp.commands import status
from nnexp.commands.found import folder_of, name_of, no_sweeps, opened
from nnexp.commands.page import make_console
from nnexp.commands.run_page import tell
from nnexp.commands.words import only_name, understood
from nnexp.nn import UserError
from nnexp.nn.errors import FEW, unknown
from nnexp.sweep.folder import sweep_folders
from nnexp.sweep.frozen import read_body

HELP = """
nnexp show RUN [sweeps_dir=sweeps]
nnexp show NAME[/ID] [sweeps_dir=sweeps]

Everything about one run: settings, figures, learning curve, times, environment, where it is in MLflow and on
disk, and why it failed. RUN is a run_id or its first digits, at least 4. For a NAME, what nnexp status shows.
"""
SHORTEST = 4  # digits of a run_id


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
    run_id, homes = _run_named(name, place)
    tell(run_id, homes, place, make_console())
    return 0


def _names(name: str) -> tuple[str, str]:
    """NAME/ID and NAME."""
    return name, name.rpartition("/")[0]


def _run_named(prefix: str, sweeps_dir: str) -> tuple[str, list[Path]]:
    """The one run whose id begins with `prefix`, and the folders of its sweeps, the newest last.

    Raises:
        UserError: there is none, or several.
    """
    if len(prefix) < SHORTEST:
        raise UserError(f"a run is named by at least {SHORTEST} digits of its run_id, got {prefix!r}")
    everywhere = {folder: _run_ids(folder) for folder in sweep_folders(sweeps_dir)}
    known = {run_id for run_ids in everywhere.values() for run_id in run_ids}
    matches = sorted(run_id for run_id in known if run_id.startswith(prefix))
    if len(matches) > 1:
        more = f" and {len(matches) - FEW} more" if len(matches) > FEW else ""
        raise UserError(f"{prefix} begins several run_ids: {', '.join(matches[:FEW])}{more}")
    if not matches:
        close = sorted(run_id for run_id in known if run_id.startswith(prefix[:2]))[:FEW]
        hint = f"; close ones: {', '.join(close)}" if close else ": runs.csv of a sweep lists them"
        raise UserError(f"no run_id begins with {prefix}{hint}")
    return matches[0], [folder for folder, run_ids in everywhere.items() if matches[0] in run_ids]


def _run_ids(folder: Path) -> list[str]:
    """Those of a sweep's plan; of a damaged plan none."""
    try:
        return [str(run_id) for run_id in read_body(folder)["runs"]]
    except (UserError, KeyError, TypeError):
        return []

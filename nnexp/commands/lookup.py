"""Sweeps as commands find them: by name, with what they hold and who trains them."""

import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from nnexp.commands.arguments import DATA, Arguments
from nnexp.errors import FEW, UserError
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.results.tables import Results
from nnexp.sweep.question.stages import is_part
from nnexp.sweep.store.catalog import find_sweep_folder, name_from_path, sweep_folders
from nnexp.sweep.store.folder import Sweep, open_sweep
from nnexp.sweep.store.lock import holder_of
from nnexp.sweep.store.plan_file import read_head
from nnexp.sweep.store.rounds_file import awaited, read_rounds
from nnexp.tracking import mlflow_run_ids

SHORTEST = 4  # characters of a run_id
RUN_ID = "[a-p][0-9a-f]{0,11}"  # or its beginning
STATUSES = ("finished", "diverged", "pruned", "failed", "pending")


class StoredSweep(NamedTuple):
    """A sweep on disk. `name`: NAME/ID; `started`: ISO 8601, UTC; `holder`: who trains it, if anybody."""

    name: str
    sweep: Sweep
    started: str
    holder: str | None

    @property
    def statuses(self) -> Counter[str]:
        """Runs of the plan by status, one of `STATUSES`."""
        return Counter(status_of(self.sweep, run.run_id) for run in self.sweep.plan.runs)

    @property
    def goes_on(self) -> str:
        """By which rule further rounds may come: more `until decided`, more `to be tried`; empty if none."""
        return awaited(self.sweep.folder)


def standing(statuses: Mapping[str, int], holder: str | None, goes_on: str = "") -> str:
    """How many runs are where: `12 finished, 23 pending, more until decided; training`."""
    counts = [f"{statuses[status]} {status}" for status in STATUSES if statuses[status]]
    counts += [f"more {goes_on}"] * bool(goes_on)
    return ", ".join(counts) + "; training" * (holder is not None)


def shown_status(status: str) -> str:
    """One of `STATUSES` for the status of a record; one that timed out counts as failed."""
    return {"killed": "pending", "timed_out": "failed"}.get(status, status)


def status_of(sweep: Sweep, run_id: str) -> str:
    """One of `STATUSES`."""
    record = sweep.records.get(run_id)
    return "pending" if record is None else shown_status(record.status)


def folder_of(words: str, arguments: Arguments, *, published: bool = False) -> Path:
    """The folder of the sweep NAME, NAME/ID, or of its path, on the data set that the arguments want; on
    standard error, which of several it is. `published`: published results will do.

    Raises:
        UserError: there is none, or several; names the close ones.
    """
    place = arguments.sweeps_dir
    choice = find_sweep_folder(words, place, data=arguments.data, published=published)
    if choice.why:
        print(f"nnexp: {choice.why}", file=sys.stderr)
    return choice.folder


def folders_here(arguments: Arguments) -> list[Path]:
    """The folders of all sweeps on the data set that the arguments want, oldest start first."""
    return sweep_folders(arguments.sweeps_dir, data=arguments.data)


def parts_of(name: str, arguments: Arguments) -> list[StoredSweep]:
    """The stages of a study and the trials of a tuned sweep that are there, oldest start first."""
    place = arguments.sweeps_dir
    below = name_from_path(name, Path(place)).rstrip("/") + "/"
    folders = [folder for folder in folders_here(arguments) if name_of(folder, place).startswith(below)]
    stored = [read_stored(folder, place) for folder in folders]
    return [each for each in stored if is_part(each.sweep.plan)]


def say_left_out(why: str) -> None:
    """Say on standard error what a command does without."""
    print(f"nnexp: left out: {why}", file=sys.stderr)


def read_stored(folder: Path, sweeps_dir: str) -> StoredSweep:
    """The sweep in `folder`, as it is now.

    Raises:
        UserError: its plan cannot be read.
    """
    holder = holder_of(folder)  # first: whatever it records meanwhile is read
    started = read_head(folder).started
    return StoredSweep(name_of(folder, sweeps_dir), open_sweep(folder), started, holder)


def name_of(folder: Path, sweeps_dir: str) -> str:
    """NAME/ID."""
    return folder.relative_to(sweeps_dir).as_posix()


def is_sweep_name(words: str, sweeps_dir: str) -> bool:
    """Whether `words` can only mean a sweep: NAME or NAME/ID of one, or no beginning of a run_id."""
    if not re.fullmatch(RUN_ID, words):
        return True
    return any(words == name_of(folder.parent, sweeps_dir) for folder in sweep_folders(sweeps_dir))


def run_named(prefix: str, arguments: Arguments) -> tuple[str, list[Path]]:
    """The one run whose id begins with `prefix`, and the folders of its sweeps, the newest last.

    Raises:
        UserError: there is none, or several, or the arguments want a data set.
    """
    if arguments.data:
        raise UserError(f"{DATA}={arguments.data} chooses among the sweeps of a name, and {prefix} is a run")
    if len(prefix) < SHORTEST:
        raise UserError(f"a run is named by at least {SHORTEST} characters of its run_id, got {prefix!r}")
    everywhere = {folder: _run_ids(folder) for folder in folders_here(arguments)}
    run_ids = {run_id for ids in everywhere.values() for run_id in ids}
    matches = sorted(run_id for run_id in run_ids if run_id.startswith(prefix))
    if len(matches) > 1:
        more = f" and {len(matches) - FEW} more" if len(matches) > FEW else ""
        raise UserError(f"{prefix} begins several run_ids: {', '.join(matches[:FEW])}{more}")
    if not matches:
        close = sorted(run_id for run_id in run_ids if run_id.startswith(prefix[:2]))[:FEW]
        hint = f"; close ones: {', '.join(close)}" if close else ": runs.csv of a sweep lists them"
        raise UserError(f"no run_id begins with {prefix}{hint}")
    return matches[0], [folder for folder, run_ids in everywhere.items() if matches[0] in run_ids]


def _run_ids(folder: Path) -> set[str]:
    """Those of a sweep's rounds; none if they are damaged: `nnexp list` says so, and others have theirs."""
    try:
        return {key.run_id for each in read_rounds(folder) for key in each.runs}
    except UserError:
        return set()


def results_of_sweep(words: str, arguments: Arguments) -> tuple[Path, Results]:
    """Folder and results of a sweep, as `folder_of` finds it; published ones will do.

    Raises:
        UserError: there is none, or several, or it cannot be read.
    """
    folder = folder_of(words, arguments, published=True)
    return folder, load_folder(folder, arguments.sweeps_dir, mlflow_run_ids(folder)).results

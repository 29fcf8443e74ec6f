"""`nnexp rm`: sweeps go for good, after a question."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from rich.filesize import decimal
from rich.table import Table

from nnexp.commands.arguments import TRACKING, WHICH, Arguments, parse_arguments
from nnexp.commands.lookup import folder_of, folders_here, name_of
from nnexp.config import load_config
from nnexp.console import can_answer, make_console, make_table
from nnexp.errors import FEW, UserError
from nnexp.sweep.question.tuning import TRIALS
from nnexp.sweep.store.catalog import name_from_path, sweep_folders
from nnexp.sweep.store.disk_use import disk_use
from nnexp.sweep.store.lock import held, holder_of
from nnexp.sweep.store.plan_file import FILE, own_name, read_body
from nnexp.text import count
from nnexp.tracking import InMlflow, count_in_mlflow, remove_from_mlflow

HELP = """
nnexp rm NAME[/ID] ... [--mlflow] [--purge] [--yes] [data=mnist] [tracking.uri=...]
         [sweeps_dir=sweeps]

Remove sweeps: plan, records, weights, tables. NAME alone will do where it has one sweep; a pattern means all
that fit it, 'single/*' every single run. The trials of a tuned sweep, NAME/trials, are a sweep of their own.
Shows what would go and asks; --yes does not ask, and must be given where nobody can answer. What MLflow holds
stays there, unless --mlflow takes it out too: the runs that this folder logged, into MLflow's bin, or, with
--purge as well, rows and files for good. Files that are on another machine stay there, and where is said
before the question. tracking.uri, or MLFLOW_TRACKING_URI, gives the user and password of a store that has
them. Refused are a sweep that is being trained, and a folder whose own plan does not say that it is this
sweep.
"""
YES, MLFLOW, PURGE = "--yes", "--mlflow", "--purge"


def main(words: Sequence[str]) -> int:
    """Show, ask, remove; 1 if the answer is no."""
    arguments = parse_arguments("rm", words, keys=(*WHICH, *TRACKING), options=(YES, MLFLOW, PURGE))
    mlflow, purge = (option in arguments.options for option in (MLFLOW, PURGE))
    if not arguments.names:
        raise UserError("rm takes one NAME or NAME/ID or more, got none: nnexp list shows them")
    if purge and not mlflow:
        raise UserError(f"{PURGE} is about what MLflow holds: it needs {MLFLOW}")
    folders = folders_of(arguments)
    for folder in folders:
        _check_removable(folder, arguments.sweeps_dir)
        if holder := holder_of(folder):
            raise UserError(f"{folder} is being trained by {holder}: wait for its end, or stop it")
    if YES not in arguments.options and not can_answer():
        raise UserError("rm asks before it removes, and here nobody can answer: add --yes")
    console = make_console()
    uri = load_config(arguments.only(TRACKING)).tracking.uri if mlflow else None
    logged = {folder: count_in_mlflow(folder, uri, purge=purge) for folder in folders} if mlflow else None
    console.print(_what_goes(folders, arguments.sweeps_dir, logged))
    stay = sorted({place for sweep in (logged or {}).values() for place in sweep.elsewhere})
    for line in _notes_on_trials(folders, arguments.sweeps_dir):
        console.print(line, soft_wrap=True)
    for place in stay:
        console.print(f"Not on this machine, so its files of these runs stay: {place}", soft_wrap=True)
    if YES not in arguments.options and not _agreed():
        console.print("Nothing was removed.")
        return 1
    runs = 0
    for folder in folders:
        with _gone(folder, Path(arguments.sweeps_dir)):  # MLflow first: the folder knows where its runs are
            runs += remove_from_mlflow(folder, uri, purge=purge).runs if mlflow else 0
    went = "are gone for good" + (", but not their files" if stay else "") if purge else "went into its bin"
    rest = f"{count(runs, 'run')} of MLflow {went}." if mlflow else "What MLflow holds stays there."
    console.print(f"Removed: {count(len(folders), 'sweep')}. {rest}")
    return 0


def folders_of(arguments: Arguments) -> list[Path]:
    """The folders that the names and patterns mean, each once.

    Raises:
        UserError: one of them means none, or a NAME several.
    """
    place = arguments.sweeps_dir
    sweeps = {name_of(folder, place): folder for folder in folders_here(arguments)}
    folders: list[Path] = []
    for name in (name_from_path(words, place) for words in arguments.names):
        if any(sign in name for sign in "*?["):
            matches = [folder for known, folder in sweeps.items() if _fits(known, name)]
            if not matches:
                raise UserError(f"no sweep fits {name!r}: a pattern is one of NAME/ID, such as 'single/*'")
            folders += matches
            continue
        of_name = sorted(known for known in sweeps if known.rpartition("/")[0] == name)
        if len(of_name) > 1:
            choices = ", ".join([*of_name[:FEW], f"or '{name}/*' for all"])
            raise UserError(f"{name} has {len(of_name)} sweeps, name one: {choices}")
        folders.append(sweeps.get(name) or folder_of(name, arguments))
    return list(dict.fromkeys(folders))


def _fits(name: str, pattern: str) -> bool:
    """Whether each part of NAME/ID fits that of the pattern: no star reaches over a slash."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def _check_removable(folder: Path, sweeps_dir: str) -> None:
    """Raise `UserError` unless the folder is a sweep by its own plan, and holds no other."""
    name, by_hand = name_of(folder, sweeps_dir), f"remove {folder} by hand if it is to go"
    if (own := own_name(folder)) != name:
        raise UserError(f"{folder} is the sweep {own} by its plan, not {name}: {by_hand}")
    if folder.is_symlink():
        raise UserError(f"{folder} is a symbolic link: {by_hand}")
    if others := [path.parent for path in folder.rglob(FILE) if path.parent != folder]:
        raise UserError(f"{folder} holds other sweeps, such as {name_of(others[0], sweeps_dir)}: {by_hand}")


def _notes_on_trials(folders: Sequence[Path], sweeps_dir: str) -> Iterator[str]:
    """Trials that stay when their sweep goes, as others may rest on them; and what rests on those that go."""
    going = {name_of(folder, sweeps_dir) for folder in folders}
    rests_on = {name_of(folder, sweeps_dir): _trials(folder) for folder in sweep_folders(sweeps_dir)}
    for name, trials in rests_on.items():
        if name in going and trials in rests_on and trials not in going:
            yield f"The trials of {name} stay: nnexp rm {trials} removes them"
        if name not in going and trials in going:
            yield f"{name} rests on {trials}: its answer will not say how settings did"


def _trials(folder: Path) -> str:
    """NAME/ID of the trials that the sweep in `folder` rests on; empty if there are none beside it."""
    if (folder.parent / TRIALS).is_dir():
        with suppress(UserError):  # it is damaged
            return str(read_body(folder).get("trials", ""))
    return ""


def _agreed() -> bool:
    """Whether the person at the terminal says yes."""
    try:
        return input("Remove for good? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _what_goes(folders: Sequence[Path], sweeps_dir: str, logged: Mapping[Path, InMlflow] | None) -> Table:
    """A line for each sweep; `logged`: what MLflow holds of each, None where it stays there."""
    columns = ("records", "disk", *(["runs in MLflow"] if logged is not None else []))
    table = make_table("sweep", *columns, right=columns)
    for folder in folders:
        records = len(list((folder / "records").glob("*.json")))
        runs = [str(logged[folder].runs)] if logged is not None else []
        table.add_row(name_of(folder, sweeps_dir), str(records), decimal(disk_use(folder)), *runs)
    return table


@contextmanager
def _gone(folder: Path, sweeps_dir: Path) -> Iterator[None]:
    """What is done inside, and then the sweep's folder goes, and those above it that are empty then.

    Raises:
        UserError: it is being trained, or a file cannot be removed.
    """
    try:
        with held(folder):
            yield
            shutil.rmtree(folder / "records", ignore_errors=True)  # the plan last: until then it is listed
            shutil.rmtree(folder)
    except OSError as error:
        raise UserError(f"{folder} cannot be removed: {error.strerror}: {error.filename}") from error
    with suppress(OSError):  # not empty
        for parent in folder.parents:
            if parent == sweeps_dir:
                break
            parent.rmdir()

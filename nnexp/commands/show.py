"""`nnexp show`: all that is known of one run."""

from collections.abc import Sequence
from pathlib import Path

from nnexp.commands import status, summary
from nnexp.commands.arguments import WHICH, Arguments, only_name, parse_arguments
from nnexp.commands.lookup import folder_of, is_sweep_name, name_of, read_stored, run_named
from nnexp.commands.run_report import tell
from nnexp.console import make_console
from nnexp.data import load
from nnexp.errors import UserError, unknown
from nnexp.sweep.store.catalog import sweep_folders
from nnexp.sweep.store.plan_file import read_plan
from nnexp.sweep.store.record_file import read_model, weights_path

HELP = """
nnexp show RUN [--pictures FOLDER] [sweeps_dir=sweeps]
nnexp show NAME[/ID] [data=mnist] [sweeps_dir=sweeps]

Everything about one run: settings, figures, learning curve, times, environment, where it is in MLflow and on
disk, and why it failed. RUN is a run_id or its beginning, at least 4 characters. --pictures draws the weights
of its first layer, its confusion matrix and its worst mistakes. Of a sweep, what nnexp status shows; a sweep
of one run means that run. Of published results (published/NAME), what nnexp summary shows.
"""
PICTURES = "--pictures"


def main(words: Sequence[str]) -> int:
    """Print the page of a run, or of a sweep."""
    arguments = parse_arguments("show", words, keys=WHICH, valued=(PICTURES,))
    name, place = only_name("show", arguments.names, "RUN, NAME or NAME/ID"), arguments.sweeps_dir
    if not is_sweep_name(name, place):
        return _show_run(*run_named(name, arguments), arguments)
    try:
        folder = folder_of(name, arguments, published=True)
    except UserError as error:
        names = {part for folder in sweep_folders(place) for part in _names(name_of(folder, place))}
        if "/" in name or name in names or not names:
            raise
        raise unknown("run or sweep", name, names) from error
    runs = read_plan(folder).runs
    if len(runs) == 1:
        return _show_run(runs[0].run_id, [folder], arguments)
    if PICTURES in arguments.settings:
        raise UserError(f"{PICTURES} draws a RUN, got {name}: those of a sweep lie in its folder")
    if not (folder / "records").is_dir():  # published: its answer is what is known
        return summary.main([name, *arguments.only(WHICH)])
    status.tell(read_stored(folder, place), place, make_console())
    return 0


def _show_run(run_id: str, homes: Sequence[Path], arguments: Arguments) -> int:
    console = make_console()
    tell(run_id, homes, arguments.sweeps_dir, console)
    if PICTURES in arguments.settings:
        for path in _draw(run_id, homes, Path(arguments.settings[PICTURES])):
            console.print(f"Picture: {path}")
    return 0


def _draw(run_id: str, homes: Sequence[Path], folder: Path) -> list[Path]:
    """Draw the network that the run kept, as RUN_first_layer.png and so on; the files.

    Raises:
        UserError: none of the sweeps `homes` has its weights, or `folder` cannot be written.
    """
    from nnexp.plots import save
    from nnexp.plots.pictures import Subject, network_pictures

    trained = [home for home in homes if weights_path(home / "records", run_id).exists()]
    if not trained:
        raise UserError(f"run {run_id} has no weights to draw: only a run that finished keeps them")
    plan = read_plan(trained[-1], all_seeds=True)
    run = next(run for run in plan.runs if run.run_id == run_id)
    model = read_model(trained[-1] / "records", run_id)
    subject = Subject(model, load(run.data), plan.label(run))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            path
            for name, draw_picture in network_pictures(subject).items()
            for path in save(draw_picture(), folder, f"{run_id}_{name}")
        ]
    except OSError as error:
        raise UserError(f"the pictures cannot be written: {error.strerror}: {folder}") from error


def _names(name: str) -> tuple[str, str]:
    """NAME/ID and NAME."""
    return name, name.rpartition("/")[0]

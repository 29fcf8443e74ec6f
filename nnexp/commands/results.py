"""The results of a sweep as commands take them: as they are now, or as they were published."""

from pathlib import Path

from nnexp.commands.lookup import say_choice
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.results.tables import Results
from nnexp.sweep.store.catalog import find_sweep_folder
from nnexp.tracking import mlflow_run_ids


def results_of_sweep(words: str, sweeps_dir: str) -> tuple[Path, Results]:
    """Folder and results of the sweep NAME, NAME/ID, or of its path.

    Raises:
        UserError: there is none, or several, or it cannot be read.
    """
    folder = say_choice(find_sweep_folder(words, sweeps_dir, published=True))
    return folder, load_folder(folder, sweeps_dir, mlflow_run_ids(folder)).results

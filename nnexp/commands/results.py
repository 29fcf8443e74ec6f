"""The results of a sweep as commands take them: as they are now, or as they were published."""

from pathlib import Path

from nnexp.experiment.loaded_sweep import load_folder
from nnexp.results.sweep_folder import results_folder
from nnexp.results.tables import Results
from nnexp.tracking import mlflow_run_ids


def results(words: str, sweeps_dir: str) -> tuple[Path, Results]:
    """Folder and results of the sweep NAME, NAME/ID, or of its path.

    Raises:
        UserError: there is none, or several, or it cannot be read.
    """
    folder = results_folder(words.removeprefix(f"{Path(sweeps_dir).as_posix()}/").rstrip("/"), sweeps_dir)
    return folder, load_folder(folder, sweeps_dir, mlflow_run_ids(folder)).results

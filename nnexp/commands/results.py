"""The results of a sweep as commands take them: as they are now, or as they were published."""

from pathlib import Path

from nnexp.experiment.loaded_sweep import as_answer, loaded
from nnexp.report.answer import Answer, located
from nnexp.tracking import mlflow_run_ids


def results(words: str, sweeps_dir: str) -> tuple[Path, Answer]:
    """Folder and answer of the sweep NAME, NAME/ID, or of its path.

    Raises:
        UserError: there is none, or several, or it cannot be read.
    """
    folder = located(words.removeprefix(f"{Path(sweeps_dir).as_posix()}/").rstrip("/"), sweeps_dir)
    return folder, as_answer(loaded(folder, sweeps_dir, mlflow_run_ids(folder)))

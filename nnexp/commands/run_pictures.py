"""The pictures of one run: what `nnexp show RUN --pictures FOLDER` draws."""

from collections.abc import Sequence
from pathlib import Path

from nnexp.data import load
from nnexp.errors import UserError
from nnexp.plots import save
from nnexp.plots.pictures import Subject, network_pictures
from nnexp.sweep.store.plan_file import read_plan
from nnexp.sweep.store.record import read_model, weights_path


def draw(run_id: str, homes: Sequence[Path], folder: Path) -> list[Path]:
    """Draw the network that the run kept, as RUN_first_layer.png and so on; the files.

    Raises:
        UserError: none of the sweeps `homes` has its weights, or `folder` cannot be written.
    """
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

"""A sweep is taken out of the MLflow stores that it was logged to."""

from pathlib import Path
from typing import TYPE_CHECKING

from nnexp.errors import UserError
from nnexp.tracking.address import without_secrets
from nnexp.tracking.client import session
from nnexp.tracking.logged import FILE, lines_of, read_logged
from nnexp.tracking.run_logger import delete_run, search
from nnexp.tracking.store_check import check_store

if TYPE_CHECKING:
    from mlflow import MlflowClient


def remove_from_mlflow(folder: Path) -> int:
    """Delete what MLflow holds of the sweep in `folder`: its runs, their models, its page; how many runs.

    They go into MLflow's bin, which `mlflow gc` empties. A SQLite file that is gone holds nothing.

    Raises:
        UserError: a store cannot be reached or written; what it holds stays, and is known still.
    """
    removed = 0
    for store in dict.fromkeys(line.store for line in read_logged(folder)):
        lines = lines_of(folder, store)
        pages = [line.mlflow_run_id for line in lines if line.run_id == folder.name]
        if not pages:
            continue
        check_store(store)
        try:
            with session(store) as client:
                removed += sum(_delete(client, page) for page in dict.fromkeys(pages))
        except Exception as error:  # MLflow, its database driver and the network raise what they like
            reason = without_secrets(str(error).strip().splitlines()[0], store)
            raise UserError(f"the runs in {store} cannot be removed: {reason}") from error
    (folder / FILE).unlink(missing_ok=True)
    return removed


def _delete(client: "MlflowClient", page: str) -> int:
    """Delete a sweep's page, last, and the runs below it; how many runs that were."""
    from mlflow.exceptions import MlflowException

    try:
        info = client.get_run(page).info
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return 0
        raise
    below = search(client, info.experiment_id, f"tags.`mlflow.parentRunId` = '{page}'")
    runs = [run.info.run_id for run in below]
    pages = [page] if info.lifecycle_stage == "active" else []
    for mlflow_run_id in [*runs, *pages]:
        delete_run(client, info.experiment_id, mlflow_run_id)
    return len(runs or pages)

"""Our runs and their files taken out of a database of MLflow's for good."""

import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from nnexp.errors import UserError
from nnexp.tracking.address import is_local, local_folder
from nnexp.tracking.removal_sql import batches, models_of, tables
from nnexp.tracking.views import TAG

if TYPE_CHECKING:
    from sqlalchemy import Connection

FILE_THREADS = 16  # a disk that is busy takes 20 ms for a model's folder: they wait together
CACHE = 200_000  # kB of SQLite's, while rows go: the index of all metrics is read in no order
OF_A_RUN = ("metrics", "latest_metrics", "params", "tags")
OF_A_MODEL = ("logged_model_metrics", "logged_model_params", "logged_model_tags", "logged_models")


def check_purge(connection: "Connection", mlflow_run_ids: Sequence[str]) -> None:
    """Raise `UserError` where files of these runs belong to others: to a server, or to a registered model."""
    from sqlalchemy import select

    versions = tables()["model_versions"]
    registered = select(versions.c.name, versions.c.version).where(
        versions.c.current_stage != "Deleted_Internal"
    )
    for ids in batches(mlflow_run_ids):
        for name, version in connection.execute(registered.where(versions.c.run_id.in_(ids))):
            raise UserError(
                f"--purge takes no registered model: {name} version {version} is one of this sweep; "
                "delete it there first, or remove without --purge"
            )
    for place in _places(connection, mlflow_run_ids).values():
        if place.startswith(("mlflow-artifacts:", "http:", "https:")):
            raise UserError(
                "--purge takes no files that a MLflow server keeps: remove without it, "
                "then `mlflow gc` empties the bin there"
            )


def out_of_reach(
    connection: "Connection", mlflow_run_ids: Sequence[str], moved: Mapping[str, str]
) -> list[str]:
    """The folders of experiments of these runs that are not on this machine.

    `moved`: a place that the database notes -> the right one.
    """
    from sqlalchemy import select

    runs, experiments = tables()["runs"], tables()["experiments"]
    noted = select(experiments.c.artifact_location).join(
        runs, runs.c.experiment_id == experiments.c.experiment_id
    )
    places = {
        moved.get(place, place)
        for ids in batches(mlflow_run_ids)
        for place in connection.execute(noted.where(runs.c.run_uuid.in_(ids)).distinct()).scalars()
    }
    return sorted(place for place in places if is_local(place) and not local_folder(place).is_dir())


def purge(connection: "Connection", mlflow_run_ids: Sequence[str], sweep_id: str) -> None:
    """Remove rows and files of runs and of their models; a folder that is not called after its own is left.

    Both at once, for each waits for the disk. Rows that are left, should anything fail, name the files still.
    """
    places = _places(connection, mlflow_run_ids)
    with ThreadPoolExecutor(FILE_THREADS) as threads:
        files = threads.map(_purge_folder, *zip(*places.items(), strict=True)) if places else ()
        purge_rows(connection, mlflow_run_ids, sweep_id)
        deque(files, maxlen=0)  # raises what one of them raised


def _purge_folder(owner: str, place: str) -> None:
    if is_local(place):
        folder = local_folder(place).parent
        if folder.name == owner and folder.exists():
            shutil.rmtree(folder)
    else:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        get_artifact_repository(place).delete_artifacts()  # type: ignore[no-untyped-call]


def purge_rows(connection: "Connection", mlflow_run_ids: Sequence[str], sweep_id: str) -> None:
    """Remove what the tables hold of these runs and of their models, and the sweep's saved views."""
    from sqlalchemy import delete, text

    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA cache_size = -{CACHE}"))
    known = tables()
    for ids in batches(list(models_of(connection, mlflow_run_ids))):
        for name in OF_A_MODEL:
            connection.execute(delete(known[name]).where(known[name].c.model_id.in_(ids)))
    for ids in batches(mlflow_run_ids):
        _purge_inputs(connection, ids)
        for table in (*map(known.__getitem__, OF_A_RUN), known["runs"]):
            connection.execute(delete(table).where(table.c.run_uuid.in_(ids)))
    views = known["experiment_tags"]
    connection.execute(
        delete(views).where(views.c.key.in_([f"{TAG}{sweep_id}{which}" for which in ("", "-runs", "-means")]))
    )


def _purge_inputs(connection: "Connection", ids: Sequence[str]) -> None:
    """The rows that join runs to data sets and models; the data sets may be others' as well."""
    from sqlalchemy import delete, select

    inputs, tags = tables()["inputs"], tables()["input_tags"]
    takes = (inputs.c.destination_type == "RUN") & inputs.c.destination_id.in_(ids)
    gives = (inputs.c.source_type == "RUN_OUTPUT") & inputs.c.source_id.in_(ids)
    for which in (takes, gives):
        its = select(inputs.c.input_uuid).where(which)
        connection.execute(delete(tags).where(tags.c.input_uuid.in_(its)))
        connection.execute(delete(inputs).where(which))


def _places(connection: "Connection", mlflow_run_ids: Sequence[str]) -> dict[str, str]:
    """Where the files of each run and model are, by its id."""
    from sqlalchemy import select

    runs = tables()["runs"]
    noted = select(runs.c.run_uuid, runs.c.artifact_uri)
    places: dict[str, str] = {}
    for ids in batches(mlflow_run_ids):
        places |= {row[0]: row[1] for row in connection.execute(noted.where(runs.c.run_uuid.in_(ids)))}
    return places | models_of(connection, mlflow_run_ids)

"""Our runs in a database of MLflow's: found, put into its bin, taken out with rows and files, in batches.

MLflow's client deletes one run in some 8 ms; here a statement serves a batch, on MLflow's own tables.
"""

import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from nnexp.errors import UserError
from nnexp.tracking.address import scheme
from nnexp.tracking.views import TAG

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

BATCH = 500  # runs in a statement
RUN, SWEEP = "nnexp.run_id", "nnexp.sweep_id"  # our tags: of a run, and of a sweep's page
FILE_THREADS = 16  # a disk that is busy takes 20 ms for a model's folder: they wait together
CACHE = 200_000  # kB of SQLite's, while rows go: the index of all metrics is read in no order
LOCK_TIME = 20.0  # seconds that another writer of a SQLite file may take
OF_A_RUN = ("metrics", "latest_metrics", "params", "tags")
OF_A_MODEL = ("logged_model_metrics", "logged_model_params", "logged_model_tags", "logged_models")


@contextmanager
def transaction(uri: str) -> Iterator["Connection"]:
    """A connection to the database at `uri`; what is done inside is done whole, or not at all."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    waits = {"timeout": LOCK_TIME} if scheme(uri) == "sqlite" else {}
    with create_engine(uri, poolclass=NullPool, connect_args=waits).begin() as connection:
        yield connection


def tables() -> Mapping[str, "Table"]:
    """MLflow's own tables, by name."""
    import mlflow.store.model_registry.dbmodels.models
    import mlflow.store.tracking.dbmodels.models  # noqa: F401
    from mlflow.store.db.base_sql_model import Base

    return dict(Base.metadata.tables)


def our_runs(
    connection: "Connection", named: Mapping[str, str], sweep_id: str, *, deleted: bool
) -> dict[str, str]:
    """MLflow's id -> our run_id (empty for a page) of a sweep's runs, its pages last.

    They are those in `named` whose tags say the same, and ours below a page. `named`: MLflow's id -> our
    run_id, or the sweep's own ID for its page. `deleted`: also those in the bin.
    """
    from sqlalchemy import select

    tags, runs = tables()["tags"], tables()["runs"]
    below = select(tags.c.run_uuid).where(tags.c.key == "mlflow.parentRunId")
    found = _tags(connection, list(named))
    pages = {one: found[one].get(RUN, "") for one in found if found[one].get(SWEEP) == sweep_id == named[one]}
    ours = {one: named[one] for one in found if found[one].get(RUN) == named[one]}
    for ids in _batches(list(pages)):
        children = list(connection.execute(below.where(tags.c.value.in_(ids))).scalars())
        ours |= {one: its[RUN] for one, its in _tags(connection, children).items() if RUN in its}
    wanted = {one: run_id for one, run_id in ours.items() if one not in pages} | pages
    if deleted:
        return wanted
    in_bin = select(runs.c.run_uuid).where(runs.c.lifecycle_stage == "deleted")
    for ids in _batches(list(wanted)):
        for one in connection.execute(in_bin.where(runs.c.run_uuid.in_(ids))).scalars():
            del wanted[one]
    return wanted


def _tags(connection: "Connection", mlflow_run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What our tags say of each of these runs."""
    from sqlalchemy import select

    tags, found = tables()["tags"], dict[str, dict[str, str]]()
    known = select(tags.c.run_uuid, tags.c.key, tags.c.value).where(tags.c.key.in_([RUN, SWEEP]))
    for ids in _batches(mlflow_run_ids):
        for one, key, value in connection.execute(known.where(tags.c.run_uuid.in_(ids))):
            found.setdefault(one, {})[key] = value
    return found


def put_into_bin(connection: "Connection", mlflow_run_ids: Sequence[str]) -> None:
    """Delete runs and their models as MLflow's client does; it restores them, and `mlflow gc` ends them."""
    from sqlalchemy import update

    runs, models, now = tables()["runs"], tables()["logged_models"], time.time_ns() // 1_000_000
    gone = update(runs).values(lifecycle_stage="deleted", deleted_time=now)
    for ids in _batches(mlflow_run_ids):
        active = runs.c.run_uuid.in_(ids) & (runs.c.lifecycle_stage == "active")
        connection.execute(gone.where(active))
    without = update(models).values(lifecycle_stage="deleted", last_updated_timestamp_ms=now)
    for ids in _batches(list(_models(connection, mlflow_run_ids))):
        connection.execute(without.where(models.c.model_id.in_(ids)))


def check_purge(connection: "Connection", mlflow_run_ids: Sequence[str]) -> None:
    """Raise `UserError` where files of these runs belong to others: to a server, or to a registered model."""
    from sqlalchemy import select

    versions = tables()["model_versions"]
    registered = select(versions.c.name, versions.c.version).where(
        versions.c.current_stage != "Deleted_Internal"
    )
    for ids in _batches(mlflow_run_ids):
        for name, version in connection.execute(registered.where(versions.c.run_id.in_(ids))):
            raise UserError(
                f"--purge takes no registered model: {name} version {version} is one of this sweep; "
                "delete it there first, or remove without --purge"
            )
    for place in _places(connection, mlflow_run_ids).values():
        if place.startswith("mlflow-artifacts:"):
            raise UserError(
                "--purge takes no files that a MLflow server keeps: remove without it, "
                "then `mlflow gc` empties the bin there"
            )


def purge_files(connection: "Connection", mlflow_run_ids: Sequence[str]) -> None:
    """Remove the folders of runs and of their models; a folder that is not called after its own is left."""
    with ThreadPoolExecutor(FILE_THREADS) as threads:
        list(threads.map(_purge_folder, *zip(*_places(connection, mlflow_run_ids).items(), strict=True)))


def _purge_folder(owner: str, place: str) -> None:
    if place.startswith("file:") or "://" not in place:
        folder = Path(url2pathname(urlparse(place).path)).parent
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
    for ids in _batches(list(_models(connection, mlflow_run_ids))):
        for name in OF_A_MODEL:
            connection.execute(delete(known[name]).where(known[name].c.model_id.in_(ids)))
    for ids in _batches(mlflow_run_ids):
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
    for ids in _batches(mlflow_run_ids):
        places |= {row[0]: row[1] for row in connection.execute(noted.where(runs.c.run_uuid.in_(ids)))}
    return places | _models(connection, mlflow_run_ids)


def _models(connection: "Connection", mlflow_run_ids: Collection[str]) -> dict[str, str]:
    """The models of these runs, and where their files are. One search: MLflow has no index for it."""
    from sqlalchemy import select

    models, wanted = tables()["logged_models"], set(mlflow_run_ids)
    noted = select(models.c.model_id, models.c.artifact_location, models.c.source_run_id)
    return {row[0]: row[1] for row in connection.execute(noted) if row[2] in wanted}


def _batches(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]

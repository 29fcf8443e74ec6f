"""Our runs in a database of MLflow's: found and put into its bin, in batches.

MLflow's client deletes one run in some 8 ms; here a statement serves a batch, on MLflow's own tables.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nnexp.tracking.address import scheme

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

BATCH = 500  # runs in a statement
RUN, SWEEP = "nnexp.run_id", "nnexp.sweep_id"  # our tags: of a run, and of a sweep's page
LOCK_TIME = 20.0  # seconds that another writer of a SQLite file may take


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
    for ids in batches(list(pages)):
        children = list(connection.execute(below.where(tags.c.value.in_(ids))).scalars())
        ours |= {one: its[RUN] for one, its in _tags(connection, children).items() if RUN in its}
    wanted = {one: run_id for one, run_id in ours.items() if one not in pages} | pages
    if deleted:
        return wanted
    in_bin = select(runs.c.run_uuid).where(runs.c.lifecycle_stage == "deleted")
    for ids in batches(list(wanted)):
        for one in connection.execute(in_bin.where(runs.c.run_uuid.in_(ids))).scalars():
            del wanted[one]
    return wanted


def _tags(connection: "Connection", mlflow_run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What our tags say of each of these runs."""
    from sqlalchemy import select

    tags, found = tables()["tags"], dict[str, dict[str, str]]()
    known = select(tags.c.run_uuid, tags.c.key, tags.c.value).where(tags.c.key.in_([RUN, SWEEP]))
    for ids in batches(mlflow_run_ids):
        for one, key, value in connection.execute(known.where(tags.c.run_uuid.in_(ids))):
            found.setdefault(one, {})[key] = value
    return found


def put_into_bin(connection: "Connection", mlflow_run_ids: Sequence[str]) -> None:
    """Delete runs and their models as MLflow's client does; it restores them, and `mlflow gc` ends them."""
    from sqlalchemy import update

    runs, models, now = tables()["runs"], tables()["logged_models"], time.time_ns() // 1_000_000
    gone = update(runs).values(lifecycle_stage="deleted", deleted_time=now)
    for ids in batches(mlflow_run_ids):
        active = runs.c.run_uuid.in_(ids) & (runs.c.lifecycle_stage == "active")
        connection.execute(gone.where(active))
    without = update(models).values(lifecycle_stage="deleted", last_updated_timestamp_ms=now)
    for ids in batches(list(models_of(connection, mlflow_run_ids))):
        connection.execute(without.where(models.c.model_id.in_(ids)))


def models_of(connection: "Connection", mlflow_run_ids: Collection[str]) -> dict[str, str]:
    """The models of these runs, and where their files are. One search: MLflow has no index for it."""
    from sqlalchemy import select

    models, wanted = tables()["logged_models"], set(mlflow_run_ids)
    noted = select(models.c.model_id, models.c.artifact_location, models.c.source_run_id)
    return {row[0]: row[1] for row in connection.execute(noted) if row[2] in wanted}


def batches(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]

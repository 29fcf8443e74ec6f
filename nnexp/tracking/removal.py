"""A sweep is taken out of the MLflow stores that it was logged to: its own runs, and nobody else's."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nnexp.errors import UserError
from nnexp.tracking import purge_sql, removal_sql
from nnexp.tracking.address import SERVERS, public_uri, scheme, without_secrets
from nnexp.tracking.client import session, settings
from nnexp.tracking.credentials import address_of
from nnexp.tracking.logged import FILE, lines_of, read_logged
from nnexp.tracking.relocation import follow_move, moved_places
from nnexp.tracking.run_search import delete_run, search
from nnexp.tracking.store_check import check_store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy import Connection


class InMlflow(NamedTuple):
    """How many runs of a sweep MLflow holds, its own page not counted.

    `elsewhere`: the folders of their files that are not on this machine; a purge leaves them as they are.
    """

    runs: int = 0
    elsewhere: tuple[str, ...] = ()


def count_in_mlflow(folder: Path, uri: str | None = None, *, purge: bool = False) -> InMlflow:
    """What `remove_from_mlflow` would take out.

    Raises:
        UserError: a store cannot be reached, or holds what cannot be purged.
    """
    return _sum(_count(folder, store, named, purge=purge) for store, named in _stores(folder, uri))


def remove_from_mlflow(folder: Path, uri: str | None = None, *, purge: bool = False) -> InMlflow:
    """Delete what MLflow holds of the sweep in `folder`: its runs, their models, its page; what that was.

    Those that `logged.jsonl` names and whose tags say the same, and those of ours below its page. They go
    into MLflow's bin, which `mlflow gc` empties; with `purge` rows and files go for good, also those in the
    bin. A SQLite file that is gone holds nothing. `uri`: a store's address with its user and password, which
    `logged.jsonl` has not.

    Raises:
        UserError: a store cannot be reached or written; what it holds stays, and is known still.
    """
    removed = _sum(_remove(folder, store, named, purge=purge) for store, named in _stores(folder, uri))
    (folder / FILE).unlink(missing_ok=True)
    return removed


def _stores(folder: Path, uri: str | None) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each store that has runs of the sweep: its address, and what each of them stands for there."""
    for store in dict.fromkeys(line.store for line in read_logged(folder)):
        named = {line.mlflow_run_id: line.run_id for line in lines_of(folder, store) if line.mlflow_run_id}
        pages = {line.mlflow_run_id for line in lines_of(folder, store) if line.run_id == folder.name}
        if named:
            address = address_of(store, uri)
            check_store(address)
            yield address, named | dict.fromkeys(pages, folder.name)


def _sum(parts: Iterable[InMlflow]) -> InMlflow:
    parts = list(parts)
    elsewhere = dict.fromkeys(place for part in parts for place in part.elsewhere)
    return InMlflow(sum(part.runs for part in parts), tuple(elsewhere))


def _count(folder: Path, store: str, named: Mapping[str, str], *, purge: bool) -> InMlflow:
    if scheme(store) not in SERVERS:
        with _telling(store), settings(), removal_sql.transaction(store) as connection:
            return _in_database(connection, store, folder, named, purge=purge)[1]
    if purge:
        raise UserError(
            f"--purge takes rows and files out of a database, and {public_uri(store)} is a server: remove "
            "without it, then `mlflow gc` empties the bin there"
        )
    with _telling(store), session(store) as client:
        return _number(run_id for run_id, _ in _on_server(client, named, folder.name).values())


def _remove(folder: Path, store: str, named: Mapping[str, str], *, purge: bool) -> InMlflow:
    if scheme(store) in SERVERS:
        with _telling(store), session(store) as client:
            found = _on_server(client, named, folder.name)
            for mlflow_run_id, (_, experiment) in found.items():
                delete_run(client, experiment, mlflow_run_id)
            return _number(run_id for run_id, _ in found.values())
    follow_move(store)  # else a copy's runs would lead to the files of the original
    with _telling(store), settings():
        with removal_sql.transaction(store) as connection:
            runs, what = _in_database(connection, store, folder, named, purge=purge)
            removal_sql.put_into_bin(connection, runs)
        if purge:
            with removal_sql.transaction(store) as connection:
                purge_sql.purge(connection, runs, folder.name)
    return what


def _in_database(
    connection: "Connection", store: str, folder: Path, named: Mapping[str, str], *, purge: bool
) -> tuple[list[str], InMlflow]:
    """MLflow's ids of a sweep's runs, its pages last, and what they are."""
    runs = removal_sql.our_runs(connection, named, folder.name, deleted=purge)
    what = _number(runs.values())
    if not purge:
        return list(runs), what
    purge_sql.check_purge(connection, list(runs))
    elsewhere = purge_sql.out_of_reach(connection, list(runs), moved_places(store))
    return list(runs), what._replace(elsewhere=tuple(elsewhere))


def _on_server(client: "MlflowClient", named: Mapping[str, str], sweep_id: str) -> dict[str, tuple[str, str]]:
    """MLflow's id -> our run_id and the experiment, of a sweep's runs that are not in the bin, pages last."""
    from mlflow.exceptions import MlflowException

    below, pages = {}, {}
    for page in (one for one, stands_for in named.items() if stands_for == sweep_id):
        try:
            run = client.get_run(page)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                continue
            raise
        experiment, tags = run.info.experiment_id, run.data.tags
        if tags.get(removal_sql.SWEEP) != sweep_id:
            continue
        if run.info.lifecycle_stage == "active":
            pages[page] = (tags.get(removal_sql.RUN, ""), experiment)
        for child in search(client, experiment, f"tags.`mlflow.parentRunId` = '{page}'"):
            if removal_sql.RUN in child.data.tags:
                below[child.info.run_id] = (child.data.tags[removal_sql.RUN], experiment)
    return below | pages


def _number(run_ids: Iterable[str]) -> InMlflow:
    """How many of them are runs: the pages of sweeps have no run_id."""
    return InMlflow(sum(run_id != "" for run_id in run_ids))


@contextmanager
def _telling(store: str) -> Iterator[None]:
    """Say in one line what MLflow, its database driver and the network raise."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = without_secrets((str(error).strip().splitlines() or [type(error).__name__])[0], store)
        raise UserError(f"the runs in {public_uri(store)} cannot be removed: {reason}") from error

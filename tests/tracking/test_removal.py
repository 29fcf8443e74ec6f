"""A sweep goes out of MLflow whole: its own runs by name and tag, their models, and nobody else's."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from nnexp.errors import UserError
from nnexp.tracking import (
    Logged,
    Logger,
    append_logged,
    count_in_mlflow,
    purge_sql,
    read_logged,
    remove_from_mlflow,
)
from nnexp.tracking.relocation import follow_move
from tests.tracking.conftest import copy_store
from tests.tracking.samples import a_plan, a_record, children, parent, save_weights

NAME, OTHER = "gone", "stays"


@pytest.fixture(scope="module")
def logged(store: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with two sweeps, logged with their models to its own store."""
    home = tmp_path_factory.mktemp("logged")
    uri = copy_store(store, home / "mlflow.db")
    weights = save_weights(home / "weights.npz")
    for name in (NAME, OTHER):
        plan, folder = a_plan(name), home / f"id-{name}"
        folder.mkdir()
        logger = Logger(uri, plan, folder=folder, environment={})
        for run in plan.runs:
            logger.submit(run, a_record(run), weights)
        assert logger.close("FINISHED", {}) == ((), None)
    return home, uri


@pytest.fixture
def home(logged: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """A sweep's folder, and its store: copies whose files are at the place of the first."""
    folder, uri = tmp_path / f"id-{NAME}", copy_store(logged[1], tmp_path / "mlflow.db")
    folder.mkdir()
    lines = (logged[0] / folder.name / "logged.jsonl").read_text()
    (folder / "logged.jsonl").write_text(lines.replace(logged[1], uri))
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        for table, column in removal_places():
            was, now = (logged[0] / "mlartifacts").as_uri(), (tmp_path / "mlartifacts").as_uri()
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", [was, now])
    shutil.copytree(logged[0] / "mlartifacts", tmp_path / "mlartifacts")
    follow_move(uri)  # also what other tests have logged to the first store: a removal would do it
    return folder, uri


def removal_places() -> list[tuple[str, str]]:
    return [
        ("runs", "artifact_uri"),
        ("logged_models", "artifact_location"),
        ("experiments", "artifact_location"),
    ]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def stages(uri: str, mlflow_run_ids: list[str]) -> set[str]:
    return {MlflowClient(uri).get_run(one).info.lifecycle_stage for one in mlflow_run_ids}


def rows(uri: str, mask: Callable[[Any], Any] = lambda value: value) -> dict[str, list[Any]]:
    """Every row of every table."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(
                ([mask(value) for value in row] for row in database.execute(f'SELECT * FROM "{name}"')),
                key=repr,
            )
            for name in names
        }


def test_the_runs_and_models_of_a_sweep_go_into_the_bin_as_mlflow_s_client_puts_them(
    home: tuple[Path, str], tmp_path: Path
) -> None:
    folder, uri = home
    by_client = copy_store(uri, tmp_path / "client.db")
    client = MlflowClient(by_client)
    page = parent(by_client, NAME)
    for run in [*children(by_client, NAME), page]:
        for model in client.search_logged_models(
            [page.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
        ):
            client.delete_logged_model(model.model_id)
        client.delete_run(run.info.run_id)

    def recent(value: Any) -> Any:
        return "now" if isinstance(value, int) and value > 1.7e12 else value

    assert count_in_mlflow(folder).runs == 4
    assert remove_from_mlflow(folder).runs == 4
    assert rows(uri, recent) == rows(by_client, recent)
    assert read_logged(folder) == []
    assert len(children(uri, OTHER)) == 4
    MlflowClient(uri).restore_run(page.info.run_id)


def test_runs_that_are_not_of_the_sweep_stay_whatever_logged_jsonl_says(home: tuple[Path, str]) -> None:
    folder, uri = home
    client, page = MlflowClient(uri), parent(uri, NAME).info
    own = client.create_run(page.experiment_id, tags={"mlflow.parentRunId": page.run_id}).info.run_id
    [foreign, *_] = [run.info.run_id for run in children(uri, OTHER)]
    for named in (own, foreign, parent(uri, OTHER).info.run_id):
        append_logged(folder, Logged(f"{NAME}-0-0", uri, named, "2026-01-01T00:00:00+00:00"))
        append_logged(folder, Logged(folder.name, uri, named, ""))
    append_logged(folder, Logged(folder.name, uri, page.run_id, ""))
    assert remove_from_mlflow(folder, purge=True).runs == 4
    assert stages(uri, [own, foreign]) == {"active"}
    assert len(children(uri, OTHER)) == 4


def test_a_run_that_a_kill_left_below_the_page_goes_too(home: tuple[Path, str]) -> None:
    folder, uri = home
    cut = children(uri, NAME)[0].info.run_id
    lines = (folder / "logged.jsonl").read_text().splitlines()
    (folder / "logged.jsonl").write_text(
        "\n".join(line for line in lines if json.loads(line)["mlflow_run_id"] != cut)
    )
    assert remove_from_mlflow(folder).runs == 4
    assert stages(uri, [cut]) == {"deleted"}


@pytest.mark.parametrize("in_bin", [False, True])
def test_purge_leaves_neither_row_nor_file_of_the_sweep_and_all_of_others(
    home: tuple[Path, str], in_bin: bool
) -> None:
    folder, uri = home
    ids = [run.info.run_id for run in (*children(uri, NAME), parent(uri, NAME))]
    place = folder.parent / "mlartifacts"
    assert len(files(place / NAME)) == 4 * 6
    others, before = files(place / OTHER), rows(uri)
    if in_bin:
        for one in ids:
            MlflowClient(uri).delete_run(one)
    assert remove_from_mlflow(folder, purge=True).runs == 4
    left = repr(rows(uri))
    assert not [one for one in ids if one in left]
    assert f"id-{NAME}" not in left
    assert files(place / NAME) == []
    assert files(place / OTHER) == others
    after = rows(uri)
    gone = {
        table: len(before[table]) - len(after[table]) for table in ("runs", "logged_models", "input_tags")
    }
    assert gone == {"runs": 5, "logged_models": 4, "input_tags": 4}


def test_a_purge_of_a_copied_project_leaves_the_files_of_the_original(
    logged: tuple[Path, str], tmp_path: Path
) -> None:
    """Its store still names their places."""
    folder, uri = tmp_path / f"id-{NAME}", copy_store(logged[1], tmp_path / "mlflow.db")
    folder.mkdir()
    lines = (logged[0] / folder.name / "logged.jsonl").read_text()
    (folder / "logged.jsonl").write_text(lines.replace(logged[1], uri))
    shutil.copytree(logged[0] / "mlartifacts", tmp_path / "mlartifacts")
    before = files(logged[0]), len(files(tmp_path))
    database = (tmp_path / "mlflow.db").read_bytes()
    assert count_in_mlflow(folder, purge=True) == (4, ())
    assert (tmp_path / "mlflow.db").read_bytes() == database  # until the question is answered
    assert remove_from_mlflow(folder, purge=True).runs == 4
    assert (files(logged[0]), len(files(tmp_path)) < before[1]) == (before[0], True)


def test_a_purge_says_of_which_places_it_leaves_the_files(home: tuple[Path, str]) -> None:
    folder, uri = home
    place = folder.parent / "mlartifacts" / NAME
    assert count_in_mlflow(folder, purge=True).elsewhere == ()
    place.rename(folder.parent / "as on another machine")
    what = count_in_mlflow(folder, purge=True)
    assert what == (4, (place.as_uri(),))
    assert remove_from_mlflow(folder, purge=True) == what
    assert f"id-{NAME}" not in repr(rows(uri))


def test_a_purge_that_was_cut_is_ended_by_the_next(
    home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, uri = home

    def is_cut(*_: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(purge_sql, "purge_rows", is_cut)
        with pytest.raises(UserError, match="cannot be removed: the power went"):
            remove_from_mlflow(folder, purge=True)
    assert remove_from_mlflow(folder, purge=True).runs == 4
    assert f"id-{NAME}" not in repr(rows(uri))


def test_purge_takes_no_registered_model(home: tuple[Path, str]) -> None:
    folder, uri = home
    one = children(uri, NAME)[0].info.run_id
    client = MlflowClient(uri, registry_uri=uri)
    client.create_registered_model("best")
    client.create_model_version("best", f"runs:/{one}/model", run_id=one)
    before = rows(uri)
    for purge in (count_in_mlflow, remove_from_mlflow):
        with pytest.raises(UserError, match="no registered model: best version 1 is one of this sweep"):
            purge(folder, purge=True)
    assert rows(uri) == before


def test_a_store_that_is_gone_holds_nothing(home: tuple[Path, str]) -> None:
    folder, uri = home
    Path(uri.removeprefix("sqlite:///")).unlink()
    assert count_in_mlflow(folder).runs == 0
    assert remove_from_mlflow(folder).runs == 0

"""A project that is moved or copied takes its MLflow store along, and writes nowhere else."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.tracking.relocation import check_files, follow_move, move_note
from nnexp.tracking.tracker import Tracker
from tests.tracking.conftest import copy_store
from tests.tracking.samples import a_plan, a_record, save_weights
from tests.tracking.samples import log as log_one


@pytest.fixture
def project(store: str, tmp_path: Path) -> Path:
    """A folder with a store that holds one run with its model."""
    folder = tmp_path / "before"
    folder.mkdir()
    log(copy_store(store, folder / "mlflow.db"), 0, tmp_path)
    return folder


def log(uri: str, number: int, folder: Path) -> str:
    """Log a run of the sweep with its model; the id of the run in MLflow."""
    plan, weights = a_plan("moved"), save_weights(folder / "weights.npz")
    with Tracker(uri, plan, folder=folder, environment={}) as tracker:
        return log_one(tracker, plan.runs[number], a_record(plan.runs[number]), weights)


def place_of(uri: str, mlflow_run_id: str) -> str:
    """Where the files of a run's model are, as the store has it."""
    import mlflow

    [output] = mlflow.MlflowClient(uri).get_run(mlflow_run_id).outputs.model_outputs
    return str(mlflow.MlflowClient(uri).get_logged_model(output.model_id).artifact_location)


def outputs(uri: str, mlflow_run_id: str) -> Any:
    """What the model of a run answers."""
    import mlflow

    place = place_of(uri, mlflow_run_id)
    return mlflow.pyfunc.load_model(place).predict(np.zeros((1, 4), "float32"))


def test_the_models_of_a_moved_project_load_and_new_ones_lie_beside_them(
    project: Path, tmp_path: Path
) -> None:
    here = tmp_path / "now"
    project.rename(here)
    uri = f"sqlite:///{here}/mlflow.db"
    assert "moved" in follow_move(uri)
    assert follow_move(uri) == []  # once
    ids = _runs(here)
    assert outputs(uri, ids[0]).shape == (1, 2)
    assert outputs(uri, log(uri, 1, tmp_path)).shape == (1, 2)
    assert not project.exists()


def test_a_copy_of_a_project_has_files_of_its_own(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(project, copy)
    before = sorted(project.rglob("*"))
    uri = f"sqlite:///{copy}/mlflow.db"
    assert "moved" in follow_move(uri)
    log(uri, 1, tmp_path)
    assert sorted(project.rglob("*")) == before


def test_a_database_copied_alone_keeps_the_places_of_its_files(project: Path, tmp_path: Path) -> None:
    uri = copy_store(f"sqlite:///{project}/mlflow.db", tmp_path / "mlflow.db")
    assert "moved" not in follow_move(uri)


def test_a_database_that_was_moved_without_its_files_says_so(project: Path, tmp_path: Path) -> None:
    here = tmp_path / "now"
    here.mkdir()
    uri = copy_store(f"sqlite:///{project}/mlflow.db", here / "mlflow.db")
    shutil.rmtree(project)
    note = move_note(uri)
    assert "no models came along for " in note
    assert "moved: move mlartifacts/ too" in note


def test_a_shared_database_that_names_a_folder_which_is_not_here_is_told(tmp_path: Path) -> None:
    uri = "postgresql://ada:s3cret@host/db"
    check_files(uri, "book/x", (tmp_path / "mlartifacts" / "book" / "x").as_uri())
    check_files(uri, "x", "mlflow-artifacts:/3")
    gone = (tmp_path / "gone" / "mlartifacts" / "book" / "x").as_uri()
    check_files("sqlite:///mlflow.db", "x", gone)  # which is corrected instead
    with pytest.raises(
        UserError, match=r"^postgresql://host/db keeps the models of book/x in .*/gone, which"
    ):
        check_files(uri, "book/x", gone)


def test_another_way_to_the_same_folder_is_no_move(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    assert "moved" not in follow_move(f"sqlite:///{tmp_path}/link/mlflow.db")


def test_a_place_that_somebody_else_chose_stays(project: Path, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{project}/mlflow.db"
    MlflowClient(uri).create_experiment("theirs", "file:///nowhere/theirs")
    assert "theirs" not in follow_move(uri)


@pytest.mark.parametrize("name", ["what?", "a%41b", "in [brackets] #1"])
def test_a_store_works_in_a_folder_of_any_name(
    store: str, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its models lie where it says. MLflow's own `load_model` reads %41 twice, and so looks elsewhere."""
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    # MLflow keeps connections by address: another test's database of this name would be where that test was.
    uri = copy_store(store, Path(f"{len(name)}{name[0]}.db"))
    mlflow_run_id = log(uri, 0, tmp_path)
    (model,) = (tmp_path / name).rglob("MLmodel")
    assert place_of(uri, mlflow_run_id) == model.parent.as_uri()
    if "%" not in name:
        assert outputs(uri, mlflow_run_id).shape == (1, 2)
    assert {path.name for path in tmp_path.iterdir()} == {name, "weights.npz"}


def test_a_store_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"x" * 5000)
    with pytest.raises(UserError, match=r"mlflow.db cannot be read: file is not a database"):
        follow_move(f"sqlite:///{tmp_path}/mlflow.db")
    assert follow_move(f"sqlite:///{tmp_path}/none.db") == []


def _runs(folder: Path) -> list[str]:
    """Ids of the runs with a model."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        rows = database.execute(
            "SELECT source_run_id FROM logged_models WHERE artifact_location LIKE ?", [f"%{folder.name}/%"]
        )
        return [run for (run,) in rows]

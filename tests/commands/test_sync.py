"""`nnexp sync` brings MLflow up to date with the records, once, and trains nothing."""

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from nnexp.sweep.pool import worker
from nnexp.sweep.store.lock import held
from nnexp.tracking import Logged, append_logged
from tests.commands.conftest import SMALL, Command, only
from tests.tracking.conftest import copy_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One for all tests here, each with sweeps of its own: making it takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"


@pytest.fixture(autouse=True)
def _no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "train", None)


def logged(store: str, name: str) -> tuple[Any, list[Any]]:
    """Parent and children of the sweep `name`."""
    client = MlflowClient(store)
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    place = str(Path("sweeps").absolute())
    (parent,) = [run for run in found if place in run.data.tags.get("nnexp.folder", "")]
    mine = [run for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    return parent, mine


def test_what_is_missing_is_uploaded_once(nnexp: Command, store: str, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    status, shown, _ = nnexp("sync", "plain", f"tracking.uri={store}")
    assert (status, shown) == (0, f"plain/{folder.name}: 2 runs uploaded to {store}\n")
    parent, children = logged(store, "plain")
    assert parent.info.status == "FINISHED"
    with (folder / "runs.csv").open() as file:
        ids = {row["run_id"]: row["mlflow_run_id"] for row in csv.DictReader(file)}
    assert {run.data.tags["nnexp.run_id"]: run.info.run_id for run in children} == ids
    assert nnexp("sync", "plain")[:2] == (0, "Nothing to upload: MLflow has every recorded run.\n")
    assert len(logged(store, "plain")[1]) == 2


def test_an_incomplete_sweep_is_killed_and_a_complete_one_finished(
    nnexp: Command, store: str, sweeps: Path
) -> None:
    folder = only(sweeps / "mixed")
    record = next(path for path in (folder / "records").glob("*.json") if b'"diverged"' in path.read_bytes())
    aside = record.rename("aside.json")
    assert "3 runs uploaded" in nnexp("sync", "mixed", f"tracking.uri={store}")[1]
    assert logged(store, "mixed")[0].info.status == "KILLED"
    aside.rename(record)
    assert "Not in sqlite:///" in nnexp("status", "mixed")[1]
    assert "1 run uploaded" in nnexp("sync", "mixed")[1]  # to the store it was logged to before
    parent, children = logged(store, "mixed")
    assert parent.info.status == "FINISHED"
    assert sorted(run.info.status for run in children) == ["FAILED", "FINISHED", "FINISHED", "FINISHED"]
    assert not Path("mlflow.db").exists()


def test_all_sweeps_are_meant_and_one_that_cannot_be_read_costs_no_other(
    nnexp: Command, sweeps: Path
) -> None:
    (only(sweeps / "plain") / "sweep.yaml").write_text("{")
    with held(only(sweeps / "mixed")):
        status, shown, _ = nnexp("sync", "tracking.uri=sqlite:///unused.db")
    assert status == 1
    damaged, busy = shown.splitlines()
    assert damaged.startswith("plain/")
    assert "cannot be read" in damaged
    assert "is being trained by process" in busy
    assert not Path("unused.db").exists()


def test_a_store_that_does_not_answer_is_status_1_and_nothing_is_noted(nnexp: Command, sweeps: Path) -> None:
    status, shown, _ = nnexp("sync", "plain", "tracking=server", "tracking.uri=http://127.0.0.1:9")
    assert status == 1
    assert "not everything was uploaded: tracking.uri must be a running MLflow server" in shown
    assert not (only(sweeps / "plain") / "logged.jsonl").exists()


def test_sweeps_that_were_trained_without_a_store_are_named_to_be_uploaded(
    nnexp: Command, sweeps: Path
) -> None:
    said = "every sweep here was trained with tracking=none; nnexp sync NAME uploads one.\n"
    assert nnexp("sync")[:2] == (0, f"Nothing to upload: {said}")


def contents(uri: str) -> dict[str, list[object]]:
    """Every row of the store, but for what says when it was written."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"').fetchall())) for name in names
        }


def test_sweeps_are_brought_into_another_store_once_whole_with_their_models(
    nnexp: Command, store: str, sweeps: Path, tmp_path: Path
) -> None:
    nnexp("sync", "plain", f"tracking.uri={store}")
    (tmp_path / "other").mkdir()
    other = copy_store(store, tmp_path / "other" / "mlflow.db")  # it has nothing of `mixed`
    there = f"sqlite:///{tmp_path}/there/mlflow.db"
    for words in (["plain", "--to", other], [f"--to={there}"]):
        assert nnexp("sync", *words)[0] == 0
    for name, runs in (("plain", 2), ("mixed", 4)):  # one logged before, one trained with tracking=none
        parent, children = logged(there, name)
        assert len(children) == runs
        models = MlflowClient(there).search_logged_models([parent.info.experiment_id])
        weights = list((only(sweeps / name) / "records").glob("*.npz"))
        assert len(models) == len(weights) > 0
        assert all(path.startswith((tmp_path / "there").as_uri()) for path in [models[0].artifact_location])
    before = contents(there)
    assert nnexp("sync", "--to", there)[:2] == (0, "Nothing to upload: MLflow has every recorded run.\n")
    assert contents(there) == before
    for folder in (only(sweeps / "plain"), only(sweeps / "mixed")):
        (folder / "logged.jsonl").unlink()  # then the tags tell
    assert nnexp("sync", "--to", there)[0] == 0
    after = contents(there)
    assert {name: len(rows) for name, rows in after.items() if name != "metrics"} == {
        name: len(rows) for name, rows in before.items() if name != "metrics"
    }
    assert len(logged(store, "plain")[1]) == 2  # what the store before holds stays


def test_networks_go_along_as_the_sweep_was_logged_before_or_as_the_command_says(
    nnexp: Command, store: str, sweeps: Path, tmp_path: Path
) -> None:
    def networks(uri: str, *words: str) -> int:
        assert nnexp("sync", "plain", *words)[0] == 0
        parent, children = logged(uri, "plain")
        found = MlflowClient(uri).search_logged_models([parent.info.experiment_id])
        assert len(children) == 2
        return len({model.source_run_id for model in found} & {run.info.run_id for run in children})

    assert networks(store, f"tracking.uri={store}", "tracking.models=best") == 1
    other = f"sqlite:///{tmp_path}/other.db"
    assert networks(other, "--to", other) == 1
    assert networks(other, "--to", other, "tracking.models=all") == 1  # of runs that are logged from now on


def test_another_store_is_named_once_and_checked_first(nnexp: Command, sweeps: Path) -> None:
    before = sorted(sweeps.rglob("*"))
    status, _, error = nnexp("sync", "--to", "http://127.0.0.1:9")
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith("nnexp: --to must be a running MLflow server, but http://127.0.0.1:9 does not")
    status, _, error = nnexp("sync", "--to", "sqlite:///a.db", "tracking.uri=sqlite:///b.db")
    assert (status, error) == (2, "nnexp: --to names the store, it goes without tracking.uri\n")
    assert sorted(sweeps.rglob("*")) == before


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(b"x" * 5000), "file is not a database"),
        (cut, "database disk image is malformed"),
        (make_folder, "it is a folder"),
    ],
    ids=["garbage", "cut", "a folder"],
)
def test_a_damaged_store_is_named_and_never_said_to_have_every_run(
    nnexp: Command, store: str, sweeps: Path, tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    assert "2 runs uploaded" in nnexp("sync", "plain", f"tracking.uri={store}")[1]
    here = copy_store(store, tmp_path / "mlflow.db")
    lines = only(sweeps / "plain") / "logged.jsonl"
    lines.write_text(lines.read_text().replace(store, here))
    damage(tmp_path / "mlflow.db")
    status, shown, _ = nnexp("sync")
    assert status == 1
    assert f"plain/{only(sweeps / 'plain').name}: not everything was uploaded" in shown
    assert reason in shown
    assert "every recorded run" not in shown


def test_a_sweep_logged_to_a_project_that_moved_away_goes_to_the_store_here(
    nnexp: Command, store: str, sweeps: Path, tmp_path: Path
) -> None:
    gone = f"sqlite:///{tmp_path}/gone/mlflow.db"
    append_logged(only(sweeps / "plain"), Logged("r", gone, "m", "2026-01-01T00:00:00+00:00"))
    copy_store(store, Path("mlflow.db"))
    assert "2 runs uploaded to sqlite:///mlflow.db" in nnexp("sync", "plain")[1]
    assert not (tmp_path / "gone").exists()


def test_rm_takes_a_sweep_out_of_mlflow_too_if_wanted(nnexp: Command, store: str, sweeps: Path) -> None:
    nnexp("sync", "mixed", f"tracking.uri={store}")
    parent, children = logged(store, "mixed")
    status, shown, _ = nnexp("rm", "mixed", "--yes", "--mlflow")
    assert (status, shown.splitlines()[-1]) == (0, "Removed: 1 sweep. 4 runs of MLflow went into its bin.")
    client = MlflowClient(store)
    stages = {client.get_run(run.info.run_id).info.lifecycle_stage for run in (parent, *children)}
    assert stages == {"deleted"}
    experiment = parent.info.experiment_id
    sources = {model.source_run_id for model in client.search_logged_models([experiment])}
    assert not sources & {run.info.run_id for run in children}


def test_rm_removes_nothing_of_a_sweep_that_mlflow_does_not_give_up(
    nnexp: Command, store: str, sweeps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nnexp("sync", "plain", f"tracking.uri={store}")
    monkeypatch.setattr("nnexp.tracking.store_check.TIME_LIMIT", 0.1)
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"), isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        status, _, error = nnexp("rm", "plain", "--yes", "--mlflow")
        holder.execute("ROLLBACK")
    assert status == 2
    assert "database is locked" in error
    assert (only(sweeps / "plain") / "records").exists()
    assert len(logged(store, "plain")[1]) == 2


def test_without_a_store_it_is_a_mistake(nnexp: Command) -> None:
    status, _, error = nnexp("sync", "tracking=none")
    assert (status, error) == (2, "nnexp: tracking=none keeps no store to upload to\n")


def test_a_parent_that_a_stop_after_the_last_run_left_killed_is_finished(
    nnexp: Command, store: str, sweeps: Path
) -> None:
    folder = only(sweeps / "plain")
    nnexp("sync", "plain", f"tracking.uri={store}")
    parent = logged(store, "plain")[0].info.run_id
    MlflowClient(store).set_terminated(parent, "KILLED")
    append_logged(folder, Logged(folder.name, store, parent, "", "KILLED"))
    plain = [word for word in SMALL if word != "tracking=none"]
    plain += ["-m", "batch_size=10,50", "sweep.name=plain", "tracking=sqlite", f"tracking.uri={store}"]
    assert nnexp(*plain)[0] == 0
    assert logged(store, "plain")[0].info.status == "FINISHED"
    assert len(logged(store, "plain")[1]) == 2

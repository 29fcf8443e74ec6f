import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from nnexp.sweep.question.plan import Plan
from nnexp.tracking import Logger, Submission, logger, mlflow_run_ids, read_logged
from nnexp.tracking.tracker import Tracker
from tests.tracking.conftest import copy_store
from tests.tracking.samples import FIRST_LOG, a_failure, a_plan, a_record, children, parent, save_weights

COUNTS: Mapping[str, int] = {"finished": 4, "diverged": 0, "failed": 0}


def log_all(store: str, plan: Plan, folder: Path, **options: Any) -> logger.Report:
    thread = Logger(store, plan, folder=folder, environment={})
    for run in plan.runs:
        thread.submit(run, a_record(run), None)
    return thread.close("FINISHED", COUNTS, **options)


def test_a_first_sweep_makes_the_store_and_prints_nothing(first_log: tuple[Path, str]) -> None:
    folder, printed = first_log
    assert printed == ""
    assert {"mlflow.db", "mlartifacts", "logged.jsonl"} <= {path.name for path in folder.iterdir()}
    assert [run.info.status for run in children(f"sqlite:///{folder}/mlflow.db", "first")] == ["FINISHED"] * 4


def test_every_record_is_logged_and_its_child_written_down(store: str, tmp_path: Path) -> None:
    plan = a_plan("all")
    (tmp_path / "runs.csv").write_text("run_id\n")
    assert log_all(store, plan, tmp_path, files=[tmp_path / "runs.csv"]) == ((), None)
    in_store = {run.data.tags["nnexp.run_id"]: run.info.run_id for run in children(store, "all")}
    assert mlflow_run_ids(tmp_path) == in_store
    assert set(in_store) == {run.run_id for run in plan.runs}
    assert {entry.store for entry in read_logged(tmp_path)} == {store}


def test_another_start_logs_only_what_is_missing(store: str, tmp_path: Path) -> None:
    plan = a_plan("twice")
    log_all(store, plan, tmp_path)
    lines = (tmp_path / "logged.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "logged.jsonl").write_text("".join(lines[:2]) + '{"run_id": "cut')
    before = [run.info.run_id for run in children(store, "twice")]
    assert log_all(store, plan, tmp_path) == ((), None)
    assert [run.info.run_id for run in children(store, "twice")] == before
    assert sorted(mlflow_run_ids(tmp_path).values()) == sorted(before)


def test_a_store_that_was_lost_is_filled_again(store: str, tmp_path: Path) -> None:
    plan = a_plan("lost")
    new = copy_store(store, tmp_path / "mlflow.db")
    shutil.copy(tmp_path / "mlflow.db", tmp_path / "empty.db")
    log_all(new, plan, tmp_path)
    first = mlflow_run_ids(tmp_path)
    other = f"sqlite:///{tmp_path}/empty.db"
    text = (tmp_path / "logged.jsonl").read_text()
    (tmp_path / "logged.jsonl").write_text(text.replace("mlflow.db", "empty.db"))
    assert log_all(other, plan, tmp_path) == ((), None)
    assert len(children(other, "lost")) == 4
    assert not set(mlflow_run_ids(tmp_path).values()) & set(first.values())


def test_a_run_that_was_trained_again_is_logged_again(store: str, tmp_path: Path) -> None:
    plan = a_plan("mended")
    for record in (a_failure(plan.runs[0]), a_record(plan.runs[0])):
        thread = Logger(store, plan, folder=tmp_path, environment={})
        thread.submit(plan.runs[0], record, None)
        assert thread.close("FINISHED", COUNTS) == ((), None)
    [child] = children(store, "mended")
    assert child.info.status == "FINISHED"
    assert mlflow_run_ids(tmp_path) == {plan.runs[0].run_id: child.info.run_id}


def test_a_store_that_fails_and_comes_back_gets_everything_once(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = a_plan("back")
    path = tmp_path / "disk" / "mlflow.db"
    path.parent.write_text("a file where the folder should be")
    failures = []

    def mend(self: Logger, pause: float) -> None:
        failures.append(self._error)
        path.parent.unlink()
        path.parent.mkdir()
        copy_store(store, path)

    monkeypatch.setattr(Logger, "_rest", mend)
    assert log_all(f"sqlite:///{path}", plan, tmp_path) == ((), None)
    assert len(failures) == 1
    assert len(children(f"sqlite:///{path}", "back")) == 4


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger, "FIRST_PAUSE", 0.01)


@pytest.mark.usefixtures("no_pauses")
def test_a_record_that_cannot_be_logged_does_not_hold_up_the_others(store: str, tmp_path: Path) -> None:
    plan = a_plan("poison")
    weights = save_weights(tmp_path / "weights.npz")
    thread = Logger(store, plan, folder=tmp_path, environment={})
    for number, run in enumerate(plan.runs):
        thread.submit(run, a_record(run), tmp_path / "missing.npz" if number == 0 else weights)
    thread.drain(timeout=60)
    assert set(mlflow_run_ids(tmp_path)) == {run.run_id for run in plan.runs[1:]}
    report = thread.close("FINISHED", COUNTS)
    assert report.unlogged == (plan.runs[0].run_id,)
    assert report.error is not None
    assert "missing.npz" in report.error
    assert parent(store, "poison").info.status == "FINISHED"


def test_after_draining_everything_is_written_down_and_files_can_follow(store: str, tmp_path: Path) -> None:
    plan = a_plan("drained")
    thread = Logger(store, plan, folder=tmp_path, environment={})
    for run in plan.runs:
        thread.submit(run, a_record(run), None)
    thread.drain(timeout=60)
    table = tmp_path / "runs.csv"
    table.write_text("\n".join(mlflow_run_ids(tmp_path).values()))
    assert parent(store, "drained").info.status == "RUNNING"
    assert thread.close("KILLED", {"finished": 4}, [table]) == ((), None)
    assert parent(store, "drained").info.status == "KILLED"
    assert len(table.read_text().split()) == 4


@pytest.mark.parametrize("stuck", [False, True])
def test_patience_lasts_as_long_as_records_are_logged(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: bool
) -> None:
    """Three records that take 0.1 s each by a clock of ours, and 0.15 s without one is its patience."""
    plan, resume, log, clock = a_plan(f"patient-{stuck}"), Event(), Tracker.log, [0.0]

    def monotonic() -> float:
        clock[0] += 0.05 if stuck else 0.0
        return clock[0]

    def slow(self: Tracker, *submission: Any) -> str:
        if stuck:
            resume.wait(60)
        clock[0] += 0.1
        return log(self, *submission)

    thread = Logger(store, plan, folder=tmp_path, environment={})
    thread.submit(plan.runs[0], a_record(plan.runs[0]), None)
    thread.drain(timeout=60)
    monkeypatch.setattr(Tracker, "log", slow)
    monkeypatch.setattr(Tracker, "most", 1)
    monkeypatch.setattr(logger, "time", SimpleNamespace(monotonic=monotonic))
    for run in plan.runs[1:]:
        thread.submit(run, a_record(run), None)
    thread.drain(timeout=0.15, patient=True)
    assert len(mlflow_run_ids(tmp_path)) == (1 if stuck else 4)
    monkeypatch.setattr(logger, "time", time)
    resume.set()
    assert thread.close("FINISHED", COUNTS) == ((), None)
    assert len(children(store, f"patient-{stuck}")) == 4


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_goes_while_runs_are_logged_is_said_to_lack_them(
    store: str, tmp_path: Path, replaced: bool
) -> None:
    plan = replace(a_plan("vanished"), sweep_id=tmp_path.name)
    copy = copy_store(store, tmp_path / "mlflow.db")
    thread = Logger(copy, plan, folder=tmp_path, environment={})
    for run in plan.runs:
        thread.submit(run, a_record(run), None)
    thread.drain(timeout=60)
    for part in tmp_path.glob("mlflow.db*"):
        part.unlink()
    if replaced:
        copy_store(store, tmp_path / "mlflow.db")
    report = thread.close("FINISHED", COUNTS)
    assert report.unlogged == tuple(run.run_id for run in plan.runs)
    assert report.error == "the store was removed or replaced while runs were logged"


def test_a_store_that_another_process_holds_is_waited_for(store: str, tmp_path: Path) -> None:
    plan = a_plan("held")
    copy = copy_store(store, tmp_path / "mlflow.db")
    thread = Logger(copy, plan, folder=tmp_path, environment={})
    thread.submit(plan.runs[0], a_record(plan.runs[0]), None)
    thread.drain(timeout=60)
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        for run in plan.runs[1:]:
            thread.submit(run, a_record(run), None)
        time.sleep(0.5)
        assert len(mlflow_run_ids(tmp_path)) == 1
        holder.execute("ROLLBACK")
    assert thread.close("FINISHED", COUNTS) == ((), None)
    assert len(children(copy, "held")) == 4


@pytest.mark.parametrize("models", ["best", "none"])
def test_a_store_gets_the_networks_that_are_asked_for(store: str, tmp_path: Path, models: str) -> None:
    from mlflow import MlflowClient

    plan, weights = a_plan(f"models-{models}"), save_weights(tmp_path / "weights.npz")
    submissions = [Submission(run, a_record(run), weights) for run in plan.runs]
    for start in range(2):  # the second has nothing to add
        thread = Logger(store, plan, folder=tmp_path, environment={}, models=models)
        for submission in submissions:
            thread.submit(*submission)
        best = submissions[2] if models == "best" else None
        assert thread.close("FINISHED", COUNTS, best=best) == ((), None), start
    logged = {run.data.tags["nnexp.run_id"]: run for run in children(store, f"models-{models}")}
    found = MlflowClient(store).search_logged_models([logged[plan.runs[0].run_id].info.experiment_id])
    if models == "none":
        assert list(found) == []
        return
    [model] = found
    its = logged[plan.runs[2].run_id]
    assert (model.source_run_id, str(model.status)) == (its.info.run_id, "READY")
    assert [output.model_id for output in its.outputs.model_outputs] == [model.model_id]
    assert {metric.key: metric.value for metric in model.metrics} == {"test/cost": 0.5, "test/accuracy": 0.75}


@pytest.mark.slow
def test_two_first_sweeps_on_one_fresh_store_both_log_everything(tmp_path: Path) -> None:
    processes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        code = FIRST_LOG.replace('"first"', f'"{name}"').replace("sqlite:///", f"sqlite:///{tmp_path}/")
        command = [sys.executable, "-c", code]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        processes.append(subprocess.Popen(command, cwd=tmp_path / name, env=environment))
    assert [process.wait(timeout=200) for process in processes] == [0, 0]
    for name in ("one", "two"):
        assert len(children(f"sqlite:///{tmp_path}/mlflow.db", name)) == 4


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("silent", [False, True], ids=["refuses", "never answers"])
def test_a_dead_server_costs_nothing_but_a_report(
    tmp_path: Path, silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    plan = a_plan("dead")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        if not silent:
            listener.close()
        report = log_all(f"http://ada:secret@{address}", plan, tmp_path)
    assert report.unlogged == tuple(run.run_id for run in plan.runs)
    assert report.error is not None
    assert address in report.error
    assert "secret" not in report.error
    assert read_logged(tmp_path) == []

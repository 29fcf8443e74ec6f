"""Many runs at once come out as MLflow's own client would have logged them, or that client logs them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp.tracking import Logger, bulk, logger, mlflow_run_ids, tracker
from nnexp.tracking.address import sqlite_path
from nnexp.tracking.bulk import Bulk
from nnexp.tracking.run_search import by_run_id, search
from nnexp.tracking.tracker import Submission, Tracker
from tests.tracking.conftest import copy_store
from tests.tracking.odd_runs import KINDS, odd_submissions
from tests.tracking.samples import a_record, children, many, save_weights
from tests.tracking.stores import assert_equal, contents, files


@pytest.fixture
def inserted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """run_ids of what is written in bulk."""
    written: list[str] = []
    insert = Bulk.insert

    def noted(self: Bulk, runs: Sequence[Any]) -> None:
        insert(self, runs)
        written.extend(run.entry.record.run_id for run in runs)

    monkeypatch.setattr(Bulk, "insert", noted)
    return written


def a_submission(plan: Any, number: int, weights: Path | None = None) -> Submission:
    return Submission(plan.runs[number], a_record(plan.runs[number]), weights)


def test_rows_and_files_are_those_of_the_client_to_the_last_character(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inserted: list[str]
) -> None:
    plan, submissions = odd_submissions("odd", tmp_path)
    both = []
    for way in ("client", "bulk"):
        folder = tmp_path / way
        folder.mkdir()
        uri = copy_store(store, folder / "mlflow.db")
        with monkeypatch.context() as patch:
            if way == "client":
                patch.setattr(tracker, "KINDS", ())
            with Tracker(uri, plan, folder=Path("odd"), environment={}) as logged:
                logged.log(submissions)
                assert logged.note == ""
        place = (folder / "mlartifacts" / "odd").as_uri()
        both.append((contents(uri, place), files(folder / "mlartifacts" / "odd")))
    assert_equal(*both)
    twice = {s.run.run_id for number, s in enumerate(submissions) if number >= KINDS and number % KINDS != 5}
    assert twice <= set(inserted)


def test_runs_written_in_bulk_are_searched_loaded_deleted_and_restored_as_any(
    store: str, tmp_path: Path, inserted: list[str]
) -> None:
    import mlflow

    plan, weights = many("whole", 8), save_weights(tmp_path / "weights.npz")
    submissions = [a_submission(plan, number, weights) for number in range(8)]
    for number, submission in enumerate(submissions):
        submission.record.metrics["test_cost"] = float(number)
    with Tracker(store, plan, folder=tmp_path, environment={}) as logged:
        ids = logged.log(submissions)
        logged.finish("FINISHED", {}, [], {})
    assert len(inserted) == 7
    client = mlflow.MlflowClient(store)
    [experiment] = {run.info.experiment_id for run in children(store, "whole")}
    which = "metrics.`test/cost` > 2.5 and params.batch_size != '3'"
    found = client.search_runs([experiment], which, order_by=["metrics.`test/cost` DESC"])
    assert [run.info.run_id for run in found] == [ids[7], ids[6], ids[3]]
    assert [m.step for m in client.get_metric_history(ids[7], "training/cost")] == [1, 2, 3]
    [model] = client.search_logged_models([experiment], f"source_run_id = '{ids[7]}'")
    assert client.get_run(ids[7]).outputs.model_outputs[0].model_id == model.model_id
    loaded = mlflow.pyfunc.load_model(model.artifact_location)
    assert loaded.predict(np.zeros((2, 4), "float32")).shape == (2, 2)
    client.delete_run(ids[7])
    assert ids[7] not in {run.info.run_id for run in children(store, "whole")}
    client.restore_run(ids[7])
    assert client.get_run(ids[7]).info.status == "FINISHED"


def test_a_start_after_a_kill_finds_what_was_written_and_not_noted(
    store: str, tmp_path: Path, inserted: list[str]
) -> None:
    plan = many("unnoted", 6)
    logged = []
    for _ in range(2):
        with Tracker(store, plan, folder=tmp_path, environment={}) as opened:
            logged.append(opened.log([a_submission(plan, number) for number in range(6)]))
    assert logged[0] == logged[1]
    assert (len(inserted), len(children(store, "unnoted"))) == (5, 6)


def test_what_a_start_finds_by_one_query_is_what_the_client_finds(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    plan = many("found", 5)
    with Tracker(store, plan, folder=tmp_path, environment={}) as logged:
        ids = logged.log([a_submission(plan, number) for number in range(5)])
        client, experiment = MlflowClient(store), children(store, "found")[0].info.experiment_id
        client.delete_run(ids[0])
        client.update_run(ids[1], status="RUNNING")
        by_client = by_run_id(search(client, experiment, f"tags.`mlflow.parentRunId` = '{logged.page}'"))
        assert logged._database is not None
        assert logged._database.children(logged.page) == by_client
        assert len(by_client) == 4


def test_a_run_that_somebody_deleted_is_logged_again_by_the_client(
    store: str, tmp_path: Path, inserted: list[str]
) -> None:
    from mlflow import MlflowClient

    plan = many("binned", 3)
    submissions = [a_submission(plan, number) for number in range(3)]
    with Tracker(store, plan, folder=tmp_path, environment={}) as logged:
        ids = logged.log(submissions)
    MlflowClient(store).delete_run(ids[2])
    plan = many("binned", 4)
    with Tracker(store, plan, folder=tmp_path, environment={}) as logged:
        again = logged.log([a_submission(plan, 3), *submissions])
    assert again[1:3] == ids[:2]
    assert again[3] not in ids
    assert inserted == [run.run_id for run in plan.runs[1:3]]
    assert len(children(store, "binned")) == 4


@pytest.mark.parametrize("change", ["tag", "column"])
def test_where_mlflow_fills_its_tables_otherwise_its_client_logs_all(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inserted: list[str], change: str
) -> None:
    from mlflow import MlflowClient

    if change == "tag":
        create = MlflowClient.create_run

        def with_a_tag(self: Any, *words: Any, tags: dict[str, str], **more: Any) -> Any:
            return create(self, *words, tags=tags | {"mlflow.new": "1"}, **more)

        monkeypatch.setattr(MlflowClient, "create_run", with_a_tag)
    else:
        rows_of = bulk.rows_of

        def without_a_column(*words: Any) -> Any:
            rows = rows_of(*words)
            del rows["runs"][0]["source_version"]
            return rows

        monkeypatch.setattr(bulk, "rows_of", without_a_column)
    plan = many(f"otherwise-{change}", 5)
    thread = Logger(store, plan, folder=tmp_path, environment={})
    for number in range(5):
        thread.submit(*a_submission(plan, number))
    assert thread.close("FINISHED", {}) == ((), None)
    table = {"tag": "tags", "column": "runs"}[change]
    assert thread.note.endswith(f"this MLflow fills its table {table} in another way")
    assert inserted == []
    assert len(children(store, f"otherwise-{change}")) == 5


def test_a_run_that_the_database_refuses_costs_the_others_nothing(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logger, "FIRST_PAUSE", 0.01)
    plan, uri = many("refused", 6), copy_store(store, tmp_path / "mlflow.db")
    refused = plan.runs[3]
    with closing(sqlite3.connect(sqlite_path(uri))) as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON tags WHEN NEW.value = "
            f"'{refused.run_id}' BEGIN SELECT RAISE(ABORT, 'no such run here'); END"
        )
    thread = Logger(uri, plan, folder=tmp_path, environment={})
    for number in range(6):
        thread.submit(*a_submission(plan, number))
    report = thread.close("FINISHED", {})
    assert report.unlogged == (refused.run_id,)
    assert report.error is not None
    logged = mlflow_run_ids(tmp_path)
    assert sorted(logged) == sorted(run.run_id for run in plan.runs if run != refused)
    assert {run.info.run_id for run in children(uri, "refused")} == set(logged.values())


def test_an_experiment_that_is_deleted_while_runs_are_logged_comes_back(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setattr(logger, "FIRST_PAUSE", 0.01)
    plan, client = many("deleted-meanwhile", 6), MlflowClient(store)
    thread = Logger(store, plan, folder=tmp_path, environment={})
    thread.submit(*a_submission(plan, 0))
    thread.drain(timeout=60)
    client.delete_experiment(children(store, "deleted-meanwhile")[0].info.experiment_id)
    for number in range(1, 6):
        thread.submit(*a_submission(plan, number))
    assert thread.close("FINISHED", {}) == ((), None)
    assert len(children(store, "deleted-meanwhile")) == 6


def test_a_store_knows_at_the_end_how_its_rows_are_spread(store: str, tmp_path: Path) -> None:
    uri = copy_store(store, tmp_path / "mlflow.db")
    with Tracker(uri, many("spread", 2), folder=tmp_path, environment={}) as logged:
        logged.finish("FINISHED", {}, [], {})
    with closing(sqlite3.connect(sqlite_path(uri))) as database:
        assert {"tags", "experiments"} <= {row[0] for row in database.execute("SELECT tbl FROM sqlite_stat1")}


def test_later_runs_have_later_ids_and_each_training_its_own(store: str) -> None:
    from nnexp.tracking.run_rows import new_id

    record = a_record(many("ids", 1).runs[0])
    later = replace(record, timings=record.timings | {"ended": "2026-01-02T13:00:00+00:00"})
    again = replace(record, timings=record.timings | {"started": "2026-01-02T11:59:59+00:00"})
    ids = [new_id("page", r) for r in (record, later, again)] + [new_id("other", record)]
    assert new_id("page", record) == ids[0] < ids[1]
    assert len(set(ids)) == 4
    assert {len(one) for one in ids} == {32}

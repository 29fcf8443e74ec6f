import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nnexp.sweep.question.plan import Plan
from nnexp.text import spelled
from nnexp.tracking import tracker as tracker_module
from nnexp.tracking.address import sqlite_path
from nnexp.tracking.record_fields import metrics
from nnexp.tracking.tracker import Tracker
from tests.tracking.samples import a_failure, a_plan, a_record, children, log, save_weights

NOON = int(datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()) * 1000


def a_tracker(store: str, name: str) -> Tracker:
    return Tracker(store, a_plan(name), folder=Path("sweeps") / name, environment={"host": "laptop"})


def test_a_child_has_the_name_times_parameters_and_curves_of_its_run(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    run = a_plan("child").runs[3]
    with a_tracker(store, "child") as tracker:
        log(tracker, run, a_record(run), None)
    [child] = children(store, "child")
    assert child.info.run_name == "batch_size=32 seed=1"
    assert (child.info.status, child.info.start_time - NOON, child.info.end_time - NOON) == (
        "FINISHED",
        0,
        3500,
    )
    assert child.data.params == {name: spelled(value) for name, value in run.settings.items()}
    history = MlflowClient(store).get_metric_history(child.info.run_id, "validation/accuracy")
    assert [(m.step, m.value) for m in history] == [(1, 4 / 1), (2, 4 / 2), (3, 4 / 3)]
    assert child.data.metrics["test/accuracy"] == 0.75
    assert child.data.tags["nnexp.dataset_digest"] == "d" * 64


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((ended, "FINISHED") for ended in ("finished", "diverged", "pruned")),
        *((ended, "FAILED") for ended in ("failed", "timed_out")),
    ],
)
def test_a_status_is_mapped_and_kept_as_a_tag(store: str, status: str, expected: str) -> None:
    name = f"status-{status}"
    run = a_plan(name).runs[0]
    with a_tracker(store, name) as tracker:
        log(tracker, run, a_record(run, status=status), None)
    [child] = children(store, name)
    assert (child.info.status, child.data.tags["nnexp.status"]) == (expected, status)


def test_a_failed_run_keeps_its_traceback(store: str) -> None:
    from mlflow.artifacts import load_text

    run = a_plan("failure").runs[0]
    with a_tracker(store, "failure") as tracker:
        log(tracker, run, a_failure(run), None)
    [child] = children(store, "failure")
    assert load_text(f"{child.info.artifact_uri}/traceback.txt").endswith("MemoryError: 8 GiB\n")


def test_thousands_of_values_are_logged_whole(store: str) -> None:
    from mlflow import MlflowClient

    run = a_plan("long").runs[0]
    record = a_record(run, epochs=50)
    record.history.update({f"monitor_{i}": [float(i + e) for e in range(50)] for i in range(40)})
    assert len(metrics(record)) > 2000
    with a_tracker(store, "long") as tracker:
        child = log(tracker, run, record, None)
    last = MlflowClient(store).get_metric_history(child, "monitor_39")
    assert [m.value for m in last] == [39.0 + e for e in range(50)]


def test_logging_again_changes_nothing_and_returns_the_same_child(store: str, tmp_path: Path) -> None:
    weights = save_weights(tmp_path / "weights.npz")
    plan = a_plan("again")
    logged = []
    for _ in range(2):  # the second is another start: it knows only what the store tells
        with a_tracker(store, "again") as tracker:
            logged.append([log(tracker, run, a_record(run), weights) for run in plan.runs])
            logged.append([log(tracker, run, a_record(run), weights) for run in plan.runs])
    assert all(ids == logged[0] for ids in logged)
    assert len(children(store, "again")) == 4


def test_a_child_that_was_cut_short_gives_way_to_a_whole_one(store: str, tmp_path: Path) -> None:
    run, weights = a_plan("cut").runs[0], save_weights(tmp_path / "weights.npz")
    in_the_way = sqlite_path(store).parent / "mlartifacts" / "cut" / "models"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where the folder of models should be")
    with a_tracker(store, "cut") as tracker, pytest.raises(OSError, match="models"):
        log(tracker, run, a_record(run), weights)
    assert [child.info.status for child in children(store, "cut")] == ["RUNNING"]
    in_the_way.unlink()
    with a_tracker(store, "cut") as tracker:
        log(tracker, run, a_record(run), weights)
    [child] = children(store, "cut")
    assert child.info.status == "FINISHED"
    assert len(child.outputs.model_outputs) == 1


def test_a_cut_child_that_may_not_be_deleted_stays_and_the_run_is_logged_beside_it_once(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import RestException

    def refuse(*_: object) -> None:
        raise RestException({"error_code": "PERMISSION_DENIED", "message": "Permission denied"})

    run, weights = a_plan("theirs").runs[0], save_weights(tmp_path / "weights.npz")
    monkeypatch.setattr(tracker_module, "KINDS", ())  # as on a server
    with a_tracker(store, "theirs") as tracker:
        cut = log(tracker, run, a_record(run), None)
    MlflowClient(store).update_run(cut, status="RUNNING")
    monkeypatch.setattr(MlflowClient, "delete_run", refuse)
    monkeypatch.setattr(MlflowClient, "delete_logged_model", refuse)
    with a_tracker(store, "theirs") as tracker:
        whole = log(tracker, run, a_record(run), weights)
        assert tracker.note.startswith("runs that were cut or trained again stay beside the whole ones")
    with a_tracker(store, "theirs") as tracker:
        assert log(tracker, run, a_record(run), weights) == whole
        assert tracker.note == ""
    assert {c.info.run_id: c.info.status for c in children(store, "theirs")} == {
        cut: "KILLED",
        whole: "FINISHED",
    }


def test_a_model_that_was_cut_before_its_run_knew_of_it_is_deleted(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    client, run = MlflowClient(store), a_plan("unlinked").runs[0]
    with a_tracker(store, "unlinked") as tracker:
        log(tracker, run, a_record(run), None)
    [child] = children(store, "unlinked")
    experiment = child.info.experiment_id
    client.create_logged_model(experiment, name="model", source_run_id=child.info.run_id)
    client.update_run(child.info.run_id, status="RUNNING")
    with a_tracker(store, "unlinked") as tracker:
        again = log(tracker, run, a_record(run), save_weights(tmp_path / "weights.npz"))
    [model] = client.search_logged_models([experiment])
    assert (model.source_run_id, model.status) == (again, "READY")


def test_a_child_names_its_data_and_its_experiment_the_question_and_views(store: str) -> None:
    from mlflow import MlflowClient

    run = a_plan("shown").runs[0]
    with a_tracker(store, "shown") as tracker:
        log(tracker, run, a_record(run), None)
    [child] = children(store, "shown")
    [trained_on] = child.inputs.dataset_inputs
    assert (trained_on.dataset.name, trained_on.dataset.digest) == ("digits", "d" * 12)
    assert [(tag.key, tag.value) for tag in trained_on.tags] == [("mlflow.data.context", "training")]
    tags = MlflowClient(store).get_experiment(child.info.experiment_id).tags
    assert tags["mlflow.note.content"] == "What does shown do?"
    assert {"mlflow.sharedViewState.id-shown", "mlflow.sharedViewState.id-shown-runs"} <= tags.keys()


def test_a_run_that_was_trained_again_replaces_its_older_child(store: str) -> None:
    run = a_plan("retried").runs[0]
    with a_tracker(store, "retried") as tracker:
        log(tracker, run, a_failure(run), None)
    with a_tracker(store, "retried") as tracker:
        log(tracker, run, a_record(run), None)
    [child] = children(store, "retried")
    assert child.data.tags["nnexp.status"] == "finished"


def test_a_resume_reopens_the_parent(store: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(store)
    with a_tracker(store, "resumed") as tracker:
        first = tracker.page
        tracker.finish("KILLED", {"finished": 1}, [], {})
    assert not tracker.reopened
    assert client.get_run(first).info.status == "KILLED"
    with a_tracker(store, "resumed") as tracker:
        assert (tracker.page, tracker.reopened) == (first, True)
        assert client.get_run(first).info.status == "RUNNING"
        tracker.finish("FINISHED", {"finished": 3, "failed": 1}, [], {})
    run = client.get_run(first)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"finished": 3, "failed": 1}


def test_the_parent_says_what_was_asked_and_holds_the_files(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient
    from mlflow.artifacts import load_text

    (tmp_path / "runs.csv").write_text("run_id\n")
    with a_tracker(store, "asked") as tracker:
        tracker.finish("FINISHED", {}, [tmp_path / "runs.csv"], {"nnexp.verdict.A": "reproduced"})
    run = MlflowClient(store).get_run(tracker.page)
    assert run.info.run_name == "asked id-asked"
    assert run.data.tags["mlflow.note.content"] == "What does asked do?"
    assert run.data.tags["nnexp.host"] == "laptop"
    assert load_text(f"{run.info.artifact_uri}/runs.csv") == "run_id\n"


def test_a_question_is_text_and_never_markup(store: str) -> None:
    from mlflow import MlflowClient

    plan = replace(a_plan("marked"), question="<b>Is</b> [it](http://x) so?")
    with Tracker(store, plan, folder=Path("marked"), environment={}) as tracker:
        note = MlflowClient(store).get_run(tracker.page).data.tags["mlflow.note.content"]
    assert note == r"&lt;b&gt;Is&lt;/b&gt; \[it\](http://x) so?"


def test_a_deleted_experiment_is_taken_out_of_the_bin(store: str) -> None:
    from mlflow import MlflowClient

    with a_tracker(store, "bin"):
        pass
    client = MlflowClient(store)
    experiment = client.get_experiment_by_name("bin")
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)
    run = a_plan("bin").runs[0]
    with a_tracker(store, "bin") as tracker:
        log(tracker, run, a_record(run), None)
    assert len(children(store, "bin")) == 1


def single(name: str) -> Plan:
    """A sweep of one run, without axes."""
    plan = a_plan(name)
    return replace(plan, axes=(), points=({},), seeds=(0,), runs=(replace(plan.runs[0], point=0),))


def test_a_single_run_stands_by_itself_with_parameters_metrics_and_files(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    plan = single("alone-run")
    (tmp_path / "runs.csv").write_text("run_id\n")
    for reopened in (False, True):
        with Tracker(store, plan, folder=tmp_path, environment={"host": "laptop"}) as tracker:
            assert tracker.reopened == reopened
            logged = log(tracker, plan.runs[0], a_record(plan.runs[0]), None)
            tracker.finish("FINISHED", {"finished": 1}, [tmp_path / "runs.csv"], {"nnexp.verdict.A": "holds"})
    client = MlflowClient(store)
    experiment = client.get_experiment_by_name("alone-run")
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == logged == tracker.page
    assert "mlflow.parentRunId" not in run.data.tags
    assert run.data.params["learning_rate"] == "0.5"
    assert run.data.metrics["test/accuracy"] == 0.75
    assert run.data.tags["nnexp.verdict.A"] == "holds"
    assert run.info.end_time - NOON == 3500  # its own end, not that of logging
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["runs.csv"]


def test_a_single_run_that_gets_more_seeds_becomes_a_sweep_with_a_parent(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    plan = single("grown")
    with Tracker(store, plan, folder=tmp_path, environment={}) as tracker:
        alone = log(tracker, plan.runs[0], a_record(plan.runs[0]), None)
    more = replace(plan, seeds=(0, 1), runs=(plan.runs[0], replace(a_plan("grown").runs[1], point=0)))
    with Tracker(store, more, folder=tmp_path, environment={}) as tracker:
        ids = [log(tracker, run, a_record(run), None) for run in more.runs]
    assert ids[0] == alone
    below = f"tags.`mlflow.parentRunId` = '{tracker.page}'"
    experiment = MlflowClient(store).get_run(alone).info.experiment_id
    assert {run.info.run_id for run in MlflowClient(store).search_runs([experiment], below)} == set(ids)


def test_values_that_are_no_numbers_reach_the_store(store: str) -> None:
    run = a_plan("nan").runs[0]
    record = a_record(run)
    record.metrics["test_cost"] = math.nan
    with a_tracker(store, "nan") as tracker:
        log(tracker, run, record, None)
    [child] = children(store, "nan")
    assert math.isnan(child.data.metrics["test/cost"])

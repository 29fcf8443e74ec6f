"""MLflow's server serves what was written into its database as any run, and gets each run once, whole."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np

from nnexp.tracking.run_logger import THREADS
from nnexp.tracking.tracker import Submission, Tracker
from tests.tracking.conftest import copy_store, free_port, serving
from tests.tracking.samples import a_record, children, many, save_weights


def test_a_server_shows_what_was_written_into_its_database(store: str, tmp_path: Path) -> None:
    plan, weights = many("below", 30), save_weights(tmp_path / "weights.npz")
    uri = copy_store(store, tmp_path / "mlflow.db")
    with serving(tmp_path, free_port()) as address:
        client = mlflow.MlflowClient(address)
        with Tracker(uri, plan, folder=tmp_path, environment={}) as logged:
            ids = logged.log([Submission(run, a_record(run), weights) for run in plan.runs])
            logged.finish("FINISHED", {"finished": 30}, [], {})
        run = client.get_run(ids[-1])
        which, order = "params.batch_size = '15'", ["metrics.point DESC"]
        found = client.search_runs([run.info.experiment_id], which, order_by=order)
        assert {one.info.run_id for one in found} == set(ids[28:])
        assert [m.step for m in client.get_metric_history(ids[-1], "training/cost")] == [1, 2, 3]
        [model] = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{ids[-1]}'")
        assert run.outputs is not None
        assert run.outputs.model_outputs[0].model_id == model.model_id
        network = mlflow.pyfunc.load_model(model.artifact_location)
        assert network.predict(np.zeros((2, 4), "float32")).shape == (2, 2)
        client.create_registered_model("kept")
        version = client.create_model_version("kept", model.artifact_location, model_id=model.model_id)
        assert version.version == "1"
        client.delete_run(ids[-1])
        assert len(children(address, "below")) == 29
        client.restore_run(ids[-1])
        assert len(children(address, "below")) == 30


def test_several_threads_log_each_run_once_whatever_its_data(server: str, tmp_path: Path) -> None:
    plan, weights = many("threads", 24), save_weights(tmp_path / "weights.npz")
    submissions = []
    for number, run in enumerate(plan.runs):
        record = a_record(run)
        digest = "abc"[number % 3] * 64
        record = replace(record, environment=record.environment | {"dataset_digest": digest})
        submissions.append(Submission(run, record, weights))
    with Tracker(server, plan, folder=tmp_path, environment={}) as logged:
        assert logged.most == THREADS
        ids = logged.log(submissions)
        assert logged.log(submissions) == ids
    found = children(server, "threads")
    assert Counter(run.info.run_id for run in found) == Counter(ids)
    for run in found:
        assert run.outputs is not None
        assert (len(run.inputs.dataset_inputs), len(run.outputs.model_outputs)) == (1, 1)

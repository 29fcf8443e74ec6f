from pathlib import Path

import mlflow
import numpy as np
import pytest

from nnexp.nn import predict
from nnexp.sweep.store.model_file import load_model
from nnexp.tracking import Logger, check, mlflow_run_ids
from tests.tracking.samples import a_plan, a_record, children, save_weights


@pytest.mark.slow
def test_a_server_gets_runs_and_models_that_load_back(server: str, tmp_path: Path) -> None:
    check(server)
    plan = a_plan("served")
    weights = save_weights(tmp_path / "weights.npz")
    thread = Logger(server, plan, folder=tmp_path, environment={"host": "laptop"})
    for run in plan.runs:
        thread.submit(run, a_record(run), weights)
    assert thread.close("FINISHED", {"finished": 4}, [weights]) == ((), None)
    found = children(server, "served")
    assert [run.info.run_name for run in found] == [plan.label(run) for run in plan.runs]
    assert mlflow_run_ids(tmp_path)[plan.runs[0].run_id] == found[0].info.run_id
    assert found[0].data.metrics["training/accuracy"] == 2 / 3

    inputs = np.random.default_rng(1).standard_normal((5, 4)).astype("float32")
    mlflow.set_tracking_uri(server)
    try:
        given = mlflow.pyfunc.load_model(f"runs:/{found[0].info.run_id}/model").predict(inputs)
    finally:
        mlflow.set_tracking_uri(None)
    model = load_model(weights)
    np.testing.assert_allclose(given, predict(model.weights, model.biases, inputs), rtol=0, atol=1e-6)

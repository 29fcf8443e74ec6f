"""The main job with MLflow: a sweep typed as a user types it is in the store, whole, once."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnexp import cli
from nnexp.data import DataSpec, load
from nnexp.nn import predict
from nnexp.sweep.store.model_file import load_model
from tests.tracking.conftest import copy_store

WORDS = [
    "data=synthetic",
    "epochs=2",
    "hidden_size=5",
    "n_jobs=1",
    "-m",
    "learning_rate=0.1,0.5",
    "seed=0,1,2",
    "sweep.claims=[{id: A, text: It learns., check: {left: {final: training_accuracy,"
    " at: {learning_rate: 0.5}}, low: 0.0}}]",
]


def test_a_sweep_is_in_the_store_with_curves_and_models_and_again_is_not_logged_twice(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    monkeypatch.chdir(tmp_path)
    uri = copy_store(store, tmp_path / "mlflow.db")
    assert cli.main([f"tracking.uri={uri}", *WORDS]) == 0
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert cli.main(WORDS) == 0
    printed = capsys.readouterr().out
    assert "not logged yet" not in printed
    assert printed.count(f"MLflow: runs are logged to {uri}, which MLFLOW_TRACKING_URI names") == 1

    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("multirun")
    found = client.search_runs([experiment.experiment_id])
    (parent,) = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["finished"] == 6
    assert parent.data.tags["nnexp.verdict.A"] == "reproduced"
    assert "- **reproduced** A: It learns." in parent.data.tags["mlflow.note.content"]
    attached = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert attached == {
        "sweep.yaml",
        "rounds.jsonl",
        "runs.csv",
        "history.csv",
        "summary.csv",
        "verdicts.csv",
        "pictures",
        "report.html",
    }
    drawn = {file.path for file in client.list_artifacts(parent.info.run_id, "pictures")}
    assert {"pictures/learning_curves.png", "pictures/best_confusion_matrix.svg"} <= drawn
    assert {run.info.run_name for run in children} == {
        f"learning_rate={rate} seed={seed}" for rate in (0.1, 0.5) for seed in (0, 1, 2)
    }
    folder = next(Path("sweeps/multirun").iterdir())
    runs = pd.read_csv(folder / "runs.csv").set_index("mlflow_run_id")
    assert set(runs.index) == {run.info.run_id for run in children}
    inputs = load(DataSpec(name="synthetic")).data.test.inputs
    for run in children:
        row = runs.loc[run.info.run_id]
        assert run.data.metrics["test/accuracy"] == row["test_accuracy"]
        assert len(client.get_metric_history(run.info.run_id, "validation/accuracy")) == 2
        model = load_model(folder / "records" / f"{row['run_id']}.npz")
        place = client.get_logged_model(run.outputs.model_outputs[0].model_id).artifact_location
        logged = mlflow.pyfunc.load_model(place)
        np.testing.assert_allclose(
            logged.predict(inputs), predict(model.weights, model.biases, inputs), rtol=0, atol=1e-6
        )


def test_the_best_network_alone_is_in_the_store_where_that_is_asked(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.chdir(tmp_path)
    uri = copy_store(store, tmp_path / "mlflow.db")
    words = ["sweep.name=best", "pictures=false", "tracking.models=best", f"tracking.uri={uri}"]
    assert cli.main([*words, *WORDS]) == 0
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("best")
    [model] = client.search_logged_models([experiment.experiment_id])
    folder = next(Path("sweeps/best").iterdir())
    runs = pd.read_csv(folder / "runs.csv").set_index("mlflow_run_id")
    points = runs.groupby("learning_rate")["final_validation_accuracy"]
    best = points.get_group(points.mean().idxmax())
    assert best[model.source_run_id] == best.max()


@pytest.mark.slow
def test_two_sweeps_that_start_together_make_one_store(tmp_path: Path) -> None:
    words = ["data=synthetic", "epochs=1", "hidden_size=3", "n_jobs=1", "-m", "seed=0,1"]
    command = [sys.executable, "-m", "nnexp", *words]
    both = [
        subprocess.Popen([*command, f"sweep.name={name}"], cwd=tmp_path, stdout=-1, text=True)
        for name in ("one", "two")
    ]
    for process in both:
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert "nnexp ui shows the runs" in told

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from nnexp.nn import Hyperparameters, Model, outputs_of, predict
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.costs import OUTPUT_FUNCTIONS
from nnexp.sweep.store.model_file import load_model, save_model
from nnexp.tracking.model_logger import CODE
from nnexp.tracking.tracker import Tracker
from tests.tracking.samples import a_plan, a_record, log, save_weights

LOAD_ELSEWHERE = """
import sys
sys.modules["nnexp"] = None  # any import of it fails
import mlflow.pyfunc, numpy as np
model = mlflow.pyfunc.load_model(sys.argv[1])
np.save(sys.argv[3], model.predict(np.load(sys.argv[2])))
"""


def log_model(store: str, name: str, weights: Path) -> tuple[str, str]:
    """Log one run with its network; the ids of the child and of its model."""
    from mlflow import MlflowClient

    plan = a_plan(name)
    with Tracker(store, plan, folder=Path(), environment={}) as tracker:
        child = log(tracker, plan.runs[0], a_record(plan.runs[0]), weights)
    outputs = MlflowClient(store).get_run(child).outputs
    assert outputs is not None
    return child, outputs.model_outputs[0].model_id


def expected(weights: Path, inputs: np.ndarray) -> np.ndarray:
    """The core's own forward pass."""
    model = load_model(weights)
    h = model.hyperparameters
    return predict(model.weights, model.biases, inputs, activation=h.activation, output=h.output)


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((5, 4)).astype("float32")


@pytest.fixture
def at_store(store: str) -> Any:
    import mlflow

    mlflow.set_tracking_uri(store)
    yield mlflow.pyfunc
    mlflow.set_tracking_uri(None)


def test_the_config_of_its_run_lies_beside_a_logged_model(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient
    from mlflow.artifacts import load_text

    _, model = log_model(store, "config", save_weights(tmp_path / "weights.npz"))
    place = MlflowClient(store).get_logged_model(model).artifact_location
    settings = yaml.safe_load(load_text(f"{place}/config.yaml"))
    assert settings["hidden_size"] == a_plan("config").runs[0].hyperparameters.hidden_size


# Of one model, of the moment, or of ways to make a model that are not ours.
NOT_COMPARED = ("artifact_path", "run_id", "model_id", "model_uuid", "utc_time_created", "model_size_bytes")
OF_OTHER_WAYS = ("cloudpickle_version", "code", "streamable")


@pytest.mark.filterwarnings("ignore:.*An input example was not provided:UserWarning")
def test_the_hand_made_model_file_says_what_the_installed_mlflow_would_write(
    store: str, inputs: np.ndarray, tmp_path: Path
) -> None:
    import mlflow

    weights = save_weights(tmp_path / "weights.npz")
    _, model = log_model(store, "hand-made", weights)
    ours = Path(mlflow.MlflowClient(store).get_logged_model(model).artifact_location.removeprefix("file://"))
    theirs = tmp_path / "theirs"
    mlflow.pyfunc.save_model(
        theirs,
        python_model=str(CODE),
        artifacts={"weights": str(weights)},
        signature=mlflow.models.infer_signature(inputs, expected(weights, inputs)),
        pip_requirements=(ours / "requirements.txt").read_text().split(),
    )
    files = [yaml.safe_load((folder / "MLmodel").read_text()) for folder in (ours, theirs)]
    for file in files:
        for name in NOT_COMPARED:
            file.pop(name, None)
        flavor = file["flavors"]["python_function"]
        for name in OF_OTHER_WAYS:
            flavor.pop(name, None)
        flavor["env"].pop("conda", None)
        flavor["model_code_path"] = Path(flavor["model_code_path"]).name
        del flavor["artifacts"]["weights"]["uri"]
    assert files[0] == files[1], f"MLflow {mlflow.__version__} writes other model files: see model_logger"
    assert (ours / "artifacts" / "weights.npz").read_bytes() == weights.read_bytes()


@pytest.mark.parametrize("address", ["models:/{model}", "runs:/{child}/model"])
def test_a_logged_model_gives_the_network_s_own_probabilities(
    store: str, at_store: Any, inputs: np.ndarray, tmp_path: Path, address: str
) -> None:
    weights = save_weights(tmp_path / "weights.npz")
    child, model = log_model(store, "loaded", weights)
    loaded = at_store.load_model(address.format(child=child, model=model))
    np.testing.assert_allclose(loaded.predict(inputs), expected(weights, inputs), rtol=0, atol=1e-6)
    assert loaded.metadata.run_id == child


def test_a_model_says_what_it_takes_gives_and_needs(store: str, at_store: Any, tmp_path: Path) -> None:
    weights = save_weights(tmp_path / "weights.npz", dtype="float64")
    _, model = log_model(store, "signature", weights)
    metadata = at_store.load_model(f"models:/{model}").metadata
    assert metadata.get_input_schema().to_dict() == [
        {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": (-1, 4)}}
    ]
    assert metadata.get_output_schema().inputs[0].shape == (-1, 2)
    needs = Path(at_store.get_model_dependencies(f"models:/{model}")).read_text().split()
    assert [line.partition("==")[0] for line in needs] == ["mlflow", "numpy"]


def test_each_run_has_its_own_network_whatever_its_shape(
    store: str, at_store: Any, inputs: np.ndarray, tmp_path: Path
) -> None:
    plan = a_plan("shapes")
    rng = np.random.default_rng(2)
    files = []
    for number, sizes in enumerate([(4, 3, 2), (4, 2), (4, 3, 3, 5), (4, 3, 2)]):
        shapes = [(size, fan_in) for fan_in, size in pairwise(sizes)]
        network = Model(
            [rng.random(s) for s in shapes], [rng.random(s[0]) for s in shapes], Hyperparameters()
        )
        files.append(tmp_path / f"{number}.npz")
        save_model(files[-1], network)
    with Tracker(store, plan, folder=Path(), environment={}) as tracker:
        ids = [
            log(tracker, run, a_record(run), weights) for run, weights in zip(plan.runs, files, strict=True)
        ]
    for child, weights in zip(ids, files, strict=True):
        given = at_store.load_model(f"runs:/{child}/model").predict(inputs.astype("float64"))
        np.testing.assert_allclose(given, expected(weights, inputs), rtol=0, atol=1e-12)


def test_a_layer_of_perceptrons_is_read_by_its_weighted_inputs(
    store: str, at_store: Any, inputs: np.ndarray, tmp_path: Path
) -> None:
    """Outputs of 0 and 1 tie: the largest weighted input is the answer, here as in training."""
    h = Hyperparameters(output="step", cost="perceptron", hidden_layers=0)
    network = Model(
        [np.random.default_rng(3).standard_normal((3, 4)).astype("float32")], [np.ones(3, "f4")], h
    )
    save_model(tmp_path / "weights.npz", network)
    _, model = log_model(store, "perceptrons", tmp_path / "weights.npz")
    given = at_store.load_model(f"models:/{model}").predict(inputs)
    np.testing.assert_allclose(given, outputs_of(network, inputs), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(given > 0, expected(tmp_path / "weights.npz", inputs) == 1)


def test_a_model_tells_what_varies_how_it_is_used_and_how_well_it_does(store: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    child, model = log_model(store, "told", save_weights(tmp_path / "weights.npz"))
    found = MlflowClient(store).get_logged_model(model)
    assert found.params == {"batch_size": "10", "seed": "0"}
    assert f'load_model("runs:/{child}/model")' in found.tags["mlflow.note.content"]
    assert "inputs (n, 4), float32" in found.tags["mlflow.note.content"]
    assert {metric.key: metric.value for metric in found.metrics} == {"test/cost": 0.5, "test/accuracy": 0.75}


def test_a_model_loads_without_nnexp_and_without_a_pickle(
    store: str, inputs: np.ndarray, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    weights = save_weights(
        tmp_path / "weights.npz", activation="relu", output="softmax", cost="log_likelihood"
    )
    _, model = log_model(store, "alone", weights)
    folder = MlflowClient(store).get_logged_model(model).artifact_location
    suffixes = {path.suffix for path in Path(folder.removeprefix("file://")).rglob("*") if path.is_file()}
    assert suffixes == {"", ".py", ".npz", ".txt", ".yaml"}
    np.save(tmp_path / "inputs.npy", inputs)
    command = [sys.executable, "-I", "-c", LOAD_ELSEWHERE, folder, "inputs.npy", "outputs.npy"]
    subprocess.run(command, cwd=tmp_path, timeout=120, check=True)
    outputs = np.load(tmp_path / "outputs.npy", allow_pickle=False)
    np.testing.assert_allclose(outputs, expected(weights, inputs), rtol=0, atol=1e-6)


def test_the_shipped_code_knows_every_function_of_the_core() -> None:
    from nnexp.tracking.network_model import FUNCTIONS

    core = {name: activation.function for name, activation in ACTIVATIONS.items()} | OUTPUT_FUNCTIONS
    assert FUNCTIONS.keys() == core.keys()
    z = np.concatenate([np.linspace(-8, 8, 97), [-1000, 1000]]).astype("float32").reshape(9, 11)
    for name, function in FUNCTIONS.items():
        np.testing.assert_allclose(function(z), core[name](z.copy()), rtol=1e-6, atol=1e-6, err_msg=name)
        assert function(z).dtype == np.float32

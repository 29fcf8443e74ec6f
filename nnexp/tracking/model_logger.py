"""Trained networks as MLflow models: made from code, never pickled, and loadable without nnexp.

The files are written by hand, as MLflow 3.17 writes them (a test compares). `mlflow.pyfunc.log_model` takes
31 ms of CPU per run where this takes 15; and it logs to the address of the whole process, which is the
user's, draws progress bars, and leaves this machine's paths in the model.
"""

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnexp.files import scratch

if TYPE_CHECKING:
    from mlflow import MlflowClient

CODE = Path(__file__).with_name("network_model.py")
WEIGHTS = "artifacts/weights.npz"
NAME = "model"  # its address is runs:/RUN/model

PYTHON_ENVIRONMENT = """\
python: {python}
build_dependencies: [pip]
dependencies: [-r requirements.txt]
"""
NOTE = """\
A feed-forward network. It takes inputs (n, {inputs}), {dtype}, scaled as in training, and returns
(n, {outputs}), a column per class; the largest is its answer. It loads without nnexp:

    import mlflow
    network = mlflow.pyfunc.load_model("runs:/{run}/model")
    outputs = network.predict(inputs)
"""


class Signature(NamedTuple):
    """What goes in, (n, inputs), and what comes out, (n, outputs), of which dtype."""

    inputs: int
    outputs: int
    dtype: str


class ModelLogger(AbstractContextManager["ModelLogger"]):
    """Logs networks to one experiment. All that they share is written once, into a temporary folder."""

    def __init__(self, client: "MlflowClient", experiment: str) -> None:
        self._client = client
        self._experiment = experiment
        self._open = ExitStack()
        self._folder = self._open.enter_context(scratch())
        self._templates: dict[Signature, str] = {}
        _write_template(self._folder)

    def log(
        self, mlflow_run_id: str, weights: Path, step: int, params: Mapping[str, str], config: str
    ) -> str:
        """Log the network in the file `weights` as the run's model, after `step` epochs; return its id.

        `params`: what tells the models of a sweep apart; `config`: all settings of the run, YAML text.
        """
        from mlflow.entities import LoggedModelOutput

        client, folder = self._client, self._folder
        signature = _signature(weights)
        model = client.create_logged_model(
            self._experiment,
            name=NAME,
            source_run_id=mlflow_run_id,
            tags={"mlflow.note.content": NOTE.format(run=mlflow_run_id, **signature._asdict())},
            params=dict(params),
        )
        shutil.copyfile(weights, folder / WEIGHTS)
        text = self._template(signature)
        for mark, value in (
            ("MODEL_ID", model.model_id),
            ("RUN_ID", mlflow_run_id),
            ("LOCATION", model.artifact_location),
        ):
            text = text.replace(f"NNEXP_{mark}", value)
        (folder / "MLmodel").write_text(text, encoding="utf-8")
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        client.log_model_artifacts(model.model_id, str(folder))
        client.finalize_logged_model(model.model_id, "READY")
        client.log_outputs(mlflow_run_id, [LoggedModelOutput(model.model_id, step)])
        return model.model_id

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _template(self, signature: Signature) -> str:
        """The MLmodel file for a network of this shape, with marks where one model differs from the next."""
        if signature not in self._templates:
            self._templates[signature] = _mlmodel(signature)
        return self._templates[signature]


def _signature(weights: Path) -> Signature:
    with np.load(weights, allow_pickle=False) as file:
        last = sum(name.startswith("biases_") for name in file.files)
        first = file["weights_1"]
        return Signature(first.shape[1], len(file[f"biases_{last}"]), str(first.dtype))


def _write_template(folder: Path) -> None:
    import mlflow
    from mlflow.utils import PYTHON_VERSION

    shutil.copyfile(CODE, folder / CODE.name)
    (folder / WEIGHTS).parent.mkdir()
    (folder / "requirements.txt").write_text(f"mlflow=={mlflow.__version__}\nnumpy=={np.__version__}\n")
    (folder / "python_env.yaml").write_text(PYTHON_ENVIRONMENT.format(python=PYTHON_VERSION))


def _mlmodel(signature: Signature) -> str:
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec
    from mlflow.utils import PYTHON_VERSION

    dtype = np.dtype(signature.dtype)
    takes, gives = (Schema([TensorSpec(dtype, (-1, size))]) for size in (signature.inputs, signature.outputs))
    model = Model(
        artifact_path="NNEXP_LOCATION",
        run_id="NNEXP_RUN_ID",
        model_id="NNEXP_MODEL_ID",
        model_uuid="NNEXP_MODEL_ID",
        signature=ModelSignature(takes, gives),
    )
    model.add_flavor(
        "python_function",
        loader_module="mlflow.pyfunc.loaders.code_model",
        python_version=PYTHON_VERSION,
        env={"virtualenv": "python_env.yaml"},
        model_code_path=CODE.name,
        artifacts={"weights": {"path": WEIGHTS, "uri": WEIGHTS}},
    )
    return str(model.to_yaml())

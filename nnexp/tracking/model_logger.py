"""Trained networks as MLflow models: made from code, never pickled, and loadable without nnexp.

The files are written by hand, as MLflow 3.17 writes them (a test compares). `mlflow.pyfunc.log_model` takes
31 ms of CPU per run where this takes 1 (15 with MLflow's client); and it logs to the address of the whole
process, which is the user's, draws progress bars, and leaves this machine's paths in the model.
"""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnexp.files import scratch
from nnexp.tracking.record_fields import config, epochs_done
from nnexp.tracking.run_rows import Entry, ModelText

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


class Network(NamedTuple):
    """The file of a network, and its signature."""

    weights: Path
    signature: Signature


class ModelIds(NamedTuple):
    """Which model, of which run, and the address of its files."""

    model: str
    run: str
    place: str


class ModelWriter:
    """Writes the files of models. What all have in common is put together once; several threads may write."""

    def __init__(self) -> None:
        self._common = _common_files()
        self._templates: dict[Signature, str] = {}
        self._before: Path | None = None  # the folder of a model that has been written

    def write(self, folder: Path, ids: ModelIds, network: Network, config: str) -> None:
        """Fill `folder` with all files of a model, `config` (YAML text) among them.

        A file that is there already, as a link, costs a tenth of another copy, and no space. What a process
        that was killed has left is replaced.
        """
        text = self._template(network.signature)
        for mark, value in (("MODEL_ID", ids.model), ("RUN_ID", ids.run), ("LOCATION", ids.place)):
            text = text.replace(f"NNEXP_{mark}", value)
        (folder / WEIGHTS).parent.mkdir(parents=True, exist_ok=True)
        if not _link(network.weights, folder / WEIGHTS):
            shutil.copyfile(network.weights, folder / WEIGHTS)
        for name, content in self._common.items():
            if not (self._before and _link(self._before / name, folder / name)):
                (folder / name).write_bytes(content)
        (folder / "MLmodel").write_text(text, encoding="utf-8")
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        self._before = folder

    def _template(self, signature: Signature) -> str:
        """The MLmodel file for a network of this shape, with marks where one model differs from the next."""
        if signature not in self._templates:
            self._templates[signature] = _mlmodel(signature)
        return self._templates[signature]


def log_model(client: "MlflowClient", writer: ModelWriter, entry: Entry, target: tuple[str, str]) -> str:
    """Log the network of a run as its model by MLflow's client; its id. `target`: experiment and run."""
    from mlflow.entities import LoggedModelOutput

    experiment, run = target
    assert entry.weights is not None
    network = network_of(entry.weights)
    text = model_text(run, network)
    model = client.create_logged_model(
        experiment,
        name=text.name,
        source_run_id=run,
        tags={"mlflow.note.content": text.note},
        params=dict(entry.varied),
    )
    with scratch() as folder:
        ids = ModelIds(model.model_id, run, model.artifact_location)
        writer.write(folder / NAME, ids, network, config(entry.record))
        client.log_model_artifacts(model.model_id, str(folder / NAME))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run, [LoggedModelOutput(model.model_id, epochs_done(entry.record))])
    return str(model.model_id)


def model_text(run: str, network: Network) -> ModelText:
    """What is said about the model of a run."""
    return ModelText(NAME, NOTE.format(run=run, **network.signature._asdict()))


def network_of(weights: Path) -> Network:
    """What the file of a network tells."""
    with np.load(weights, allow_pickle=False) as file:
        last = sum(name.startswith("biases_") for name in file.files)
        first = file["weights_1"]
        return Network(weights, Signature(first.shape[1], len(file[f"biases_{last}"]), str(first.dtype)))


def _link(source: Path, target: Path) -> bool:
    """Make `target` another name of the file `source`; False where that cannot be."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, one without links, too many of them, or no such file
        return False
    return True


def _common_files() -> dict[str, bytes]:
    """What all models have in common: name -> content."""
    import mlflow
    from mlflow.utils import PYTHON_VERSION

    return {
        CODE.name: CODE.read_bytes(),
        "requirements.txt": f"mlflow=={mlflow.__version__}\nnumpy=={np.__version__}\n".encode(),
        "python_env.yaml": PYTHON_ENVIRONMENT.format(python=PYTHON_VERSION).encode(),
    }


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

"""A trained network as MLflow loads it: this file and `weights.npz` are all it takes, nnexp is not needed.

`weights.npz` holds `weights_1 (fan_out, fan_in)`, `biases_1 (fan_out,)`, `weights_2`, ... and
`hyperparameters`, JSON text that names the activation and the output.
"""

import json
from collections.abc import Callable
from typing import Any

import mlflow
import numpy as np
from mlflow.pyfunc.model import PythonModel, PythonModelContext

Function = Callable[[np.ndarray], np.ndarray]


def softmax(z: np.ndarray) -> np.ndarray:
    """e^z_j / sum_k e^z_k, shifted so that nothing overflows."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-z), written so that nothing overflows."""
    return 0.5 * np.tanh(0.5 * z) + 0.5


def gelu(z: np.ndarray) -> np.ndarray:
    """z times the normal distribution of z, in its tanh form; beyond +-10 that is 0 or 1."""
    near = np.clip(z, -10.0, 10.0)
    return np.asarray(z * (0.5 * np.tanh(0.7978845608028654 * near * (1.0 + 0.044715 * near * near)) + 0.5))


def step(z: np.ndarray) -> np.ndarray:
    """1 where z > 0, else 0."""
    return (z > 0.0).astype(z.dtype)


FUNCTIONS: dict[str, Function] = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "softplus": lambda z: np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))),
    "elu": lambda z: np.where(z > 0.0, z, np.expm1(np.minimum(z, 0.0))),
    "arcsinh": np.arcsinh,
    "silu": lambda z: z * sigmoid(z),
    "gelu": gelu,
    "identity": lambda z: z,
    "step": step,
    "softmax": softmax,
}
# Outputs of 0 and 1 tie: in their place stand the weighted inputs, whose largest is the answer.
DECISIVE = {"step": "identity"}


class NetworkModel(PythonModel):
    """A feed-forward network."""

    layers: list[tuple[np.ndarray, np.ndarray, Function]]

    def load_context(self, context: PythonModelContext) -> None:
        """Read the network that lies beside this file."""
        with np.load(context.artifacts["weights"], allow_pickle=False) as file:
            hyperparameters = json.loads(str(file["hyperparameters"]))
            depth = sum(name.startswith("weights_") for name in file.files)
            output = hyperparameters["output"]
            names = [hyperparameters["activation"]] * (depth - 1) + [DECISIVE.get(output, output)]
            self.layers = [
                (file[f"weights_{layer}"], file[f"biases_{layer}"], FUNCTIONS[name])
                for layer, name in enumerate(names, start=1)
            ]

    def predict(
        self, context: PythonModelContext, model_input: np.ndarray, params: dict[str, Any] | None = None
    ) -> np.ndarray:
        """The network's outputs (n, classes) for inputs (n, d), the largest of which is its answer.

        Probabilities with sigmoid or softmax; with step the weighted inputs: a unit fires where one is > 0.
        """
        a = np.asarray(model_input, dtype=self.layers[0][0].dtype)
        for W, b, function in self.layers:
            a = function(a @ W.T + b)
        return a


mlflow.models.set_model(NetworkModel())

"""A sweep done the usual way, to compare with: Hydra's multirun on joblib, one MLflow call per epoch.

The same core trains; everything around it is what a careful user would write in an afternoon:
`python -m tests.benchmarks.usual -m hydra/launcher=joblib hydra.launcher.n_jobs=2 learning_rate=0.1,0.5`.
"""

import os
import sys
from dataclasses import dataclass

import hydra
import numpy as np
from hydra.core.config_store import ConfigStore

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
URI = "sqlite:///mlflow.db"


@dataclass
class Settings:
    """What one job varies."""

    learning_rate: float = 0.5
    lambda_l2: float = 0.0
    seed: int = 0
    epochs: int = 30


ConfigStore.instance().store(name="usual", node=Settings)


@hydra.main(version_base="1.3", config_path=None, config_name="usual")
def job(settings: Settings) -> None:
    """Train one network on the digits, log its curves and its model."""
    import mlflow
    from threadpoolctl import threadpool_limits

    from nnexp.data import DataSpec, load
    from nnexp.nn import Hyperparameters, predict, train

    class Network(mlflow.pyfunc.PythonModel):
        def __init__(self, weights, biases):
            self.weights, self.biases = weights, biases

        def predict(self, context, model_input, params=None):
            return predict(self.weights, self.biases, model_input)

    values = {name: getattr(settings, name) for name in ("learning_rate", "lambda_l2", "seed", "epochs")}
    mlflow.set_tracking_uri(os.environ["USUAL_STORE"])
    mlflow.set_experiment("usual")
    with mlflow.start_run(), threadpool_limits(1):
        mlflow.log_params(values)
        [result] = train([Hyperparameters(**values)], load(DataSpec()).data)
        for row, epoch in enumerate(result.history["epoch"]):
            curves = {name: column[row] for name, column in result.history.items() if name != "epoch"}
            mlflow.log_metrics(
                {name: value for name, value in curves.items() if value is not None}, step=epoch
            )
        mlflow.pyfunc.log_model(
            name="model",
            python_model=Network(result.weights, result.biases),
            signature=mlflow.models.infer_signature(
                np.zeros((1, 64), "float32"), np.zeros((1, 10), "float32")
            ),
        )


if __name__ == "__main__":
    os.environ.setdefault("USUAL_STORE", f"sqlite:///{os.getcwd()}/mlflow.db")
    if "make-store" in sys.argv:
        import mlflow

        mlflow.set_tracking_uri(os.environ["USUAL_STORE"])
        mlflow.set_experiment("usual")
    else:
        job()

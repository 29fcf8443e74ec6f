"""A small sweep of two points and two seeds, with records as training leaves them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnexp.data import DataSpec
from nnexp.nn import Hyperparameters, Model
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.model_file import save_model
from nnexp.sweep.store.record import Record
from nnexp.tracking.tracker import Submission, Tracker
from tests.results.sweeps import known_sizes

ENVIRONMENT = {
    "nnexp": "0.1.0",
    "commit": "c0ffee",
    "dirty": True,
    "numpy": "2.4.6",
    "blas": "openblas 0.3",
    "kernel": "Haswell",
    "scipy": "1.17.1",
    "scipy_blas": "openblas 0.3",
    "scipy_kernel": "SkylakeX",
    "threads": 1,
    "host": "laptop",
    "dataset_digest": "d" * 64,
    "python": None,
}

# What a process does that logs for the first time: to the default store of its folder, and quietly.
FIRST_LOG = """
from pathlib import Path
from nnexp.tracking import Logger
from tests.tracking.samples import a_plan, a_record, save_weights
plan = a_plan("first")
weights = save_weights(Path("weights.npz"))
logger = Logger("sqlite:///mlflow.db", plan, folder=Path(), environment={})
for run in plan.runs:
    logger.submit(run, a_record(run), weights)
report = logger.close("FINISHED", {"finished": 4, "diverged": 0, "failed": 0}, timeout=100)
assert report == ((), None), report
"""


def a_plan(name: str) -> Plan:
    """Two batch sizes x two seeds; the identities are those of `name`."""
    points = ({"batch_size": 10}, {"batch_size": 32})
    runs = tuple(
        Run(
            f"{name}-{point}-{seed}",
            Hyperparameters(batch_size=at["batch_size"], seed=seed),
            DataSpec(),
            point,
        )
        for point, at in enumerate(points)
        for seed in (0, 1)
    )
    return Plan(
        name,
        f"What does {name} do?",
        ("batch_size",),
        points,
        (0, 1),
        runs,
        0,
        f"id-{name}",
        sizes=known_sizes([DataSpec()]),
    )


def many(name: str, runs: int) -> Plan:
    """A plan of so many runs, two seeds at each point."""
    plan = a_plan(name)
    points = tuple({"batch_size": size} for size in range(1, runs // 2 + 2))
    every = tuple(
        Run(
            f"{name}-{number}",
            Hyperparameters(batch_size=number // 2 + 1, seed=number % 2),
            DataSpec(),
            number // 2,
        )
        for number in range(runs)
    )
    return replace(plan, points=points, runs=every)


def a_record(run: Run, epochs: int = 3, **changes: Any) -> Record:
    """A finished run of some epochs, 1 s each, from 12:00:00 to half a second after the last."""
    columns = ("training_cost", "training_accuracy", "validation_cost", "validation_accuracy")
    history: dict[str, list[float | int | None]] = {"epoch": list(range(1, epochs + 1))}
    history |= {c: [(i + 1) / (e + 1) for e in range(epochs)] for i, c in enumerate(columns)}
    history |= {"test_cost": [None] * epochs, "test_accuracy": [None] * epochs, "penalty": [0.0] * epochs}
    history |= {"seconds": [1.0 * (e + 1) for e in range(epochs)], "weight_norm_1": [3.0] * epochs}
    metrics: dict[str, float | int | None] = {"epochs_done": epochs, "final_training_cost": 0.25}
    metrics |= {"best_epoch": 2, "best_validation_accuracy": 0.875, "test_cost": 0.5, "test_accuracy": 0.75}
    record = Record(
        run_id=run.run_id,
        status="finished",
        settings=run.settings,
        history=history,
        metrics=metrics,
        timings={
            "started": "2026-01-02T12:00:00+00:00",
            "ended": f"2026-01-02T12:00:{epochs:02d}.500000+00:00",
            "seconds": float(epochs),
            "evaluation_seconds": 0.5,
            "shared_by": 1,
        },
        environment=dict(ENVIRONMENT),
    )
    return replace(record, **changes)


def a_failure(run: Run) -> Record:
    """A run that ended with an exception, an hour before `a_record` started."""
    return a_record(
        run,
        status="failed",
        history={},
        metrics={},
        timings={"started": "2026-01-02T11:00:00+00:00", "ended": "2026-01-02T11:00:01+00:00"},
        traceback="Traceback (most recent call last):\n  ...\nMemoryError: 8 GiB\n",
    )


def save_weights(path: Path, dtype: str = "float32", **hyperparameters: Any) -> Path:
    """A network 4-3-2 with random parameters."""
    rng = np.random.default_rng(7)
    weights = [rng.standard_normal(shape).astype(dtype) for shape in ((3, 4), (2, 3))]
    biases = [rng.standard_normal(size).astype(dtype) for size in (3, 2)]
    save_model(path, Model(weights, biases, Hyperparameters(dtype=dtype, **hyperparameters)))
    return path


def log(tracker: Tracker, run: Run, record: Record, weights: Path | None) -> str:
    """Log one record; its id in MLflow."""
    [mlflow_run_id] = tracker.log([Submission(run, record, weights)])
    return mlflow_run_id


def parent(store: str, name: str) -> Any:
    """The sweep's parent run as MLflow's own client finds it in the store."""
    from mlflow import MlflowClient

    client = MlflowClient(store)
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id], f"tags.`nnexp.sweep_id` = 'id-{name}'")
    return run


def children(store: str, name: str) -> list[Any]:
    """The runs under the sweep's parent, by name."""
    from mlflow import MlflowClient

    above = parent(store, name).info
    below = f"tags.`mlflow.parentRunId` = '{above.run_id}'"
    return MlflowClient(store).search_runs([above.experiment_id], below, order_by=["attributes.run_name"])

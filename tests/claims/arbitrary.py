"""Runs with arbitrary curves: they record all that a trained one does."""

import zlib
from typing import Any

import numpy as np

from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from tests.results.sweeps import make_record, with_curves


def arbitrary_records(plan: Plan) -> dict[str, Record]:
    """A finished record for every run; the same for a sweep of the same name."""
    rng = np.random.default_rng(zlib.crc32(plan.name.encode()))
    records = {}
    for run in plan.runs:
        record = make_record(run)
        epochs = evaluated(run)
        columns = [*record.history, *monitored(run)]
        history: dict[str, list[Any]] = {c: rng.uniform(0.05, 0.99, len(epochs)).tolist() for c in columns}
        history["epoch"] = epochs
        if "dead_classes" in history:
            history["dead_classes"] = rng.integers(0, 3, len(epochs)).tolist()
        records[run.run_id] = with_curves(record, **history)
    return records


def evaluated(run: Run) -> list[int]:
    """The epochs of its history."""
    h = run.hyperparameters
    watched = set(h.monitor) - {"test"}
    return [0] * bool(watched) + sorted(
        {*range(0, h.epochs + 1, h.evaluate_every or h.epochs), h.epochs} - {0}
    )


def monitored(run: Run) -> list[str]:
    h = run.hyperparameters
    layers = range(1, h.hidden_layers + 2)
    columns: dict[str, list[str]] = {
        "gradient_norm": [f"gradient_norm_{of}_{layer}" for of in ("bias", "weight") for layer in layers],
        "saturated_share": [f"saturated_share_{layer}" for layer in layers[:-1]],
        "weight_norm": [f"weight_norm_{layer}" for layer in layers],
        "small_weights": [f"small_weights_{layer}" for layer in layers],
        "update_norm": [f"update_norm_{layer}" for layer in layers],
        "dead_classes": ["dead_classes"],
    }
    return [column for monitor in h.monitor if monitor != "test" for column in columns[monitor]]

"""A finished run as rows of MLflow's tables: what its client would write in eight calls, computed at once.

Pure functions. That the rows are those of the installed MLflow is seen where they are used: `bulk` compares.
"""

import math
import uuid
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from nnexp.sweep.store.record import Record
from nnexp.tracking.record_fields import (
    CONTEXT,
    OF_THE_MODEL,
    STATUS,
    Measurement,
    epochs_done,
    measurements,
    milliseconds,
    params,
)

# In the order in which they are filled: each refers to those before it.
TABLES = (
    *("runs", "tags", "params", "metrics", "latest_metrics"),
    *("logged_models", "logged_model_params", "logged_model_tags", "logged_model_metrics"),
    *("inputs", "input_tags"),
)
LARGEST = 1.7976931348623157e308  # stands for infinity: SQL has none
LONGEST_NAME, LONGEST_VALUE = 250, 6000  # characters; of longer texts MLflow makes something else
READY = 2  # a model's status

Rows = dict[str, list[dict[str, Any]]]


class Entry(NamedTuple):
    """A run on its way into the store, with the file of its weights. `point`: of the sweep;
    `varied`: what tells its model from others."""

    record: Record
    name: str
    point: int
    tags: Mapping[str, str]
    varied: Mapping[str, str]
    weights: Path | None


class Target(NamedTuple):
    """Where a run goes: its experiment and the place of that one's files, and ids; "": it has none such."""

    experiment: int
    location: str
    run: str
    model: str
    dataset: str


class ModelText(NamedTuple):
    """What is said about a model: its name and description."""

    name: str
    note: str


def new_id(parent: str, record: Record) -> str:
    """An id for a run of the sweep `parent`: the same whenever it is asked for, later ends sorted later.

    So a run that was logged, and not noted, before a process was killed cannot get in twice; and rows go
    to the end of each index, however many there are.
    """
    what = f"{parent} {record.run_id} {record.timings['started']}"
    return f"{milliseconds(record.timings['ended']):012x}{sha256(what.encode()).hexdigest()[:20]}"


def rows_of(entry: Entry, target: Target, model: ModelText | None, now: int) -> Rows:
    """All rows of a run by table, those of its model too if there is one; `now`: in milliseconds."""
    points = measurements(entry.record, entry.point)
    values = [_value_row(point) for point in points]
    metrics = {tuple(row.values()): row | {"run_uuid": target.run} for row in values}
    latest: dict[str, dict[str, Any]] = {}
    for row in metrics.values():
        before = latest.get(row["key"])
        if before is None or _age(row) > _age(before):
            latest[row["key"]] = row
    tags = {**entry.tags, "mlflow.runName": entry.name}
    return {
        "runs": [_run_row(entry, target)],
        "tags": [{"key": key, "value": text, "run_uuid": target.run} for key, text in tags.items()],
        "params": [
            {"key": key, "value": text, "run_uuid": target.run} for key, text in params(entry.record).items()
        ],
        "metrics": list(metrics.values()),
        "latest_metrics": list(latest.values()),
        **(_model_rows(entry, target, model, now) if model else {}),
        "logged_model_metrics": [_figure_row(m, target) for m in points if model and m.name in OF_THE_MODEL],
        **_input_rows(entry.record, target),
    }


def is_plain(rows: Rows) -> bool:
    """Whether MLflow would take every text as it is."""
    [run] = rows["runs"]
    texts = [(run["name"], LONGEST_NAME)]
    for row in (*rows["tags"], *rows["params"]):
        texts += [(row["key"], LONGEST_NAME), (row["value"], LONGEST_VALUE)]
    return all(len(text) <= longest for text, longest in texts)


def place_of_run(target: Target) -> str:
    """The address of a run's files."""
    return f"{target.location}/{target.run}/artifacts"


def place_of_model(target: Target) -> str:
    """The address of a model's files."""
    return f"{target.location}/models/{target.model}/artifacts"


def _run_row(entry: Entry, target: Target) -> dict[str, Any]:
    record = entry.record
    return {
        "run_uuid": target.run,
        "name": entry.name,
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "user_id": entry.tags.get("mlflow.user", "unknown"),
        "status": STATUS[record.status],
        "start_time": milliseconds(record.timings["started"]),
        "end_time": milliseconds(record.timings["ended"]),
        "deleted_time": None,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": place_of_run(target),
        "experiment_id": target.experiment,
    }


def _value_row(point: Measurement) -> dict[str, Any]:
    """A measurement as both tables of metrics hold it, without its run."""
    return {
        "key": point.name,
        "value": storable(point.value),
        "timestamp": point.timestamp,
        "step": point.step,
        "is_nan": math.isnan(point.value),
    }


def storable(value: float) -> float:
    """A number that SQL can hold: 0 for NaN, which is marked beside it, the largest one for infinity."""
    if math.isnan(value):
        return 0.0
    return math.copysign(LARGEST, value) if math.isinf(value) else value


def _age(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The latest value of a metric is the one of which this is the largest."""
    return row["step"], row["timestamp"], row["value"]


def _model_rows(entry: Entry, target: Target, model: ModelText, now: int) -> Rows:
    ids = {"model_id": target.model, "experiment_id": target.experiment}
    row = {
        **ids,
        "name": model.name,
        "artifact_location": place_of_model(target),
        "creation_timestamp_ms": now,
        "last_updated_timestamp_ms": now,
        "status": READY,
        "lifecycle_stage": "active",
        "model_type": None,
        "source_run_id": target.run,
        "status_message": None,
    }
    return {
        "logged_models": [row],
        "logged_model_params": [ids | {"param_key": k, "param_value": v} for k, v in entry.varied.items()],
        "logged_model_tags": [ids | {"tag_key": "mlflow.note.content", "tag_value": model.note}],
    }


def _figure_row(figure: Measurement, target: Target) -> dict[str, Any]:
    return {
        "model_id": target.model,
        "metric_name": figure.name,
        "metric_timestamp_ms": figure.timestamp,
        "metric_step": figure.step,
        "metric_value": storable(figure.value),
        "experiment_id": target.experiment,
        "run_id": target.run,
        "dataset_uuid": None,
        "dataset_name": None,
        "dataset_digest": None,
    }


def _input_rows(record: Record, target: Target) -> Rows:
    """What the run was trained on, and the model that came out of it."""
    links, tags = [], []
    if target.dataset:
        links.append(_link("DATASET", target.dataset, "RUN", target.run, 0))
        tags = [
            {"input_uuid": links[0]["input_uuid"], "name": name, "value": value}
            for name, value in CONTEXT.items()
        ]
    if target.model:
        links.append(_link("RUN_OUTPUT", target.run, "MODEL_OUTPUT", target.model, epochs_done(record)))
    return {"inputs": links, "input_tags": tags}


def _link(source_type: str, source: str, kind: str, destination: str, step: int) -> dict[str, Any]:
    return {
        "input_uuid": uuid.uuid4().hex,
        "source_type": source_type,
        "source_id": source,
        "destination_type": kind,
        "destination_id": destination,
        "step": step,
    }

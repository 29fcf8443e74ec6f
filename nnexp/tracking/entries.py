"""What MLflow is told about a run: pure functions from a record to names and values."""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from nnexp.sweep.plan import spelled
from nnexp.sweep.record import Record

# MLflow's limits for one call of log_batch: 1,000 entities in all, 100 of them parameters.
BATCH_PARAMS = 100
BATCH_METRICS = 900

STATUS = {
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "failed": "FAILED",
    "timed_out": "FAILED",
    "killed": "KILLED",
}
PARTS = ("training", "validation", "test", "final", "best")


class Measurement(NamedTuple):
    """One value of a metric; `timestamp` in milliseconds since 1970."""

    name: str
    value: float
    timestamp: int
    step: int


def milliseconds(moment: str) -> int:
    """An ISO 8601 moment as MLflow counts time: milliseconds since 1970."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def epochs_done(record: Record) -> int:
    """Passes over the training set that the run made, 0 if it failed in the first."""
    return int(record.metrics.get("epochs_done") or 0)


def metric_name(column: str) -> str:
    """`training_cost` as MLflow groups it: `training/cost`; other names stay as they are."""
    part, _, rest = column.partition("_")
    return f"{part}/{rest}" if part in PARTS and rest else column


def params(record: Record) -> dict[str, str]:
    """Every hyperparameter and data knob, exact."""
    return {name: spelled(value) for name, value in record.settings.items()}


def metrics(record: Record) -> list[Measurement]:
    """The curves (step = epoch), then the figures of the whole run, at its last epoch and its end."""
    end = milliseconds(record.timings["ended"])
    last = epochs_done(record)
    seconds = {name: record.timings.get(name) for name in ("seconds", "evaluation_seconds")}
    figures = [
        Measurement(metric_name(name), float(value), end, last)
        for name, value in (record.metrics | seconds).items()
        if value is not None
    ]
    # A test curve ends in the figure of the kept network, so that one name has one value at one step.
    taken = {(figure.name, figure.step) for figure in figures}
    return [point for point in _curves(record) if (point.name, point.step) not in taken] + figures


def _curves(record: Record) -> Iterator[Measurement]:
    epochs = record.history.get("epoch", [])
    times = _times(record, len(epochs))
    for column, values in record.history.items():
        no_curve = column == "penalty" and not any(values)  # without lambda a line of zeros, in every chart
        if column not in ("epoch", "seconds") and not no_curve:
            for epoch, time, value in zip(epochs, times, values, strict=True):
                if value is not None:
                    yield Measurement(metric_name(column), float(value), time, int(epoch or 0))


def _times(record: Record, rows: int) -> list[int]:
    """When each row of the history was reached: the run's time, shared out by its training seconds."""
    start, end = milliseconds(record.timings["started"]), milliseconds(record.timings["ended"])
    seconds = [float(value or 0) for value in record.history.get("seconds", [])]
    if not seconds or seconds[-1] <= 0:
        seconds = [float(row + 1) for row in range(rows)]
    return [start + round((end - start) * value / seconds[-1]) for value in seconds]


def provenance(environment: Mapping[str, Any]) -> dict[str, str]:
    """Tags that say who ran which code where: `nnexp.commit`, `nnexp.host`..., and MLflow's own."""
    tags = {
        "nnexp.version" if name == "nnexp" else f"nnexp.{name}": str(value)
        for name, value in environment.items()
        if value is not None
    }
    tags |= {"mlflow.source.name": "nnexp", "mlflow.source.type": "LOCAL"}
    if environment.get("commit"):
        tags["mlflow.source.git.commit"] = str(environment["commit"])
    with suppress(KeyError, OSError):  # a container's user may have no name
        tags["mlflow.user"] = getpass.getuser()
    return tags


def child_tags(record: Record) -> dict[str, str]:
    """Tags of one run's child: identity, status and provenance; the error in short, if it failed."""
    tags = provenance(record.environment) | {"nnexp.run_id": record.run_id, "nnexp.status": record.status}
    if record.traceback:
        tags["mlflow.note.content"] = record.traceback.strip().splitlines()[-1]
    return tags


def batches(record: Record) -> Iterator[tuple[list[tuple[str, str]], list[Measurement]]]:
    """Parameters and metrics in portions that one call may carry."""
    left, points = list(params(record).items()), metrics(record)
    while left or points:
        yield left[:BATCH_PARAMS], points[:BATCH_METRICS]
        left, points = left[BATCH_PARAMS:], points[BATCH_METRICS:]

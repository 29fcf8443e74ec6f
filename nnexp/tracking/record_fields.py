"""What MLflow stores of a run: pure functions from a record to names and values."""

import getpass
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import yaml

from nnexp.sweep.question.points import DATA_KNOBS
from nnexp.sweep.store.plan_file import DUMPER
from nnexp.sweep.store.record import Record
from nnexp.text import as_markdown, count, percent, spelled

# MLflow's limits for one call of log_batch: 1,000 entities in all, 100 of them parameters.
BATCH_PARAMS = 100
BATCH_METRICS = 900

STATUS = {
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "pruned": "FINISHED",
    "failed": "FAILED",
    "timed_out": "FAILED",
    "killed": "KILLED",
}
PARTS = ("training", "validation", "test", "best")
DIGEST = 12  # characters of a data set's digest: MLflow shows it beside the name
CONTEXT = {"mlflow.data.context": "training"}  # what a run did with its data set
OF_THE_MODEL = ("test/cost", "test/accuracy")  # of the weights that are kept: shown with the model, too


class Measurement(NamedTuple):
    """One value of a metric; `timestamp` in milliseconds since 1970."""

    name: str
    value: float
    timestamp: int
    step: int


class DatasetFields(NamedTuple):
    """What a run was trained on; `knobs`: its name and knobs, JSON text."""

    name: str
    digest: str
    knobs: str


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


def dataset(record: Record) -> DatasetFields | None:
    """The data set of a run; None for a record that does not know its digest."""
    digest = record.environment.get("dataset_digest")
    if not digest:
        return None
    knobs = {name: record.settings.get(name) for name in ("data", *DATA_KNOBS)}
    return DatasetFields(record.settings["data"], digest[:DIGEST], json.dumps(knobs))


def metrics(record: Record) -> list[Measurement]:
    """The curves (step = epoch), then the figures of the whole run.

    Figures stand at step 0, where MLflow draws bars to compare, not curves of one dot. `final_*` is left
    out: MLflow shows the last value of a curve as the run's.
    """
    end, curves = milliseconds(record.timings["ended"]), list(_curves(record))
    curved = {point.name for point in curves}
    seconds = {name: record.timings.get(name) for name in ("seconds", "evaluation_seconds")}
    figures = [
        Measurement(name, _shown(name, value), end, epochs_done(record) if name in curved else 0)
        for name, value in ((metric_name(n), v) for n, v in (record.metrics | seconds).items())
        if value is not None and not name.startswith("final_")
    ]
    # A test curve ends in the figure of the kept network, so that one name has one value at one step.
    places = {(figure.name, figure.step) for figure in figures}
    return [point for point in curves if (point.name, point.step) not in places] + figures


def _shown(name: str, value: float) -> float:
    """A figure as MLflow shows it, in full: four digits of a time are as many as mean something."""
    return float(f"{value:.4g}") if "seconds" in name else float(value)


def config(record: Record) -> str:
    """Every setting of a run as YAML text, exact: what its parameters say, as a file."""
    return str(yaml.dump(record.settings, Dumper=DUMPER, sort_keys=False))


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


def run_tags(record: Record) -> dict[str, str]:
    """Tags of one run's child: identity, status and provenance, and how it ended as its description."""
    identity = {"nnexp.run_id": record.run_id, "nnexp.status": record.status}
    return identity | provenance(record.environment) | {"mlflow.note.content": _description(record)}


def _description(record: Record) -> str:
    """How the run ended, in Markdown, and the command that tells more."""
    ending = f"{record.status.replace('_', ' ').capitalize()} after {count(epochs_done(record), 'epoch')}"
    if record.traceback:
        error = as_markdown(record.traceback.strip().splitlines()[-1])
        ending = f"{error}\n\nThe whole traceback is among the artifacts"
    accuracies = {
        "validation": record.metrics.get("final_validation_accuracy"),
        "test": record.metrics.get("test_accuracy"),
    }
    figures = [f"{part} accuracy {percent(value)}" for part, value in accuracies.items() if value is not None]
    return f"{', '.join([ending, *figures])}. `nnexp show {record.run_id}` tells more."


def measurements(record: Record, point: int) -> list[Measurement]:
    """The metrics of a run, and `point`, the number of its point in the sweep.

    That is a metric (from 1, as `dry_run` numbers them), because MLflow sorts by metrics as numbers but by
    parameters as text, 100 before 20.
    """
    order = Measurement("point", float(point + 1), milliseconds(record.timings["ended"]), 0)
    return [*metrics(record), order]


def batches(record: Record, point: int) -> Iterator[tuple[list[tuple[str, str]], list[Measurement]]]:
    """Parameters and metrics in portions that one call may carry."""
    names, points = list(params(record).items()), measurements(record, point)
    while names or points:
        yield names[:BATCH_PARAMS], points[:BATCH_METRICS]
        names, points = names[BATCH_PARAMS:], points[BATCH_METRICS:]

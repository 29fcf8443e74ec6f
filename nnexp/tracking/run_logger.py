"""Recorded runs as runs of a MLflow experiment: created, filled, found again, replaced."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from nnexp.text import spelled
from nnexp.tracking.model_logger import ModelLogger
from nnexp.tracking.record_fields import (
    STATUS,
    batches,
    config,
    dataset,
    epochs_done,
    milliseconds,
    run_tags,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

SEARCH_PAGE = 1000
OF_THE_MODEL = ("test/cost", "test/accuracy")  # of the weights that are kept: shown with the model, too


class LoggedRun(NamedTuple):
    """A run as the store has it; `started` in milliseconds tells one training of a run from another."""

    mlflow_run_id: str
    started: int
    complete: bool


class RunLogger:
    """Logs records to one experiment. `find`: what earlier processes logged there, by run_id.

    A run that was cut short, or that an older training of the same run left, gives way to a whole one.
    """

    def __init__(
        self,
        client: "MlflowClient",
        experiment: str,
        models: ModelLogger,
        find: Callable[[], dict[str, LoggedRun]],
    ) -> None:
        self._client, self._experiment = client, experiment
        self._models, self._find = models, find

    def log(self, plan: Plan, run: Run, record: Record, weights: Path | None, tags: Mapping[str, str]) -> str:
        """Log a record once only, with `tags`, and its model if there are weights; the id in MLflow."""
        started = milliseconds(record.timings["started"])
        before = self._logged.get(record.run_id)
        if before is not None:
            if before.complete and before.started == started:
                return before.mlflow_run_id
            delete_run(self._client, self._experiment, before.mlflow_run_id)
        created = self._client.create_run(
            self._experiment,
            start_time=started,
            tags={**run_tags(record), **tags},
            run_name=plan.label(run),
        )
        mlflow_run_id = str(created.info.run_id)
        model = None
        if weights is not None:
            varied = {name: spelled(run.settings[name]) for name in (*plan.axes, "seed")}
            model = self._models.log(mlflow_run_id, weights, epochs_done(record), varied, config(record))
        self._fill(mlflow_run_id, run, record, model)
        end = milliseconds(record.timings["ended"])
        self._client.set_terminated(mlflow_run_id, STATUS[record.status], end_time=end)
        self._logged[record.run_id] = LoggedRun(mlflow_run_id, started, True)
        return mlflow_run_id

    @cached_property
    def _logged(self) -> dict[str, LoggedRun]:
        return self._find()

    def _fill(self, mlflow_run_id: str, run: Run, record: Record, model: str | None) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

        for params, metrics in batches(record, run.point):
            self._client.log_batch(
                mlflow_run_id,
                metrics=[Metric(*m, model_id=model if m.name in OF_THE_MODEL else None) for m in metrics],
                params=[Param(*param) for param in params],
            )
        if source := dataset(record):
            data = Dataset(source.name, source.digest, "nnexp", source.knobs)
            context = InputTag("mlflow.data.context", "training")
            self._client.log_inputs(mlflow_run_id, [DatasetInput(data, [context])])
        if record.traceback:
            self._client.log_text(mlflow_run_id, record.traceback, "traceback.txt")


def by_run_id(runs: Iterable["MlflowRun"]) -> dict[str, LoggedRun]:
    """Those of MLflow's runs that are of ours, by our run_id."""
    return {
        run_id: LoggedRun(run.info.run_id, run.info.start_time, run.info.status != "RUNNING")
        for run in runs
        if (run_id := run.data.tags.get("nnexp.run_id"))
    }


def search(client: "MlflowClient", experiment: str, which: str) -> Iterator["MlflowRun"]:
    """All runs of an experiment for which `which`, a filter as MLflow reads it, holds."""
    token: str | None = None
    while token != "":
        page = client.search_runs([experiment], which, max_results=SEARCH_PAGE, page_token=token)
        yield from page
        token = page.token or ""


def delete_run(client: "MlflowClient", experiment: str, mlflow_run_id: str) -> None:
    """Delete a run and every model of it, also one that was cut before the run knew of it."""
    its = f"source_run_id = '{mlflow_run_id}'"
    for model in client.search_logged_models([experiment], its):
        client.delete_logged_model(model.model_id)
    client.delete_run(mlflow_run_id)

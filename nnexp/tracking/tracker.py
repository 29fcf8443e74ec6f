"""One sweep in MLflow: its experiment, its parent run, and a child for every record."""

import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from nnexp.text import spelled
from nnexp.tracking.address import artifact_location
from nnexp.tracking.client import connect, store_lock
from nnexp.tracking.entries import (
    STATUS,
    batches,
    child_tags,
    config,
    data,
    epochs_done,
    milliseconds,
    provenance,
)
from nnexp.tracking.logged import read_logged
from nnexp.tracking.model import ModelLogger
from nnexp.tracking.views import views

if TYPE_CHECKING:
    from mlflow import MlflowClient

SEARCH_PAGE = 1000
PICTURES = (".png", ".svg")
OF_THE_MODEL = ("test/cost", "test/accuracy")  # of the weights that are kept: shown with the model, too


class Child(NamedTuple):
    """A child as the store has it; `started` in milliseconds tells one training of a run from another."""

    mlflow_run_id: str
    started: int
    complete: bool


class Tracker(AbstractContextManager["Tracker"]):
    """Logs one sweep. For use in one thread; every method may raise whatever MLflow raises.

    Whatever it does can be done again: a parent is found by the tag `nnexp.sweep_id`, a child by
    `nnexp.run_id` and its start; a child that was cut short, or that an older training of the same run
    left, gives way to a whole one.
    """

    def __init__(self, uri: str, plan: Plan, *, folder: Path, environment: Mapping[str, Any]) -> None:
        self._plan = plan
        with store_lock(uri):
            self._client = connect(uri)
            self._experiment = _open_experiment(self._client, plan.name, artifact_location(uri, plan.name))
        self.parent, self.reopened = self._open_parent(folder, environment)
        self._models = ModelLogger(self._client, self._experiment)

    def log(self, run: Run, record: Record, weights: Path | None) -> str:
        """Log one record, with its model if there are weights, and return the child's id; once only."""
        started = milliseconds(record.timings["started"])
        child = self._children.get(record.run_id)
        if child is not None:
            if child.complete and child.started == started:
                return child.mlflow_run_id
            self._discard(child)
        mlflow_run_id = self._create(run, record, started)
        model = None
        if weights is not None:
            varied = {name: spelled(record.settings[name]) for name in (*self._plan.axes, "seed")}
            model = self._models.log(mlflow_run_id, weights, epochs_done(record), varied, config(record))
        self._fill(mlflow_run_id, run, record, model)
        end = milliseconds(record.timings["ended"])
        self._client.set_terminated(mlflow_run_id, STATUS[record.status], end_time=end)
        self._children[record.run_id] = Child(mlflow_run_id, started, True)
        return mlflow_run_id

    def log_counts(self, counts: Mapping[str, int]) -> None:
        """Show in the parent how many runs finished, diverged, failed."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        self._client.log_batch(self.parent, metrics=[Metric(name, n, now, 0) for name, n in counts.items()])

    def log_files(self, paths: Iterable[Path]) -> None:
        """Attach the sweep's files to the parent, pictures in a folder of their own."""
        for path in paths:
            folder = "pictures" if path.suffix in PICTURES else None
            self._client.log_artifact(self.parent, str(path), folder)

    def log_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags of the parent."""
        from mlflow.entities import RunTag

        if tags:
            self._client.log_batch(self.parent, tags=[RunTag(*tag) for tag in tags.items()])

    def finish(self, status: str, counts: Mapping[str, int]) -> None:
        """End the parent: FINISHED, FAILED, or KILLED on a stop."""
        self.log_counts(counts)
        self._client.set_terminated(self.parent, status)

    def __exit__(self, *_: object) -> None:
        self._models.close()

    def _open_parent(self, folder: Path, environment: Mapping[str, Any]) -> tuple[str, bool]:
        """The parent's id, and whether it was there before.

        The same sweep in another folder, on another machine perhaps, has a parent of its own.
        """
        place = f"{environment.get('host')}:{folder.absolute()}"
        known = {line.mlflow_run_id for line in read_logged(folder) if line.run_id == self._plan.sweep_id}
        same = f"tags.`nnexp.sweep_id` = '{self._plan.sweep_id}'"
        for found in self._client.search_runs([self._experiment], same, max_results=SEARCH_PAGE):
            parent = found.info.run_id
            if parent in known or found.data.tags.get("nnexp.folder") == place:
                self._client.update_run(parent, status="RUNNING")
                return parent, True
        tags = provenance(environment) | {
            "nnexp.sweep_id": self._plan.sweep_id,
            "nnexp.folder": place,
            "mlflow.note.content": self._plan.question,
        }
        name = f"{self._plan.name} {self._plan.sweep_id}"
        created = self._client.create_run(self._experiment, tags=tags, run_name=name).info
        self._describe(created.run_id, created.start_time)
        return created.run_id, False

    def _describe(self, parent: str, created: int) -> None:
        """Give the experiment its question, and views of the sweep under `parent`."""
        told = views(self._plan, parent, created)
        if self._plan.question:
            told["mlflow.note.content"] = self._plan.question
        for name, value in told.items():
            self._client.set_experiment_tag(self._experiment, name, value)

    @cached_property
    def _children(self) -> dict[str, Child]:
        """What earlier processes logged, by run_id: one search, and none under a new parent."""
        children: dict[str, Child] = {}
        token: str | None = None if self.reopened else ""
        while token != "":
            ours = f"tags.`mlflow.parentRunId` = '{self.parent}'"
            page = self._client.search_runs(
                [self._experiment], ours, max_results=SEARCH_PAGE, page_token=token
            )
            for found in page:
                if run_id := found.data.tags.get("nnexp.run_id"):
                    children[run_id] = Child(
                        found.info.run_id, found.info.start_time, found.info.status != "RUNNING"
                    )
            token = page.token or ""
        return children

    def _create(self, run: Run, record: Record, started: int) -> str:
        tags = child_tags(record) | {"mlflow.parentRunId": self.parent}
        name = self._plan.label(run)
        child = self._client.create_run(self._experiment, start_time=started, tags=tags, run_name=name)
        return str(child.info.run_id)

    def _fill(self, mlflow_run_id: str, run: Run, record: Record, model: str | None) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

        for params, metrics in batches(record, run.point):
            self._client.log_batch(
                mlflow_run_id,
                metrics=[Metric(*m, model_id=model if m.name in OF_THE_MODEL else None) for m in metrics],
                params=[Param(*param) for param in params],
            )
        if trained_on := data(record):
            dataset = Dataset(trained_on.name, trained_on.digest, "nnexp", trained_on.source)
            context = InputTag("mlflow.data.context", "training")
            self._client.log_inputs(mlflow_run_id, [DatasetInput(dataset, [context])])
        if record.traceback:
            self._client.log_text(mlflow_run_id, record.traceback, "traceback.txt")

    def _discard(self, child: Child) -> None:
        """Delete a child and every model of it, also one that was cut before the child knew of it."""
        its = f"source_run_id = '{child.mlflow_run_id}'"
        for model in self._client.search_logged_models([self._experiment], its):
            self._client.delete_logged_model(model.model_id)
        self._client.delete_run(child.mlflow_run_id)


def _open_experiment(client: "MlflowClient", name: str, location: str | None) -> str:
    """The id of the experiment of this name: new, found, or taken out of MLflow's bin."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return client.create_experiment(name, location)
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id

"""One sweep in MLflow: its experiment, a run for every record, and the parent that holds them."""

import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from nnexp.text import as_markdown, encodable
from nnexp.tracking.address import artifact_location
from nnexp.tracking.client import session, store_lock
from nnexp.tracking.logged import read_logged
from nnexp.tracking.model_logger import ModelLogger
from nnexp.tracking.record_fields import provenance
from nnexp.tracking.run_logger import LoggedRun, RunLogger, by_run_id, search
from nnexp.tracking.views import views

if TYPE_CHECKING:
    from mlflow import MlflowClient

PICTURES = (".png", ".svg")


class Tracker(AbstractContextManager["Tracker"]):
    """Logs one sweep. For use in one thread; every method may raise whatever MLflow raises.

    Whatever it does can be done again: what stands for the sweep is found by the tag `nnexp.sweep_id`, a
    run by `nnexp.run_id` and its start.

    Attributes:
        page: MLflow's id of the run that stands for the sweep: the parent of its runs, or, for a single
            run, that run itself (empty until it is logged).
        reopened: whether an earlier process made the page.
    """

    def __init__(self, uri: str, plan: Plan, *, folder: Path, environment: Mapping[str, Any]) -> None:
        self._plan, self._folder = plan, folder
        self._single = len(plan.runs) == 1 and not plan.axes
        self._tags = {
            "nnexp.sweep_id": plan.sweep_id,
            "nnexp.folder": encodable(f"{environment.get('host')}:{folder.absolute()}"),
        }
        with ExitStack() as opened:
            with store_lock(uri):
                self._client = opened.enter_context(session(uri))
                location = artifact_location(uri, plan.name)
                self._experiment = _open_experiment(self._client, plan.name, location)
            models = opened.enter_context(ModelLogger(self._client, self._experiment))
            self._runs = RunLogger(self._client, self._experiment, models, self._logged)
            earlier = self._earlier()
            self.page = earlier[self._single][0] if earlier[self._single] else ""
            self.reopened = bool(self.page)
            if not self._single:
                self._open_parent(environment)
                for run in earlier[True]:  # a single run that has got more seeds
                    self._client.set_tag(run, "mlflow.parentRunId", self.page)
            self._opened = opened.pop_all()

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def log(self, run: Run, record: Record, weights: Path | None) -> str:
        """Log one record, with its model if there are weights, and return its id in MLflow; once only."""
        tags = self._tags if self._single else {"mlflow.parentRunId": self.page}
        mlflow_run_id = self._runs.log(self._plan, run, record, weights, tags)
        if self._single:
            self.page = mlflow_run_id
        return mlflow_run_id

    def log_counts(self, counts: Mapping[str, int]) -> None:
        """Show in the parent how many runs finished, diverged, failed."""
        from mlflow.entities import Metric

        if not self._single:
            now = time.time_ns() // 1_000_000
            metrics = [Metric(name, n, now, 0) for name, n in counts.items()]
            self._client.log_batch(self.page, metrics=metrics)

    def finish(
        self, status: str, counts: Mapping[str, int], files: Iterable[Path], tags: Mapping[str, str]
    ) -> None:
        """Attach the sweep's files and tags to its page, pictures in a folder of their own.

        The parent ends as FINISHED, FAILED, or KILLED on a stop; a single run has its own end.
        """
        from mlflow.entities import RunTag

        if not self.page:
            return
        for path in files:
            folder = "pictures" if path.suffix in PICTURES else None
            self._client.log_artifact(self.page, str(path), folder)
        if tags:
            self._client.log_batch(self.page, tags=[RunTag(*tag) for tag in tags.items()])
        if not self._single:
            self.log_counts(counts)
            self._client.set_terminated(self.page, status)

    def _earlier(self) -> dict[bool, list[str]]:
        """What earlier processes made to stand for the sweep: parents (False) and single runs (True).

        The same sweep in another folder, on another machine perhaps, has a page of its own.
        """
        ids = {line.mlflow_run_id for line in read_logged(self._folder)}
        earlier: dict[bool, list[str]] = {False: [], True: []}
        which = f"tags.`nnexp.sweep_id` = '{self._plan.sweep_id}'"
        for run in search(self._client, self._experiment, which):
            tags = run.data.tags
            ours = run.info.run_id in ids or tags["nnexp.folder"] == self._tags["nnexp.folder"]
            if ours and "mlflow.parentRunId" not in tags:
                earlier["nnexp.run_id" in tags].append(run.info.run_id)
        return earlier

    def _open_parent(self, environment: Mapping[str, Any]) -> None:
        if self.reopened:
            self._client.update_run(self.page, status="RUNNING")
            return
        question = as_markdown(self._plan.question)
        tags = provenance(environment) | self._tags | {"mlflow.note.content": question}
        name = f"{self._plan.name} {self._plan.sweep_id}"
        created = self._client.create_run(self._experiment, tags=tags, run_name=name).info
        self.page = str(created.run_id)
        descriptions = views(self._plan, self.page, created.start_time)
        if question:
            descriptions["mlflow.note.content"] = question
        for tag, value in descriptions.items():
            self._client.set_experiment_tag(self._experiment, tag, value)

    def _logged(self) -> dict[str, LoggedRun]:
        """What earlier processes logged of this sweep, by run_id."""
        if self._single:
            return by_run_id([self._client.get_run(self.page)] if self.page else [])
        return by_run_id(search(self._client, self._experiment, f"tags.`mlflow.parentRunId` = '{self.page}'"))


def _open_experiment(client: "MlflowClient", name: str, location: str | None) -> str:
    """The id of the experiment of this name, made where there is none, restored from MLflow's bin."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return client.create_experiment(name, location)
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id

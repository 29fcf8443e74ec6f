"""One sweep in MLflow: its experiment, a run for every record, and the parent that holds them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from nnexp.text import as_markdown, encodable, spelled
from nnexp.tracking.address import SERVERS, artifact_location, is_local, scheme
from nnexp.tracking.bulk import Bulk
from nnexp.tracking.client import session, store_lock
from nnexp.tracking.credentials import check_artifacts
from nnexp.tracking.database import KINDS, Database, LoggedRun
from nnexp.tracking.logged import read_logged
from nnexp.tracking.mean_curves import names_to_compare
from nnexp.tracking.model_logger import ModelWriter
from nnexp.tracking.record_fields import BATCH_METRICS, Measurement, provenance, run_tags
from nnexp.tracking.relocation import check_files
from nnexp.tracking.run_logger import THREADS, RunLogger
from nnexp.tracking.run_rows import Entry
from nnexp.tracking.run_search import by_run_id, search
from nnexp.tracking.views import mean_view, views

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

PICTURES = (".png", ".svg")
MOST_AT_ONCE = 200  # runs in one transaction


class Submission(NamedTuple):
    """A record on its way to MLflow, with the file of its weights."""

    run: Run
    record: Record
    weights: Path | None


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
                place = artifact_location(uri, plan.name)
                experiment = _open_experiment(self._client, plan.name, place)
                check_files(uri, plan.name, experiment.artifact_location)
                check_artifacts(uri, experiment.artifact_location)
            self._experiment = str(experiment.experiment_id)
            self._database: Database | None = None
            if scheme(uri) in KINDS:
                self._database = opened.enter_context(Database(self._client.tracking_uri))
            earlier = self._earlier()
            self.page = earlier[self._single][0] if earlier[self._single] else ""
            self.reopened = bool(self.page)
            if not self._single:
                self._open_parent(environment)
                for run in earlier[True]:  # a single run that has got more seeds
                    self._client.set_tag(run, "mlflow.parentRunId", self.page)
            self._runs = self._run_logger(
                experiment.artifact_location, THREADS if scheme(uri) in SERVERS else 1
            )
            self._opened = opened.pop_all()

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def most(self) -> int:
        """How many records to log at once."""
        return MOST_AT_ONCE if self._runs.bulk else self._runs.threads

    @property
    def note(self) -> str:
        """What slows logging down, in one line; empty if nothing does."""
        return self._runs.note

    def log(self, submissions: Sequence[Submission]) -> list[str]:
        """Log records once only, with their models where there are weights; their ids in MLflow."""
        ids = self._runs.log([self._entry(submission) for submission in submissions])
        if self._single:
            [self.page] = ids
        return ids

    def log_model(self, submission: Submission) -> None:
        """Log the network of a run that was logged without; once only."""
        self._runs.log_model(self._entry(submission))

    def log_counts(self, counts: Mapping[str, int]) -> None:
        """Show in the parent how many runs finished, diverged, failed."""
        from mlflow.entities import Metric

        if not self._single:
            now = time.time_ns() // 1_000_000
            metrics = [Metric(name, n, now, 0) for name, n in counts.items()]
            self._client.log_batch(self.page, metrics=metrics)

    def log_curves(self, plan: Plan, curves: Sequence[Measurement]) -> None:
        """Show in the parent the mean curves of points, and in the experiment a view of them.

        `plan`: with all runs that the sweep has got meanwhile.
        """
        from mlflow.entities import Metric

        if self._single or not curves:
            return
        for start in range(0, len(curves), BATCH_METRICS):
            metrics = [Metric(*curve) for curve in curves[start : start + BATCH_METRICS]]
            self._client.log_batch(self.page, metrics=metrics)
        view = mean_view(plan, names_to_compare(curves), time.time_ns() // 1_000_000)
        for tag, value in view.items():
            self._client.set_experiment_tag(self._experiment, tag, value)

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
            if self._database:
                self._database.analyze()
            self._client.set_terminated(self.page, status)

    def _run_logger(self, place: str, threads: int) -> RunLogger:
        writer, bulk = ModelWriter(), None
        if self._database and is_local(place) and not self._single:
            bulk = Bulk(self._database, (self._experiment, place), self.page, writer)
        return RunLogger(self._client, self._experiment, writer, self._logged, bulk, threads)

    def _entry(self, submission: Submission) -> Entry:
        run, record, weights = submission
        tags = self._tags if self._single else {"mlflow.parentRunId": self.page}
        varied = {name: spelled(run.settings[name]) for name in (*self._plan.axes, "seed")}
        return Entry(record, self._plan.label(run), run.point, run_tags(record) | tags, varied, weights)

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
        if self._database:
            return self._database.children(self.page)
        return by_run_id(search(self._client, self._experiment, f"tags.`mlflow.parentRunId` = '{self.page}'"))


def _open_experiment(client: "MlflowClient", name: str, location: str | None) -> "Experiment":
    """The experiment of this name, made where there is none, restored from MLflow's bin."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return client.get_experiment(client.create_experiment(name, location))
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return experiment

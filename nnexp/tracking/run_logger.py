"""Recorded runs as runs of a MLflow experiment: created, filled, found again, replaced."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from nnexp.tracking.bulk import Bulk
from nnexp.tracking.database import LoggedRun
from nnexp.tracking.model_logger import ModelWriter, log_model
from nnexp.tracking.record_fields import (
    CONTEXT,
    OF_THE_MODEL,
    STATUS,
    DatasetFields,
    Measurement,
    batches,
    dataset,
    measurements,
    milliseconds,
)
from nnexp.tracking.run_rows import Entry
from nnexp.tracking.run_search import LEFT, delete_models, delete_run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

THREADS = 4  # that log to a server at once: each waits for answers most of its time

UNKNOWN = "runs were logged one by one, which takes longer: this MLflow fills its table {} in another way"
NOT_OURS = (
    "runs that were cut or trained again stay beside the whole ones: the server lets others delete them"
)


class RunLogger:
    """Logs records to one experiment. `find`: what earlier processes logged there, by run_id.

    A run that was cut short, or that an older training of the same run left, gives way to a whole one.

    Attributes:
        bulk: what writes many runs at once; None where only MLflow's client may.
        threads: how many use that client.
        note: what slows logging down or stays in the way, in one line; empty if nothing does.
    """

    def __init__(
        self,
        client: "MlflowClient",
        experiment: str,
        writer: ModelWriter,
        find: Callable[[], dict[str, LoggedRun]],
        bulk: Bulk | None,
        threads: int,
    ) -> None:
        self._client, self._experiment = client, experiment
        self._writer, self._find, self.threads = writer, find, threads
        self._data: set[DatasetFields | None] = {None}
        self.bulk, self.note = bulk, ""

    def log(self, entries: Sequence[Entry]) -> list[str]:
        """Log records once only, with their models; the ids in MLflow. What was logged before stays."""
        new = [entry for entry in entries if not self._is_logged(entry)]
        if self.bulk:
            self._log_in_bulk(self.bulk, new)
        else:
            self._log_at_once(new)
        return [self._logged[entry.record.run_id].mlflow_run_id for entry in entries]

    def log_model(self, entry: Entry) -> None:
        """Log the network of a run that is in the store, if it has none there."""
        client, logged = self._client, self._logged.get(entry.record.run_id)
        if logged is None:
            return
        run = logged.mlflow_run_id
        outputs = client.get_run(run).outputs
        if outputs and outputs.model_outputs:
            return
        self._may(lambda: delete_models(client, self._experiment, run))  # cut before the run knew of it
        model = log_model(client, self._writer, entry, (self._experiment, run))
        figures = [m for m in measurements(entry.record, entry.point) if m.name in OF_THE_MODEL]
        client.log_batch(run, metrics=_metrics(figures, model))

    @cached_property
    def _logged(self) -> dict[str, LoggedRun]:
        return self._find()

    def _is_logged(self, entry: Entry) -> bool:
        """Whether the store has this training of a run, whole; another one is deleted."""
        before = self._logged.get(entry.record.run_id)
        if before is None:
            return False
        if before.complete and before.started == milliseconds(entry.record.timings["started"]):
            return True
        if not self._may(lambda: delete_run(self._client, self._experiment, before.mlflow_run_id)):
            self._leave(before)
        del self._logged[entry.record.run_id]
        return False

    def _may(self, delete: Callable[[], None]) -> bool:
        """Do `delete`; False, and a note, where the server lets only others do it."""
        from mlflow.exceptions import MlflowException

        try:
            delete()
        except MlflowException as error:
            if error.error_code != "PERMISSION_DENIED":
                raise
            self.note = NOT_OURS
            return False
        return True

    def _leave(self, run: LoggedRun) -> None:
        """Mark a run that cannot be deleted as one that another stands for."""
        self._client.set_tag(run.mlflow_run_id, LEFT, "true")
        if not run.complete:
            self._client.set_terminated(run.mlflow_run_id, "KILLED")

    def _log_in_bulk(self, bulk: Bulk, entries: Sequence[Entry]) -> None:
        """Write what can be written at once; the client takes the rest, from which there is to learn."""
        known, others = bulk.split(entries)
        while others and not bulk.difference:
            first, *rest = others
            bulk.learn(first, self._log_alone(first))
            more, others = bulk.split(rest)
            known += more
        if bulk.difference:
            self.bulk, self.note = None, UNKNOWN.format(bulk.difference)
            self._log_at_once([*others, *(run.entry for run in known)])
            return
        bulk.insert(known)
        for run in known:
            self._note(run.entry, run.target.run)

    def _log_at_once(self, entries: Sequence[Entry]) -> None:
        """Log by the client, several at a time: the first of each data set alone, for MLflow makes that."""
        together = []
        for entry in entries:
            if self.threads > 1 and dataset(entry.record) in self._data:
                together.append(entry)
            else:
                self._log_alone(entry)
        if together:
            with ThreadPoolExecutor(self.threads) as threads:
                for _ in threads.map(self._log_alone, together):
                    pass

    def _log_alone(self, entry: Entry) -> str:
        """Log one run by MLflow's client."""
        record, client = entry.record, self._client
        started = milliseconds(record.timings["started"])
        created = client.create_run(
            self._experiment, start_time=started, tags=dict(entry.tags), run_name=entry.name
        )
        run, model = str(created.info.run_id), None
        if entry.weights:
            model = log_model(client, self._writer, entry, (self._experiment, run))
        self._fill(run, entry, model)
        client.set_terminated(run, STATUS[record.status], end_time=milliseconds(record.timings["ended"]))
        self._note(entry, run)
        return run

    def _note(self, entry: Entry, mlflow_run_id: str) -> None:
        started = milliseconds(entry.record.timings["started"])
        self._logged[entry.record.run_id] = LoggedRun(mlflow_run_id, started, True)
        self._data.add(dataset(entry.record))

    def _fill(self, mlflow_run_id: str, entry: Entry, model: str | None) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Param

        record = entry.record
        for params, metrics in batches(record, entry.point):
            self._client.log_batch(
                mlflow_run_id,
                metrics=_metrics(metrics, model),
                params=[Param(*param) for param in params],
            )
        if source := dataset(record):
            data = Dataset(source.name, source.digest, "nnexp", source.knobs)
            context = [InputTag(*tag) for tag in CONTEXT.items()]
            self._client.log_inputs(mlflow_run_id, [DatasetInput(data, context)])
        if record.traceback:
            self._client.log_text(mlflow_run_id, record.traceback, "traceback.txt")


def _metrics(points: Iterable[Measurement], model: str | None) -> list["Metric"]:
    """Measurements as MLflow takes them, some of them those of a model, too."""
    from mlflow.entities import Metric

    return [Metric(*m, model_id=model if m.name in OF_THE_MODEL else None) for m in points]

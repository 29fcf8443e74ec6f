"""Runs that have just ended: durable records first, then MLflow's thread and the tables."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from nnexp.errors import UserError
from nnexp.nn import Model
from nnexp.results import tables, write_csv
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.question.formulas import Formulas
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.record import Record, record_of
from nnexp.sweep.store.record_file import weights_path
from nnexp.tracking import Logger, is_up_to_date, mlflow_run_ids, open_logger

TABLES_EVERY = 60.0  # seconds between CSV files while runs train; more where writing them takes long


class Recorder:
    """Takes the runs of a sweep as they end. `open`: ids of the runs of a round that have not."""

    def __init__(
        self,
        sweep: Sweep,
        environment: dict[str, Any],
        formulas: Formulas,
        datasets: Datasets,
        logger: Logger | None,
    ) -> None:
        self.sweep, self.logger = sweep, logger
        self.open = set[str]()
        self._environment, self._formulas, self._datasets = environment, formulas, datasets
        self._tables_due = time.monotonic() + TABLES_EVERY

    def take(self, outcomes: Sequence[Outcome], *, alone: bool) -> list[Record]:
        """Make durable records of runs, and hand them to MLflow's thread.

        `alone`: nothing trained beside them.
        """
        ended = [(self._record(outcome, alone), _model(outcome)) for outcome in outcomes]
        added = self.sweep.add(ended)
        self.open -= {record.run_id for record, _ in ended}
        for outcome, (record, model) in zip(outcomes, ended, strict=True):
            if self.logger and record.run_id in added:
                weights = weights_path(self.sweep.records_folder, record.run_id) if model else None
                self.logger.submit(outcome.run, record, weights)
        return [record for record, _ in ended]

    def _record(self, outcome: Outcome, alone: bool) -> Record:
        run = outcome.run
        digest = self._datasets.load(run.data).digest
        origin = {"numerics": self._formulas.digest(run.settings), "dataset_digest": digest}
        return record_of(outcome, self._environment | origin, alone=alone)

    def write_tables(self) -> bool:
        """Bring the CSV files up to date while runs train, if it is time; whether it was."""
        began = time.monotonic()
        if began <= self._tables_due:
            return False
        plan, records, folder = self.sweep.plan, self.sweep.records, self.sweep.folder
        write_csv.write_tables(tables.make_tables(plan, records, mlflow_run_ids(folder, records)), folder)
        ended = time.monotonic()
        self._tables_due = ended + max(TABLES_EVERY, 20 * (ended - began))
        return True


def logger_for(
    sweep: Sweep, uri: str | None, models: str, environment: Mapping[str, Any], console: Console, runs: int
) -> Logger | None:
    """Takes records to MLflow; None where nothing is to be logged: then it is not even imported.

    `runs`: how many are to train.
    """
    if uri is None or (not runs and is_up_to_date(sweep, uri)):
        return None
    try:
        return open_logger(uri, sweep, environment, models)
    except UserError as error:
        if runs:
            raise
        console.print(f"MLflow: {error}", soft_wrap=True)  # what is finished answers all the same
        return None


def _model(outcome: Outcome) -> Model | None:
    """The network that a run ended with."""
    result = outcome.result
    return Model(result.weights, result.biases, outcome.run.hyperparameters) if result else None

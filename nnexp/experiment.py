"""One sweep from its plan to its answer: train, record, log, tell."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.prompt import Confirm

from nnexp import data
from nnexp.config import Config, Execution
from nnexp.data import Dataset, DataSpec
from nnexp.display import (
    Bar,
    Display,
    Epochs,
    Lines,
    announcement,
    command_for,
    count,
    failures,
    plan_table,
    run_line,
)
from nnexp.nn import Model, UserError
from nnexp.sweep import record as records
from nnexp.sweep.board import Board
from nnexp.sweep.environment import environment
from nnexp.sweep.estimate import estimate_seconds
from nnexp.sweep.folder import Sweep, find_sweep, settle, sweep_folder
from nnexp.sweep.launch import launch, worker_count
from nnexp.sweep.lock import held, scratch
from nnexp.sweep.plan import Plan, make_plan
from nnexp.sweep.record import record_of
from nnexp.sweep.stacks import make_stacks
from nnexp.sweep.stop import SweepError, deferred
from nnexp.sweep.worker import Outcome, PremiseError, Progress, premises
from nnexp.tracking import (
    Logged,
    Logger,
    append_logged,
    check,
    ended_as,
    lacking,
    mlflow_run_ids,
    public_uri,
    read_logged,
)

LOGGING_TIME = {"FINISHED": 60.0, "KILLED": 2.0, "FAILED": 2.0}  # seconds that MLflow may take at the end
TABLES_EVERY = 60.0  # seconds between CSV files while runs train; more where writing them takes long


class Datasets:
    """Each data set is loaded once, and shared once with the workers."""

    def __init__(self) -> None:
        self.loaded: dict[DataSpec, Dataset] = {}

    def load(self, spec: DataSpec) -> Dataset:
        if spec not in self.loaded:
            self.loaded[spec] = data.load(spec)
        return self.loaded[spec]

    def share(self, specs: Sequence[DataSpec], folder: Path) -> dict[DataSpec, Path]:
        places = {spec: folder / f"data{number}" for number, spec in enumerate(dict.fromkeys(specs))}
        for spec, place in places.items():
            place.mkdir()
            data.share(self.load(spec), place)
        return places


def dry_run(config: Config, console: Console) -> Sweep:
    """Print the points of the plan and how many of their runs are done; train and write nothing."""
    datasets = Datasets()
    plan = make_plan(config.question, config.hyperparameters, config.data, datasets.load)
    sweep = find_sweep(sweep_folder(config.execution.sweeps_dir, plan), plan)
    _announce(sweep, config.execution, datasets, console)
    console.print(plan_table(sweep.plan, sweep.pending(config.execution.mode)))
    return sweep


def run_sweep(config: Config, console: Console) -> Sweep:
    """Train every run that has no record yet, record and log each, write the CSV files, print the answer.

    Raises:
        UserError: something was asked that cannot be done; nothing was trained.
        SweepError: the sweep could not go on.
    """
    datasets = Datasets()
    plan = make_plan(config.question, config.hyperparameters, config.data, datasets.load)
    return carry_out(plan, config.execution, config.tracking.uri, datasets, console)


def carry_out(
    plan: Plan, execution: Execution, uri: str | None, datasets: Datasets, console: Console
) -> Sweep:
    """The same for a plan; `uri`: the store, None for none."""
    if uri is not None:
        check(uri)
    folder = sweep_folder(execution.sweeps_dir, plan)
    with held(folder) as writable:
        sweep = find_sweep(folder, plan)
        if not writable and sweep.pending(execution.mode):
            raise UserError(f"sweeps_dir must be a folder that can be written, got a read-only one: {folder}")
        if len(plan.runs) > 1 or not sweep.pending(execution.mode):
            _confirm(_announce(sweep, execution, datasets, console), execution.confirm_above, console)
        Experiment(sweep, execution, uri, datasets, console).run()
    return sweep


def _announce(sweep: Sweep, execution: Execution, datasets: Datasets, console: Console) -> float:
    """Say what is about to be done, and how many seconds it will take; return them."""
    rows = sweep.pending(execution.mode)
    workers = _workers(sweep.plan, execution, len(rows))
    seconds = estimate_seconds(sweep.plan, rows, workers, datasets.load)
    console.print(announcement(sweep.plan, len(rows), workers, seconds), highlight=False)
    return seconds


def _workers(plan: Plan, execution: Execution, runs: int) -> int:
    """How many processes train; one for a sweep that measures time."""
    return 1 if plan.timing else worker_count(execution.n_jobs, runs)


def _confirm(seconds: float, limit: float | None, console: Console) -> None:
    """Ask before a long training, where there is somebody to ask."""
    if limit is None or seconds <= limit or not (console.is_terminal and sys.stdin.isatty()):
        return
    if not Confirm.ask("Train them?", console=console, default=True):
        raise UserError("nothing was trained; confirm_above=null trains without asking")


class Experiment:
    """A sweep that this process holds, on its way to its answer."""

    def __init__(
        self, sweep: Sweep, execution: Execution, uri: str | None, datasets: Datasets, console: Console
    ) -> None:
        self.sweep, self.execution, self.datasets, self.console = sweep, execution, datasets, console
        self.premises = premises(execution.max_seconds)
        self.environment = environment(self.premises)
        settle(sweep, self.environment)
        self.rows = sweep.pending(execution.mode)
        self.workers = _workers(sweep.plan, execution, len(self.rows))
        self.logger = self._logger(uri)

    def run(self) -> None:
        """Train, and tell the answer; on a stop, what is known so far."""
        sweep, console = self.sweep, self.console
        for run_id, why in sweep.damaged.items():
            console.print(f"The record of run {run_id} is damaged ({why}): set aside.", soft_wrap=True)
        try:
            with deferred():
                self._train()
        except KeyboardInterrupt:
            console.print("Stopping; what has finished is kept. Ctrl-C again ends at once.")
            self._finish("KILLED")
            done = f"{len(sweep.records)} of {len(sweep.plan.runs)} runs are recorded"
            console.print(f"Stopped: {done}. The same command again trains the rest, or {self._going_on()}")
            raise
        except (PremiseError, OSError) as error:
            self._finish("KILLED")
            raise SweepError(f"{error}; what is recorded stays, the same command again goes on") from error
        except BaseException:
            if self.logger:
                self.logger.close("FAILED", sweep.statuses, timeout=LOGGING_TIME["FAILED"])
            raise
        self._finish("FINISHED")

    def _going_on(self) -> str:
        plan = self.sweep.plan
        return command_for("retry", f"{plan.name}/{plan.sweep_id}", self.execution.sweeps_dir)

    def _train(self) -> None:
        """Train the pending runs; each is recorded before anything else sees it."""
        runs = self.sweep.plan.runs
        with scratch() as folder:
            board = Board(folder / "board", len(runs))
            places = self.datasets.share([runs[row].data for row in self.rows], folder)
            stacks = make_stacks(runs, self.rows, self.workers, timing=self.sweep.plan.timing)
            due = time.monotonic() + TABLES_EVERY
            with self._display(board) as display:
                progress: Progress = display if isinstance(display, Epochs) else board
                with closing(launch(stacks, places, self.premises, progress, self.workers)) as outcomes:
                    for outcome in outcomes:
                        self._take(outcome)
                        display.ended(outcome.run, self.sweep.records[outcome.run.run_id])
                        if time.monotonic() > due:
                            began = time.monotonic()
                            self._write_tables()
                            due = time.monotonic() + max(TABLES_EVERY, 20 * (time.monotonic() - began))

    def _take(self, outcome: Outcome) -> None:
        """Make the durable record of a run that has just ended, and hand it to MLflow's thread."""
        run, result = outcome.run, outcome.result
        digest = self.datasets.load(run.data).digest
        environment = self.environment | {"dataset_digest": digest}
        record = record_of(outcome, environment, alone=self.workers == 1)
        model = Model(result.weights, result.biases, run.hyperparameters) if result else None
        records.write(self.sweep.records_folder, record, model)
        self.sweep.records[run.run_id] = record
        if self.logger:
            self.logger.submit(run, record, self.sweep.weights(run.run_id))

    def _display(self, board: Board) -> Display:
        plan = self.sweep.plan
        if len(plan.runs) == 1:
            return Epochs(self.console, plan.runs[0].hyperparameters.epochs)
        if self.console.is_terminal:
            return Bar(self.console, plan, board, self.rows, self.sweep.records)
        return Lines(self.console, plan, done=len(plan.runs) - len(self.rows))

    def _logger(self, uri: str | None) -> Logger | None:
        """Takes records to MLflow; None where nothing is to be logged: then it is not even imported."""
        if uri is None:
            return None
        sweep, store = self.sweep, public_uri(uri)
        left = set(lacking(sweep.folder, store, sweep.records))
        if not self.rows and not left and ended_as(sweep.folder, store) == "FINISHED":
            return None
        if store not in {line.store for line in read_logged(sweep.folder)}:
            append_logged(sweep.folder, Logged("", store, "", ""))  # known from now on, whatever happens
        logger = Logger(uri, sweep.plan, folder=sweep.folder, environment=self.environment)
        for run in sweep.plan.runs:
            if run.run_id in left:
                logger.submit(run, sweep.records[run.run_id], sweep.weights(run.run_id))
        return logger

    def _write_tables(self) -> None:
        """Bring the CSV files up to date."""
        from nnexp.analysis import csv  # pandas: too slow to load before training starts

        ids = mlflow_run_ids(self.sweep.folder, self.sweep.records)
        self.tables = csv.make_tables(self.sweep.plan, self.sweep.records, ids)
        csv.write_tables(self.tables, self.sweep.folder)

    def _finish(self, status: str) -> None:
        """Bring the logging to its end, write the tables, print the answer."""
        from nnexp.analysis import report

        sweep, console = self.sweep, self.console
        if self.logger:
            self.logger.drain(LOGGING_TIME[status])
        unwritten: OSError | None = None
        try:
            self._write_tables()
        except OSError as error:  # told at the end: the answer is worth more than its files
            unwritten = error
        if len(sweep.plan.runs) == 1:
            run = sweep.plan.runs[0]
            console.print(run_line(run, sweep.records.get(run.run_id)), highlight=False)
        elif sweep.records:
            console.print(report.answer(sweep.plan, self.tables.summary, self.tables.runs))
        console.print(failures(sweep.plan, sweep.records, self._going_on()), end="")
        if not unwritten:
            console.print(f"CSV files: {sweep.folder}", highlight=False, soft_wrap=True)
        if self.logger:
            self._end_logging(self.logger, status)
        if unwritten and status == "FINISHED":
            raise SweepError(f"the CSV files could not be written: {unwritten}")

    def _end_logging(self, logger: Logger, status: str) -> None:
        files = [self.sweep.folder / f"{name}.csv" for name in self.tables._fields]
        attached = [path for path in (self.sweep.folder / "sweep.yaml", *files) if path.exists()]
        told = logger.close(status, self.sweep.statuses, attached, LOGGING_TIME[status])
        if told.error is None:
            line = "MLflow: nnexp ui shows the runs, their curves and models"
        else:
            unlogged = len(told.unlogged)
            what = (
                f"{count(unlogged, 'run')} not logged yet"
                if unlogged
                else "the sweep's own page is not up to date"
            )
            line = (
                f"MLflow: {what} ({told.error}); nnexp sync, or the same command again, brings it up to date"
            )
        self.console.print(line, highlight=False, soft_wrap=True)

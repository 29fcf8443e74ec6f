"""One sweep from its plan to its answer: train, record, log, tell."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.prompt import Confirm

from nnexp import data
from nnexp.analysis.claims.parsing import claims_of
from nnexp.config import Config, Execution
from nnexp.data import Dataset, DataSpec
from nnexp.display import (
    Bar,
    Display,
    Epochs,
    Lines,
    announcement,
    command_for,
    plan_table,
)
from nnexp.ending import LOGGING_TIME, Ending
from nnexp.nn import Model, UserError
from nnexp.sweep import record as records
from nnexp.sweep.board import Board
from nnexp.sweep.environment import environment
from nnexp.sweep.estimate import estimate_seconds
from nnexp.sweep.folder import Sweep, find_sweep, settle, sweep_folder
from nnexp.sweep.launch import launch, worker_count
from nnexp.sweep.lock import held, scratch
from nnexp.sweep.plan import Plan, Run, make_plan
from nnexp.sweep.record import DONE, record_of
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
)

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
    claims_of(plan)
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
    claims_of(plan)  # a claim that its runs cannot answer is a mistake to be told before they train
    folder = sweep_folder(execution.sweeps_dir, plan)
    problem = None if uri is None else _problem(uri)
    if problem and not folder.exists():
        raise problem
    with held(folder) as writable:
        sweep = find_sweep(folder, plan)
        pending = sweep.pending(execution.mode)
        if pending and problem:
            raise problem
        if pending and not writable:
            raise UserError(f"sweeps_dir must be a folder that can be written, got a read-only one: {folder}")
        if len(plan.runs) > 1 or not pending:
            _confirm(_announce(sweep, execution, datasets, console), execution.confirm_above, console)
        store = uri if writable and not problem else None  # a finished sweep answers without it
        Experiment(sweep, execution, store, datasets, console).run()
        if problem:
            console.print(f"MLflow: {problem}", soft_wrap=True)
    return sweep


def _problem(uri: str) -> UserError | None:
    """Why runs cannot be logged at `uri`."""
    try:
        check(uri)
    except UserError as error:
        return error
    return None


def _announce(sweep: Sweep, execution: Execution, datasets: Datasets, console: Console) -> float:
    """Say what is about to be done, and how many seconds it will take; return them."""
    rows = sweep.pending(execution.mode)
    workers = max(1, _workers(sweep.plan, execution, len(rows)))
    seconds = estimate_seconds(sweep.plan, rows, workers, datasets.load)
    failed = sum(sweep.records[run.run_id].status not in DONE for run in _settled(sweep, rows))
    told = announcement(sweep.plan, len(rows), failed, workers, seconds)
    console.print(told, soft_wrap=True)
    return seconds


def _settled(sweep: Sweep, rows: Sequence[int]) -> list[Run]:
    """The runs that are not to be trained."""
    pending = set(rows)
    return [run for row, run in enumerate(sweep.plan.runs) if row not in pending]


def _workers(plan: Plan, execution: Execution, runs: int) -> int:
    """How many processes train besides this one; 0: this one, for a single run, and to measure time."""
    here = plan.timing or execution.n_jobs == 1 or len(plan.runs) == 1
    return 0 if here else worker_count(execution.n_jobs, runs)


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
        self.premises = premises(sweep.plan.numerics, execution.max_seconds)
        self.environment = environment(self.premises)
        settle(sweep, self.environment)
        self.rows = sweep.pending(execution.mode)
        self.workers = _workers(sweep.plan, execution, len(self.rows))
        self.ended = 0
        self.logger = self._logger(uri)
        name = f"{sweep.plan.name}/{sweep.plan.sweep_id}"
        going_on = command_for("retry", name, execution.sweeps_dir)
        self.ending = Ending(sweep, execution, datasets.load, console, self.logger, going_on)

    def run(self) -> None:
        """Train, and tell the answer; on a stop, what is known so far."""
        sweep, console = self.sweep, self.console
        for run_id, why in sweep.damaged.items():
            console.print(f"The record of run {run_id} is damaged ({why}): set aside.", soft_wrap=True)
        try:
            with deferred():
                self._train()
            self.ending.tell("FINISHED")
        except KeyboardInterrupt:
            console.print("Stopping; what has finished is kept. Ctrl-C again ends at once.")
            self.ending.tell("KILLED")
            console.print(f"Stopped: {self._standing()}", soft_wrap=True)
            raise
        except SweepError:
            raise
        except PremiseError as error:
            self.ending.tell("KILLED")
            raise SweepError(f"{error}; what is recorded stays") from error
        except OSError as error:
            self.ending.tell("KILLED")
            raise SweepError(f"{error}; what is recorded stays, the same command again goes on") from error
        except BaseException:
            if self.logger:
                self.logger.close("FAILED", sweep.statuses, timeout=LOGGING_TIME["FAILED"])
            raise

    def _standing(self) -> str:
        """How far a stopped sweep is, and what goes on with it."""
        if self.execution.mode == "force":
            return f"{self.ended} of {len(self.rows)} runs were trained again; mode=force begins anew"
        if not self.sweep.pending(self.execution.mode):
            return "all runs are recorded. The same command again brings files and MLflow up to date"
        done = f"{len(self.sweep.records)} of {len(self.sweep.plan.runs)} runs are recorded"
        return f"{done}. The same command again trains the rest, or {self.ending.going_on}"

    def _train(self) -> None:
        """Train the pending runs; each is recorded before anything else sees it."""
        runs = self.sweep.plan.runs
        with scratch() as folder:
            board = Board(folder / "board", len(runs))
            places = self.datasets.share([runs[row].data for row in self.rows], folder)
            stacks = make_stacks(runs, self.rows, max(1, self.workers), timing=self.sweep.plan.timing)
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
        record = record_of(outcome, environment, alone=not self.workers)
        model = Model(result.weights, result.biases, run.hyperparameters) if result else None
        records.write(self.sweep.records_folder, record, model)
        self.sweep.records[run.run_id] = record
        self.ended += 1
        if self.logger:
            self.logger.submit(run, record, self.sweep.weights(run.run_id))

    def _display(self, board: Board) -> Display:
        plan = self.sweep.plan
        if len(plan.runs) == 1:
            return Epochs(self.console, plan.runs[0].hyperparameters.epochs)
        if self.console.is_terminal or (self.console.is_jupyter and find_spec("ipywidgets")):
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
        try:  # from now on the parent is open, whatever happens
            append_logged(sweep.folder, Logged("", store, "", ""))
        except OSError as error:
            raise UserError(f"sweeps_dir must be a folder that can be written: {error}") from error
        logger = Logger(uri, sweep.plan, folder=sweep.folder, environment=self.environment)
        for run in sweep.plan.runs:
            if run.run_id in left:
                logger.submit(run, sweep.records[run.run_id], sweep.weights(run.run_id))
        return logger

    def _write_tables(self) -> None:
        """Bring the CSV files up to date."""
        from nnexp.analysis import csv  # pandas: too slow to load before training starts

        ids = mlflow_run_ids(self.sweep.folder, self.sweep.records)
        csv.write_tables(csv.make_tables(self.sweep.plan, self.sweep.records, ids), self.sweep.folder)

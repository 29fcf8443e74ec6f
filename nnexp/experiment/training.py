"""One sweep from its plan to its answer: train, record, log, tell."""

import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from threading import Thread

from rich.console import Console

from nnexp.config import Config, Execution
from nnexp.errors import UserError
from nnexp.experiment.finishing import Ending, load_libraries
from nnexp.experiment.messages import (
    command_for,
    going_on,
    plan_table,
    unwritten_checkpoints,
    useless_checkpoints,
)
from nnexp.experiment.planning import advise, announce, confirm, planned, workers_for
from nnexp.experiment.progress import Display, Epochs, display_for
from nnexp.experiment.sweep_standing import Standing
from nnexp.files import scratch
from nnexp.nn import Model
from nnexp.results import tables, write_csv
from nnexp.sweep.pool.cluster import launch_on_cluster, opened
from nnexp.sweep.pool.countdown import Countdown
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.environment import environment
from nnexp.sweep.pool.launch import launch, train_here
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Mark, Stack, make_stacks, work_by_row
from nnexp.sweep.pool.stop import SweepError, deferred
from nnexp.sweep.pool.worker import Outcome, PremiseError, Premises, Progress, premises
from nnexp.sweep.question.identity import formulas
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.checkpoints import (
    FOLDER,
    find_checkpoints,
    open_checkpoints,
    remove_checkpoints,
)
from nnexp.sweep.store.folder import Sweep, find_sweep, settle, sweep_folder
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.record import Record, record_of, weights_path
from nnexp.tracking import (
    STORE_VARIABLE,
    Logger,
    check_store,
    is_up_to_date,
    mlflow_run_ids,
    move_note,
    open_logger,
    public_uri,
    reopen,
)

TABLES_EVERY = 60.0  # seconds between CSV files while runs train; more where writing them takes long


def dry_run(config: Config, console: Console) -> Sweep:
    """Print the points of the plan and how many of their runs are done; train and write nothing."""
    datasets = Datasets()
    plan = planned(config, datasets.load, console)
    sweep = find_sweep(sweep_folder(config.execution.sweeps_dir, plan), plan)
    pending = sweep.pending(config.execution.mode)
    advise(sweep.plan, pending, datasets.load, console)
    marks = _marks(sweep, config.execution, console)
    announce(sweep, config.execution, datasets.load, console, marks)
    console.print(plan_table(sweep.plan, pending))
    return sweep


def run_sweep(config: Config, console: Console) -> Sweep:
    """Train every run that has no record yet, record and log each, write the CSV files, print the answer.

    Raises:
        UserError: something was asked that cannot be done; nothing was trained.
        SweepError: the sweep could not go on.
    """
    datasets = Datasets()
    plan = planned(config, datasets.load, console)
    tracking = config.tracking
    return carry_out(plan, config.execution, tracking.uri, datasets, console, tracking.models)


def carry_out(
    plan: Plan, execution: Execution, uri: str | None, datasets: Datasets, console: Console, models: str
) -> Sweep:
    """The same for a plan; `uri`: the store, None for none; `models`: whose networks it gets."""
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
            raise UserError(
                f"sweeps_dir must be a folder that can be written, not read-only or full: {folder}"
            )
        advise(sweep.plan, pending, datasets.load, console)
        marks = _marks(sweep, execution, console)
        if len(plan.runs) > 1 or not pending or marks:
            seconds = announce(sweep, execution, datasets.load, console, marks)
            confirm(seconds, execution.confirm_above, console)
        store = uri if writable and not problem else None  # a finished sweep answers without it
        if store:
            _say_where(store, console)
        Experiment(sweep, execution, store, datasets, console, models, marks).run()
        if problem:
            console.print(f"MLflow: {problem}")
    return sweep


def _marks(sweep: Sweep, execution: Execution, console: Console) -> dict[str, Mark]:
    """Where runs go on that were cut before; says which checkpoints are of no use."""
    found = find_checkpoints(sweep, execution.mode, formulas().all_digest)
    for line in useless_checkpoints(found):
        console.print(line)
    return found.marks


def _say_where(uri: str, console: Console) -> None:
    """Say what is unusual about the store: its variable, or that it was moved."""
    notes = [move_note(uri)]
    if uri == os.environ.get(STORE_VARIABLE):
        notes.append(
            f"runs are logged to {public_uri(uri)}, which {STORE_VARIABLE} names; "
            "tracking=sqlite logs to mlflow.db here"
        )
    for note in filter(None, notes):
        console.print(f"MLflow: {note}")


def _problem(uri: str) -> UserError | None:
    """Why runs cannot be logged at `uri`."""
    try:
        check_store(uri)
    except UserError as error:
        return error
    return None


class Experiment:
    """A sweep that this process holds, on its way to its answer."""

    def __init__(
        self,
        sweep: Sweep,
        execution: Execution,
        uri: str | None,
        datasets: Datasets,
        console: Console,
        models: str,
        marks: Mapping[str, Mark],
    ) -> None:
        """`marks`: run_id -> where a run goes on."""
        self.sweep, self.execution, self.datasets, self.console = sweep, execution, datasets, console
        self.marks, self.environment = marks, environment()
        self._formulas = formulas()  # as they were planned with, whoever edits a file meanwhile
        if settle(sweep, self.environment):
            reopen(sweep.folder)
        self.rows = sweep.pending(execution.mode)
        self.open = {sweep.plan.runs[row].run_id for row in self.rows}  # runs that have not ended
        anew = self.open if execution.mode == "force" else set()
        remove_checkpoints(sweep.folder / FOLDER, sweep.records.keys() | anew, marks)
        self.workers = workers_for(sweep.plan, execution, len(self.rows))
        self.tables_due = time.monotonic() + TABLES_EVERY
        self._stopping = False  # somebody has asked to stop, and was answered
        self.logger = self._logger(uri, models)
        name = f"{sweep.plan.name}/{sweep.plan.sweep_id}"
        going_on = command_for("retry", name, execution.sweeps_dir)
        self.ending = Ending(sweep, execution, datasets.load, console, self.logger, going_on)

    def run(self) -> None:
        """Train, and tell the answer; on a stop, what is known so far."""
        sweep, console = self.sweep, self.console
        for run_id, why in sweep.damaged.items():
            console.print(f"The record of run {run_id} is damaged ({why}): set aside.")
        try:
            with deferred():
                self._train()
            self.ending.tell("FINISHED")
        except KeyboardInterrupt:
            if not self._stopping:
                self._say_stopping("")
            self.ending.tell("KILLED")
            if marks := find_checkpoints(sweep, self.execution.mode, self._formulas.all_digest).marks:
                console.print(f"In checkpoints: {going_on(marks)}.")
            console.print(f"Stopped: {self._standing()}")
            raise
        except SweepError:
            raise
        except (PremiseError, OSError) as error:
            self.ending.tell("KILLED")
            again = "" if isinstance(error, PremiseError) else ", the same command again goes on"
            raise SweepError(f"{error}; what is recorded stays{again}") from error
        except BaseException:
            self.ending.give_up()
            raise

    def _say_stopping(self, at_stake: str) -> None:
        lost = f"; lost: {at_stake}" if at_stake else ""
        self.console.print(f"Stopping; what has finished is kept{lost}. Ctrl-C again ends at once.")
        self._stopping = True

    def _standing(self) -> str:
        """How far a stopped sweep is, and what goes on with it."""
        if self.execution.mode == "force":
            ended = len(self.rows) - len(self.open)
            return f"{ended} of {len(self.rows)} runs were trained again; mode=force begins anew"
        if not self.sweep.pending(self.execution.mode):
            return "all runs are recorded. The same command again brings files and MLflow up to date"
        done = f"{len(self.sweep.records)} of {len(self.sweep.plan.runs)} runs are recorded"
        return f"{done}. The same command again trains the rest, or {self.ending.going_on}"

    def _train(self) -> None:
        """Train the pending runs; each is recorded before anything else sees it."""
        runs = self.sweep.plan.runs
        checkpoints = open_checkpoints(self.sweep, self._formulas.all_digest)
        self._attempt = checkpoints.attempt
        expected = premises(self.sweep.plan, self.execution.max_seconds, checkpoints, self.checkpoint_every)
        with scratch() as folder:
            board = Board(folder / "board", len(runs))
            load, timing = self.datasets.load, self.sweep.plan.timing
            stacks = make_stacks(runs, self.rows, max(1, self.workers), load, timing=timing, marks=self.marks)
            if self.workers:  # else it would take time from the run that trains here
                Thread(target=load_libraries, args=(self.execution.pictures,)).start()
            work = work_by_row(stacks, load)
            standing = Standing(self.sweep.plan, board, work, self.sweep.records, self.marks)
            with display_for(self.console, standing) as display:
                progress: Progress = display if isinstance(display, Epochs) else board
                ended = self._ended(stacks, expected, progress, board)
                try:
                    with self._countdown(progress, board, display), closing(ended):
                        for outcomes in ended:
                            for outcome, record in zip(outcomes, self._take(outcomes), strict=True):
                                display.ended(outcome.run, record)
                            if time.monotonic() > self.tables_due:
                                self._write_tables()
                finally:
                    self._tidy_checkpoints()
                    if said := unwritten_checkpoints(*board.troubles):
                        self.console.print(said)

    @property
    def checkpoint_every(self) -> float:
        """Seconds; none where time is measured, for what is cut has no seconds of its own."""
        return 0.0 if self.sweep.plan.timing else self.execution.checkpoint_every

    def _tidy_checkpoints(self) -> None:
        """Remove what is of no use any more."""
        settled = self.sweep.records.keys() - self.open
        remove_checkpoints(self.sweep.folder / FOLDER, settled, self.marks, self._attempt)

    def _ended(
        self, stacks: Sequence[Stack], expected: Premises, progress: Progress, board: Board
    ) -> Generator[Sequence[Outcome], None, None]:
        """The outcomes of each stack as it ends, here, on workers of this machine, or on a cluster."""
        specs, backend = [stack.data for stack in stacks], self.execution.backend
        if not self.workers:
            return train_here(stacks, self.datasets.load_all(specs), expected, progress)
        if backend == "dask":
            return self._ended_on_cluster(stacks, expected, board)
        sources = self.datasets.share(specs, board.path.parent)
        return launch(stacks, sources, expected, board, self.workers, backend)

    def _ended_on_cluster(
        self, stacks: Sequence[Stack], expected: Premises, board: Board
    ) -> Generator[Sequence[Outcome], None, None]:
        wholes = self.datasets.load_wholes(stack.data for stack in stacks)
        within, say = self.execution.stop_within, self.console.print
        with opened(self.execution.dask_scheduler, self.workers) as client:
            say(f"Dask's dashboard: {client.dashboard_link}", soft_wrap=True)
            yield from launch_on_cluster(client, stacks, wholes, expected, board, within, say)

    def _countdown(self, progress: Progress, board: Board, display: Display) -> Countdown:
        """What lets runs stop at the end of their epoch, and ends them if that takes too long."""

        def ask() -> None:
            progress.ask_to_stop()
            self._say_stopping("" if self.checkpoint_every else display.at_stake())

        def pids() -> set[int]:
            return set(board.rows[board.running, 3].astype(int)) if self.workers else {os.getpid()}

        return Countdown(ask, pids, self.execution.stop_within)

    def _take(self, outcomes: Sequence[Outcome]) -> list[Record]:
        """Make durable records of runs that have just ended, and hand them to MLflow's thread."""
        ended = [(self._record(outcome), _model(outcome)) for outcome in outcomes]
        added = self.sweep.add(ended)
        self.open -= {record.run_id for record, _ in ended}
        for outcome, (record, model) in zip(outcomes, ended, strict=True):
            if self.logger and record.run_id in added:
                weights = weights_path(self.sweep.records_folder, record.run_id) if model else None
                self.logger.submit(outcome.run, record, weights)
        return [record for record, _ in ended]

    def _record(self, outcome: Outcome) -> Record:
        run = outcome.run
        digest = self.datasets.load(run.data).digest
        used = {"numerics": self._formulas.digest(run.settings), "dataset_digest": digest}
        return record_of(outcome, self.environment | used, alone=not self.workers)

    def _logger(self, uri: str | None, models: str) -> Logger | None:
        """Takes records to MLflow; None where nothing is to be logged: then it is not even imported."""
        if uri is None or (not self.rows and is_up_to_date(self.sweep, uri)):
            return None
        try:
            return open_logger(uri, self.sweep, self.environment, models)
        except UserError as error:
            if self.rows:
                raise
            self.console.print(f"MLflow: {error}", soft_wrap=True)  # what is finished answers all the same
            return None

    def _write_tables(self) -> None:
        """Bring the CSV files up to date while runs train."""
        began = time.monotonic()
        plan, records, folder = self.sweep.plan, self.sweep.records, self.sweep.folder
        write_csv.write_tables(tables.make_tables(plan, records, mlflow_run_ids(folder, records)), folder)
        self._tidy_checkpoints()
        ended = time.monotonic()
        self.tables_due = ended + max(TABLES_EVERY, 20 * (ended - began))


def _model(outcome: Outcome) -> Model | None:
    """The network that a run ended with."""
    result = outcome.result
    return Model(result.weights, result.biases, outcome.run.hyperparameters) if result else None

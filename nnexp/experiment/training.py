"""A sweep that this process holds, on its way to its answer: train, record, log, tell."""

import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from threading import Thread

from rich.console import Console

from nnexp.config import Execution
from nnexp.errors import UserError
from nnexp.experiment.finishing import Ending, load_libraries
from nnexp.experiment.messages import (
    command_for,
    going_on,
    queued,
    round_line,
    unwritten_checkpoints,
)
from nnexp.experiment.planning import jobs_for, workers_for
from nnexp.experiment.progress import Display, Epochs, display_for
from nnexp.experiment.rounds import is_whole, with_next_round
from nnexp.experiment.sweep_standing import Standing
from nnexp.files import scratch
from nnexp.nn import Model
from nnexp.results import tables, write_csv
from nnexp.sweep.pool.cluster import launch_on_cluster
from nnexp.sweep.pool.countdown import Countdown
from nnexp.sweep.pool.dask import opened
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.environment import environment
from nnexp.sweep.pool.launch import launch, train_here
from nnexp.sweep.pool.premises import PremiseError, Premises, premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.slurm import submitted, wait_for_first
from nnexp.sweep.pool.stacks import Mark, Stack, make_stacks, work_by_row
from nnexp.sweep.pool.stop import SweepError, deferred
from nnexp.sweep.pool.watch import Progress
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.question.identity import formulas
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.checkpoints import (
    FOLDER,
    find_checkpoints,
    open_checkpoints,
    remove_checkpoints,
)
from nnexp.sweep.store.folder import Sweep, settle
from nnexp.sweep.store.record import Record, record_of, weights_path
from nnexp.sweep.store.rounds_file import freeze_end
from nnexp.tracking import Logger, is_up_to_date, mlflow_run_ids, open_logger, reopen

TABLES_EVERY = 60.0  # seconds between CSV files while runs train; more where writing them takes long


class Experiment:
    """A sweep that this process holds, on its way to its answer."""

    def __init__(
        self,
        whole: Plan,
        sweep: Sweep,
        execution: Execution,
        uri: str | None,
        datasets: Datasets,
        console: Console,
        models: str,
    ) -> None:
        """`whole`: the plan with all runs that may come; `sweep`: with those of its rounds so far."""
        self.whole = whole
        self.sweep, self.execution, self.datasets, self.console = sweep, execution, datasets, console
        self.environment = environment()
        self._formulas = formulas()  # as they were planned with, whoever edits a file meanwhile
        if settle(sweep, self.environment):
            reopen(sweep.folder)
        self.tables_due = time.monotonic() + TABLES_EVERY
        self._stopping = False  # somebody has asked to stop, and was answered
        self.rows: Sequence[int] = sweep.pending(execution.mode)
        self.open = set[str]()  # ids of the runs of a round that have not ended
        self.logger = self._logger(uri, models)
        name = f"{sweep.plan.name}/{sweep.plan.sweep_id}"
        going_on = command_for("retry", name, execution.sweeps_dir)
        self.ending = Ending(sweep, execution, datasets.load, console, self.logger, going_on)

    def run(self, rows: Sequence[int], marks: Mapping[str, Mark]) -> None:
        """Train all rounds, and tell the answer; on a stop, what is known so far.

        Arguments: as of `train_round`, for the first of them.
        """
        console = self.console
        for run_id, why in self.sweep.damaged.items():
            console.print(f"The record of run {run_id} is damaged ({why}): set aside.")
        try:
            more = True
            while more:
                with deferred():
                    self.train_round(rows, marks)
                    more = self._begin_round()
                rows, marks = self.rows, {}
            self.ending.tell("FINISHED")
        except KeyboardInterrupt:
            if not self._stopping:
                self._say_stopping("")
            self.ending.tell("KILLED")
            if left := find_checkpoints(self.sweep, self.execution.mode, self._formulas.all_digest).marks:
                console.print(f"In checkpoints: {going_on(left)}.")
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

    def _begin_round(self) -> bool:
        """Freeze the next round, if one comes."""
        before = self.sweep
        sweep = with_next_round(self.whole, before, self.execution.sweeps_dir)
        if sweep is None:
            self._end_rounds()
            return False
        self.sweep = self.ending.sweep = replace(sweep, failed_again=before.failed_again)
        settle(self.sweep, self.environment)
        runs = sweep.plan.runs
        known = {run.run_id for run in before.plan.runs}
        fresh = [row for row, run in enumerate(runs) if run.run_id not in known]
        pending = set(sweep.pending(self.execution.mode))
        self.rows = [row for row in fresh if row in pending]
        self.console.print(round_line(self.sweep, fresh, self.rows))
        if self.logger:
            self.logger.follow(sweep.plan)
            for run in (runs[row] for row in fresh if row not in pending):  # of another sweep of the name
                self.logger.submit(run, sweep.records[run.run_id], sweep.weights(run.run_id))
        return True

    def _end_rounds(self) -> None:
        """Freeze that no round is to come; while a run is missing, nobody knows yet."""
        if self.whole.until and is_whole(self.sweep):
            freeze_end(self.sweep.folder)
        elif self.whole.until and self.sweep.failed:
            self.console.print("The next round waits for the runs that failed.")

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
            more = "goes on" if self.whole.until else "brings files and MLflow up to date"
            return f"all runs are recorded. The same command again {more}"
        done = f"{len(self.sweep.records)} of {len(self.sweep.plan.runs)} runs are recorded"
        return f"{done}. The same command again trains the rest, or {self.ending.going_on}"

    def train_round(self, rows: Sequence[int], marks: Mapping[str, Mark]) -> None:
        """Train the runs with these `rows`; each is recorded before anything else sees it. More may follow.

        `marks`: run_id -> where a run goes on.
        """
        plan, execution, load = self.sweep.plan, self.execution, self.datasets.load
        self.rows, self.marks = rows, marks
        self.open = {plan.runs[row].run_id for row in rows}
        self.workers = workers_for(plan, execution, len(rows))
        anew = self.open if execution.mode == "force" else set()
        remove_checkpoints(self.sweep.folder / FOLDER, self.sweep.records.keys() | anew, marks)
        checkpoints = open_checkpoints(self.sweep, self._formulas.all_digest)
        self._attempt = checkpoints.attempt
        expected = premises(
            plan, execution.max_seconds, checkpoints, self.checkpoint_every, mixed=execution.backend.mixed
        )
        stacks = make_stacks(plan.runs, rows, max(1, self.workers), load, timing=plan.timing, marks=marks)
        if self.workers:  # else it would take time from the run that trains here
            Thread(target=load_libraries, args=(execution.pictures,)).start()
        with scratch() as folder:
            board = Board(folder / "board", len(plan.runs))
            try:
                self._train(stacks, expected, board)
            finally:
                self._tidy_checkpoints()
                if trouble := unwritten_checkpoints(*board.troubles):
                    self.console.print(trouble)

    def _train(self, stacks: Sequence[Stack], expected: Premises, board: Board) -> None:
        """Train the stacks, and show how far they are."""
        work = work_by_row(stacks, self.datasets.load)
        standing = Standing(self.sweep.plan, board, work, self.sweep.records, self.marks)
        with display_for(self.console, standing) as display:
            progress: Progress = display if isinstance(display, Epochs) else board
            ended = self._ended(stacks, expected, progress, board)
            with self._countdown(progress, board, display), closing(ended):
                for outcomes in ended:
                    for outcome, record in zip(outcomes, self._take(outcomes), strict=True):
                        display.ended(outcome.run, record)
                    if time.monotonic() > self.tables_due:
                        self._write_tables()

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
        specs, backend = [stack.data for stack in stacks], self.execution.backend.name
        if not self.workers:
            return train_here(stacks, self.datasets.load_all(specs), expected, progress)
        if backend in ("dask", "slurm"):
            return self._ended_on_cluster(stacks, expected, board)
        sources = self.datasets.share(specs, board.path.parent)
        return launch(stacks, sources, expected, board, self.workers, backend)

    def _ended_on_cluster(
        self, stacks: Sequence[Stack], expected: Premises, board: Board
    ) -> Generator[Sequence[Outcome], None, None]:
        wholes = self.datasets.load_wholes(stack.data for stack in stacks)
        within, say = self.execution.stop_within, self.console.print
        jobs = jobs_for(self.sweep, self.execution, len(self.rows))
        scheduler = self.execution.backend.scheduler
        with submitted(jobs) if jobs else opened(scheduler, self.workers) as client:
            say(f"Dask's dashboard: {client.dashboard_link}", soft_wrap=True)
            if jobs:
                say(queued(jobs.number, jobs.name))
                wait_for_first(client, jobs, board)
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
        origin = {"numerics": self._formulas.digest(run.settings), "dataset_digest": digest}
        return record_of(outcome, self.environment | origin, alone=not self.workers)

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

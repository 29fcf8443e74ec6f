"""A sweep that this process holds, on its way to its answer: train, record, log, tell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from threading import Thread

from rich.console import Console

from nnexp.config import Execution
from nnexp.errors import UserError
from nnexp.experiment.finishing import Ending, load_libraries
from nnexp.experiment.messages import command_for, going_on, round_line, unwritten_checkpoints
from nnexp.experiment.notifier import Notifier, Subject
from nnexp.experiment.planning import agreed, seconds_to_train
from nnexp.experiment.progress import Epochs, display_for
from nnexp.experiment.recorder import Recorder, logger_for
from nnexp.experiment.rounds import is_whole, with_next_round
from nnexp.experiment.signs import Signs
from nnexp.experiment.sweep_standing import Standing
from nnexp.experiment.workers import Workers
from nnexp.files import scratch
from nnexp.sweep.pool.cut import make_stacks, work_by_row
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.engines import accelerated
from nnexp.sweep.pool.environment import environment
from nnexp.sweep.pool.premises import PremiseError, Premises, premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.pool.stop import SweepError, deferred
from nnexp.sweep.pool.watch import Progress
from nnexp.sweep.question.identity import formulas
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.rounds import floors_by_run
from nnexp.sweep.store.checkpoints import (
    FOLDER,
    find_checkpoints,
    open_checkpoints,
    remove_checkpoints,
)
from nnexp.sweep.store.folder import Sweep, settle
from nnexp.sweep.store.rounds_file import freeze_end, read_rounds
from nnexp.tracking import reopen


class Experiment:
    """A sweep that this process holds, on its way to its answer."""

    def __init__(
        self,
        whole: Plan,
        sweep: Sweep,
        execution: Execution,
        workers: Workers,
        uri: str | None,
        datasets: Datasets,
        console: Console,
        models: str,
        notifier: Notifier,
    ) -> None:
        """`whole`: the plan with all runs that may come; `sweep`: with those of its rounds so far."""
        self.whole, self.workers = whole, workers
        self.sweep, self.execution, self.datasets, self.console = sweep, execution, datasets, console
        self.environment = environment()
        self._formulas = formulas()  # as they were planned with, whoever edits a file meanwhile
        if settle(sweep, self.environment):
            reopen(sweep.folder)
        self._stopping = False  # somebody has asked to stop, and was answered
        self.rows: Sequence[int] = sweep.pending(execution.mode)
        self.logger = logger_for(sweep, uri, models, self.environment, console, len(self.rows))
        self.recorder = Recorder(sweep, self.environment, self._formulas, datasets, self.logger)
        name = f"{sweep.plan.name}/{sweep.plan.sweep_id}"
        retry = command_for("retry", name, execution.sweeps_dir)
        self.ending = Ending(sweep, execution, datasets.load, console, self.logger, retry)
        self.notifier = notifier
        self.subject = Subject(
            name,
            lambda: len(self.sweep.plan.runs),
            lambda: Counter(record.status for record in list(self.sweep.records.values())),
            lambda: self.ending.result,
        )

    def run(self, rows: Sequence[int], marks: Mapping[str, Mark]) -> None:
        """Train all rounds, and tell the answer; on a stop, what is known so far.

        Arguments: as of `_train_round`, for the first of them.
        """
        console = self.console
        for run_id, why in self.sweep.damaged.items():
            console.print(f"The record of run {run_id} is damaged ({why}): set aside.")
        try:
            with self.workers:
                self._train_rounds(rows, marks)
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

    def _train_rounds(self, rows: Sequence[int], marks: Mapping[str, Mark]) -> None:
        more = True
        while more:
            with deferred():
                self._train_round(rows, marks)
                sweep = with_next_round(self.whole, self.sweep, self.execution.sweeps_dir, self.datasets.load)
                if sweep is None:
                    self._end_rounds()
            more = sweep is not None and self._begin_round(sweep)
            rows, marks = self.rows, {}

    def _begin_round(self, sweep: Sweep) -> bool:
        """Freeze the last round of the sweep, which comes next; not if somebody does not want to train it."""
        known, runs = {run.run_id for run in self.sweep.plan.runs}, sweep.plan.runs
        fresh = [row for row, run in enumerate(runs) if run.run_id not in known]
        pending = set(sweep.pending(self.execution.mode))
        rows, load = [row for row in fresh if row in pending], self.datasets.load
        self.console.print(round_line(sweep, fresh, rows))
        seconds = seconds_to_train(sweep, rows, max(1, self.workers.number(len(rows))), load)
        if not agreed(seconds, self.execution.confirm_above, self.console):
            self.console.print("It is not trained; the same command again asks again")
            self.notifier.stop()
            return False
        with deferred():
            self._freeze(replace(sweep, failed_again=self.sweep.failed_again))
            self.rows = rows
            if self.logger:
                self.logger.follow(sweep.plan)
                for run in (runs[row] for row in fresh if row not in pending):  # of another sweep of the name
                    self.logger.submit(run, sweep.records[run.run_id], sweep.weights(run.run_id))
        return True

    def _freeze(self, sweep: Sweep) -> None:
        """Make a round durable, and go on with it."""
        try:
            settle(sweep, self.environment)
        except UserError as error:  # the disk is full by now: the answer so far is told first
            raise OSError(str(error)) from error
        self.sweep = self.ending.sweep = self.recorder.sweep = sweep

    def _end_rounds(self) -> None:
        """Freeze that no round is to come; while a run is missing, nobody knows yet."""
        if is_whole(self.sweep):
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
            ended = len(self.rows) - len(self.recorder.open)
            return f"{ended} of {len(self.rows)} runs were trained again; mode=force begins anew"
        if not self.sweep.pending(self.execution.mode):
            may_grow = self.whole.until or self.whole.is_search
            more = "goes on" if may_grow else "brings files and MLflow up to date"
            return f"all runs are recorded. The same command again {more}"
        done = f"{len(self.sweep.records)} of {len(self.sweep.plan.runs)} runs are recorded"
        return f"{done}. The same command again trains the rest, or {self.ending.retry}"

    def _train_round(self, rows: Sequence[int], marks: Mapping[str, Mark]) -> None:
        """Train the runs with these `rows`; each is recorded before anything else sees it. More may follow.

        `marks`: run_id -> where a run goes on.
        """
        plan, execution, load = self.sweep.plan, self.execution, self.datasets.load
        self.rows, self.marks = rows, marks
        self.notifier.begin(self.subject, len(rows))
        self.recorder.open = {plan.runs[row].run_id for row in rows}
        workers = self.workers.number(len(rows))
        anew = self.recorder.open if execution.mode == "force" else set()
        remove_checkpoints(self.sweep.folder / FOLDER, self.sweep.records.keys() | anew, marks)
        checkpoints = open_checkpoints(self.sweep, self._formulas.all_digest)
        self._attempt = checkpoints.attempt
        expected = premises(
            plan,
            execution.max_seconds,
            checkpoints,
            self.checkpoint_every,
            mixed=execution.backend.mixed,
            floors=floors_by_run(read_rounds(self.sweep.folder)),
        )
        stacks = make_stacks(
            plan.runs,
            rows,
            max(1, workers),
            load,
            timing=plan.timing,
            marks=marks,
            accelerated=accelerated(plan.first_runs),
        )
        if workers:  # else it would take time from the run that trains here
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
        runs, work = len(self.rows), work_by_row(stacks, self.datasets.load)
        standing = Standing(self.sweep.plan, board, work, self.sweep.records, self.marks)
        with Signs(self.sweep.folder, standing), display_for(self.console, standing) as display:
            progress: Progress = display if isinstance(display, Epochs) else board

            def ask() -> None:
                progress.ask_to_stop()
                self._say_stopping("" if self.checkpoint_every else display.at_stake())

            ended = self.workers.outcomes(stacks, expected, progress, board)
            alone = not self.workers.number(runs)
            with self.workers.countdown(runs, board, ask), closing(ended):
                for outcomes in ended:
                    records = self.recorder.take(outcomes, alone=alone)
                    for outcome, record in zip(outcomes, records, strict=True):
                        display.ended(outcome.run, record)
                        self.notifier.ended(record)
                    if self.recorder.write_tables():
                        self._tidy_checkpoints()

    @property
    def checkpoint_every(self) -> float:
        """Seconds; none where time is measured, for what is cut has no seconds of its own."""
        return 0.0 if self.sweep.plan.timing else self.execution.checkpoint_every

    def _tidy_checkpoints(self) -> None:
        """Remove what is of no use any more."""
        settled = self.sweep.records.keys() - self.recorder.open
        remove_checkpoints(self.sweep.folder / FOLDER, settled, self.marks, self._attempt)

"""The end of a sweep: its answer is told first, then files, pictures and MLflow are made up to date."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from nnexp.claims.sweep_verdicts import looks_at, results_of
from nnexp.config import Execution
from nnexp.console import print_page
from nnexp.data import Dataset, DataSpec
from nnexp.experiment import attachments, html_report
from nnexp.experiment.messages import failures, run_line, summary_command
from nnexp.pages.render import has_libraries
from nnexp.report import markdown, terminal
from nnexp.report.build import answer_of
from nnexp.results import tables, write_csv
from nnexp.results.by_point import best_run
from nnexp.results.stamp import stamp
from nnexp.results.tables import make_tables
from nnexp.sweep.pool.stop import SweepError, deferred
from nnexp.sweep.question.plan import is_of_trials
from nnexp.sweep.store.catalog import take_stock
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.looks import note_look
from nnexp.sweep.store.record_file import read_model
from nnexp.text import count
from nnexp.tracking import Logger, Submission, mean_curves, mlflow_run_ids

if TYPE_CHECKING:  # pandas: too slow to load before training starts
    from nnexp.plots.pictures import Subject
    from nnexp.results.tables import Results

# Seconds that MLflow may take at the end: for the records that it lacks, and then for the sweep's own page.
LOGGING_TIME = {"FINISHED": 60.0, "KILLED": 8.0}
CLOSING_TIME = {"FINISHED": 60.0, "KILLED": 2.0, "FAILED": 2.0}


@dataclass
class Ending:
    """What the end of a sweep takes. `retry`: the command that trains what is missing; `answered`: whether
    the answer is printed (a stop may come while the rest is made up to date); `result`: its first line, once
    there is one."""

    sweep: Sweep
    execution: Execution
    load: Callable[[DataSpec], Dataset]
    console: Console
    logger: Logger | None
    retry: str
    answered: bool = False
    result: str = ""

    def tell(self, status: str) -> None:
        """Print the answer, write its files, and end the logging with `status`.

        Raises:
            SweepError: the sweep is finished, and its CSV files cannot be written.
        """
        with deferred():  # a library that is loaded by half cannot be loaded again
            import_module("pandas")
        sweep, folder = self.sweep, self.sweep.folder
        results = results_now(sweep, self.execution.sweeps_dir)
        if not self.answered:
            self._print(results)
            self.answered = True
        unwritten: OSError | None = None
        try:
            write_csv.write_results(results, folder)
            stamp(folder)
            self.console.print(f"CSV files: {folder}")
            if status == "FINISHED" and self._draw(results) and self.logger:
                self._report(results)
            if self.logger:
                with self._logging():
                    self.logger.drain(LOGGING_TIME[status], patient=status == "FINISHED")
                ids = mlflow_run_ids(folder, sweep.records)
                write_csv.write_table("runs", tables.with_mlflow_ids(results.tables.runs, ids), folder)
        except OSError as error:  # told at the end: the answer is worth more than its files
            unwritten = error
        if self.logger:
            best = (
                best_network(self.sweep, results)
                if status == "FINISHED" and self.logger.models == "best"
                else None
            )
            self._end_logging(self.logger, status, page_tags(results), best)
        if status == "FINISHED":
            take_stock(folder)
        if unwritten and status == "FINISHED":
            raise SweepError(f"the CSV files could not be written: {unwritten}")

    def give_up(self) -> None:
        """End the logging of a sweep that an error of ours has ended."""
        if self.logger:
            self.logger.close("FAILED", self.sweep.statuses, timeout=CLOSING_TIME["FAILED"])

    def _print(self, results: Results) -> None:
        sweep, console, answer = self.sweep, self.console, answer_of(results)
        self.result = answer.result.text if answer.result else ""
        if len(sweep.plan.runs) == 1:
            run = sweep.plan.runs[0]
            console.print(run_line(run, sweep.records.get(run.run_id)))
            console.print(f"nnexp show {run.run_id} tells more")
            if answer.verdicts:
                print_page(console, terminal.verdict_list(answer.verdicts, answer.intervals))
        elif sweep.records:
            again = summary_command(sweep.folder, sweep.plan, self.execution.sweeps_dir)
            print_page(console, terminal.page(answer, again))
        verdicts = {verdict.id: verdict.verdict for verdict in answer.verdicts}
        if problem := note_look(sweep.folder, sweep.plan, len(sweep.records), verdicts):
            console.print(problem)
        console.print(failures(sweep.plan, sweep.records, self.retry), end="")
        if sweep.failed_again:
            console.print(failures(sweep.plan, sweep.failed_again))
            console.print("Trained before, and well: those records stay; RUN.failed beside each tells more.")

    def _draw(self, results: Results) -> bool:
        """Draw the pictures, unless those of the same trainings are there; whether all are there now. A
        single run has none; those of trials lie beside the answer that rests on them."""
        sweep = self.sweep
        without = len(sweep.plan.runs) == 1 or is_of_trials(sweep.plan)
        if not self.execution.pictures or without or not sweep.statuses["finished"]:
            return False
        if attachments.has_pictures(sweep):
            return True
        from nnexp.plots import pictures

        with self.console.status("Drawing pictures; Ctrl-C leaves them to the same command"):
            files, error = pictures.draw(results, sweep.folder, self._best(results))
        self.console.print(f"Pictures: {len(files)} files beside them")
        if error:
            self.console.print(f"Not every picture could be drawn: {error}")
            return False
        attachments.mark_pictures(sweep)
        return True

    def _report(self, results: Results) -> None:
        """Make the sweep's report, for its page in MLflow, unless it is there or a library is missing."""
        if has_libraries() and not attachments.has_report(self.sweep):
            try:
                html_report.write(self.sweep.folder, results, self.execution.sweeps_dir)
                attachments.mark_report(self.sweep)
            except Exception as error:  # whatever it is: the answer is there without
                self.console.print(f"The report could not be made: {type(error).__name__}: {error}")

    def _best(self, results: Results) -> Callable[[], Subject] | None:
        """The network whose weights and mistakes are drawn, loaded when it is its turn."""
        from nnexp.plots.pictures import Subject

        plan, folder = results.plan, self.sweep.records_folder
        run = best_run(plan, results.tables.runs)
        if run is None:
            return None
        return lambda: Subject(read_model(folder, run.run_id), self.load(run.data), plan.label(run))

    def _logging(self) -> AbstractContextManager[object]:
        """What a terminal shows meanwhile; everything else is written already."""
        return self.console.status("Logging to MLflow; Ctrl-C leaves it to nnexp sync")

    def _end_logging(
        self, logger: Logger, status: str, tags: dict[str, str], best: Submission | None
    ) -> None:
        sweep, seconds = self.sweep, CLOSING_TIME[status]
        curves = mean_curves(sweep.plan, sweep.records) if status == "FINISHED" else []
        files = attachments.files_of(sweep)
        with self._logging():
            report = logger.close(status, sweep.statuses, files, seconds, tags, best, curves)
        if logger.note:
            self.console.print(f"MLflow: {logger.note}")
        line = f"{logger.viewer} shows the runs, their curves and models"
        if report.error is not None:
            unlogged = len(report.unlogged)
            what = (
                f"{count(unlogged, 'run')} not logged yet"
                if unlogged
                else "the sweep's page is not up to date"
            )
            line = f"{what} ({report.error}); nnexp sync, or the same command again, brings it up to date"
        self.console.print(f"MLflow: {line}")


def load_libraries(pictures: bool) -> None:
    """Load what the end of a sweep takes, 0.6 s, in a thread while runs train.

    Whatever cannot be loaded is said at the end, where it is used.
    """
    with suppress(ImportError):
        import_module("pandas")
        if pictures:
            import_module("nnexp.plots.pictures")


def results_now(sweep: Sweep, sweeps_dir: str | Path) -> Results:
    """The results of a sweep from its records as they stand; its tables name the runs as MLflow does."""
    tables = make_tables(sweep.plan, sweep.records, mlflow_run_ids(sweep.folder, sweep.records))
    environments = [record.environment for record in sweep.records.values()]
    results = results_of(sweep.plan, tables, environments, sweeps_dir)
    looks = looks_at(sweep.folder, sweep.plan, tables.runs, results.verdicts)
    return results._replace(notes=(*results.notes, *looks))


def best_network(sweep: Sweep, results: Results) -> Submission | None:
    """The run whose network is the sweep's best, for MLflow."""
    run = best_run(results.plan, results.tables.runs)
    return Submission(run, sweep.records[run.run_id], sweep.weights(run.run_id)) if run else None


def page_tags(results: Results) -> dict[str, str]:
    """Tags of the sweep's page in MLflow: each verdict, and the answer as its description."""
    answer = answer_of(results)
    verdicts = {f"nnexp.verdict.{verdict.id}": verdict.verdict for verdict in answer.verdicts}
    return verdicts | {"mlflow.note.content": markdown.page(answer)}

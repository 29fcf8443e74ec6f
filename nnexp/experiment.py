"""One sweep from its configuration to its answer: plan, train, record, log, tell."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nnexp import data
from nnexp.config import Config
from nnexp.data import Dataset, DataSpec
from nnexp.display import Bar, Display, Epochs, Lines, percent
from nnexp.nn import Model
from nnexp.sweep import record as records
from nnexp.sweep.board import Board
from nnexp.sweep.environment import environment
from nnexp.sweep.folder import adopt_records, find_records, open_folder, records_folder, sweep_folder
from nnexp.sweep.launch import launch, stop_workers, worker_count
from nnexp.sweep.plan import Plan, make_plan
from nnexp.sweep.record import DONE, Record, Status, record_of, weights_path
from nnexp.sweep.stacks import make_stacks
from nnexp.sweep.worker import Outcome, Progress, premises
from nnexp.tracking import Logger, check, mlflow_run_ids, public_uri, read_logged

LOGGING_TIME = 60.0  # seconds that MLflow may take for what waits once training is over
SETTLED: dict[str, tuple[Status, ...]] = {
    "cached": (*DONE, "failed", "timed_out"),
    "retry": DONE,
    "force": (),
}


@dataclass(frozen=True)
class Sweep:
    """A sweep as it stands: its plan, its folder, and the records of the runs that ended."""

    plan: Plan
    folder: Path
    records: dict[str, Record]

    @property
    def statuses(self) -> Counter[str]:
        """How many runs ended in which way."""
        return Counter(record.status for record in self.records.values())

    def pending(self, mode: str) -> list[int]:
        """Rows of the plan to be trained: `cached` none that ended, `retry` failed ones, `force` all."""
        return [
            row
            for row, run in enumerate(self.plan.runs)
            if run.run_id not in self.records or self.records[run.run_id].status not in SETTLED[mode]
        ]


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


def run_sweep(config: Config, console: Console) -> Sweep:
    """Train every run that has no record yet, record and log each, write the CSV files and print the answer.

    Raises:
        UserError: something was asked that cannot be done; nothing was trained.
    """
    if config.tracking.uri is not None:
        check(config.tracking.uri)
    datasets = Datasets()
    sweep, paths, damaged = find_sweep(config, datasets)
    rows = sweep.pending(config.execution.mode)
    workers = worker_count(config.execution.n_jobs, len(rows))
    expected = premises()
    provenance = environment(expected)
    _open(sweep, paths, damaged, provenance, console)
    _announce(sweep, len(rows), workers, console)
    logger = _logger(config, sweep, rows, provenance)
    stopped: BaseException | None = None
    try:
        with tempfile.TemporaryDirectory(prefix="nnexp-") as scratch:
            board = Board(Path(scratch) / "board", len(sweep.plan.runs))
            places = datasets.share([sweep.plan.runs[row].data for row in rows], Path(scratch))
            with _display(console, sweep, board, len(rows)) as display:
                stacks = make_stacks(sweep.plan.runs, rows, workers)
                progress: Progress = display if isinstance(display, Epochs) else board
                for outcome in launch(stacks, places, expected, progress, workers):
                    digest = datasets.load(outcome.run.data).digest
                    record = _record(sweep, outcome, provenance | {"dataset_digest": digest})
                    if logger:
                        logger.submit(outcome.run, record, _weights(sweep, record))
                    display.ended(outcome.run, record)
    except (KeyboardInterrupt, SystemExit) as stop:
        stop_workers()
        stopped = stop
    _finish(sweep, logger, "KILLED" if stopped else "FINISHED", console)
    if stopped:
        done = f"{len(sweep.records)} of {len(sweep.plan.runs)} runs are recorded"
        console.print(f"Stopped: {done}. The same command again trains the rest.")
        raise stopped
    return sweep


def find_sweep(config: Config, datasets: Datasets) -> tuple[Sweep, dict[str, Path], dict[str, str]]:
    """The sweep a configuration asks for, as it stands; where its records lie; which of them are damaged."""
    plan = make_plan(config.question, config.hyperparameters, config.data, datasets.load)
    folder = sweep_folder(config.execution.sweeps_dir, plan)
    paths = find_records(folder, [run.run_id for run in plan.runs])
    found, damaged = records.read_all(paths)
    return Sweep(plan, folder, found), paths, damaged


def _open(
    sweep: Sweep,
    paths: Mapping[str, Path],
    damaged: Mapping[str, str],
    provenance: Mapping[str, Any],
    console: Console,
) -> None:
    """The sweep's folder with its frozen plan and every valid record of its runs in it."""
    open_folder(sweep.folder, sweep.plan, provenance)
    for run_id, why in damaged.items():
        aside = paths[run_id].rename(paths[run_id].with_suffix(".damaged"))
        console.print(f"The record of run {run_id} is damaged ({why}): set aside as {aside}", soft_wrap=True)
    adopt_records(sweep.folder, [paths[run_id] for run_id in sweep.records])


def _logger(
    config: Config, sweep: Sweep, rows: Sequence[int], provenance: Mapping[str, Any]
) -> Logger | None:
    """Takes records to MLflow; None where nothing is to be logged, so that MLflow is not even imported."""
    if config.tracking.uri is None:
        return None
    store = public_uri(config.tracking.uri)
    logged = {(line.run_id, line.started) for line in read_logged(sweep.folder) if line.store == store}
    left = [
        run
        for run in sweep.plan.runs
        if (record := sweep.records.get(run.run_id)) and (run.run_id, record.timings["started"]) not in logged
    ]
    if not rows and not left:
        return None
    logger = Logger(config.tracking.uri, sweep.plan, folder=sweep.folder, environment=provenance)
    for run in left:
        record = sweep.records[run.run_id]
        logger.submit(run, record, _weights(sweep, record))
    return logger


def _record(sweep: Sweep, outcome: Outcome, provenance: dict[str, Any]) -> Record:
    """The durable record of a run that has just ended."""
    run, result = outcome.run, outcome.result
    record = record_of(outcome, provenance)
    model = Model(result.weights, result.biases, run.hyperparameters) if result else None
    records.write(records_folder(sweep.folder), record, model)
    sweep.records[run.run_id] = record
    return record


def _weights(sweep: Sweep, record: Record) -> Path | None:
    """The file of a record's weights, if it has any."""
    path = weights_path(records_folder(sweep.folder), record.run_id)
    return path if path.exists() else None


def _display(console: Console, sweep: Sweep, board: Board, to_do: int) -> Display:
    if len(sweep.plan.runs) == 1:
        return Epochs(console, sweep.plan.runs[0].hyperparameters.epochs)
    done = len(sweep.plan.runs) - to_do
    return Bar(console, sweep.plan, board, done) if console.is_terminal else Lines(console, sweep.plan, done)


def _announce(sweep: Sweep, to_do: int, workers: int, console: Console) -> None:
    plan = sweep.plan
    if len(plan.runs) > 1:
        counted = [
            _count(len(plan.runs), "run"),
            _count(len(plan.points), "point"),
            _count(len(plan.seeds), "seed"),
        ]
        done = len(plan.runs) - to_do
        state = f"{done} done, {to_do} to train on {_count(workers, 'worker')}" if to_do else "all done"
        console.print(f"{plan.name}: {counted[0]} ({counted[1]} x {counted[2]}), {state}", highlight=False)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + "s" * (n != 1)


def _finish(sweep: Sweep, logger: Logger | None, status: str, console: Console) -> None:
    """Bring the logging to its end, write the tables, print the answer."""
    from nnexp.analysis import csv, report  # pandas: too slow to load before training starts

    if logger:
        logger.drain(LOGGING_TIME)
    ids = mlflow_run_ids(sweep.folder)
    tables = csv.write_tables(sweep.plan, sweep.records, ids, sweep.folder)
    if len(sweep.plan.runs) > 1:
        console.print(report.answer(sweep.plan, tables.summary, tables.runs))
    else:
        _print_run(sweep, console)
    if failed := sweep.statuses["failed"]:
        console.print(f"{_count(failed, 'run')} failed; mode=retry trains again what failed.", style="red")
    if logger:
        files = [sweep.folder / f"{name}.csv" for name in tables._fields]
        logged = logger.close(status, sweep.statuses, [sweep.folder / "sweep.yaml", *files])
        if logged.error:
            left = _count(len(logged.unlogged), "run")
            console.print(
                f"MLflow: {left} not logged yet ({logged.error}). The same command again logs them."
            )
    console.print(f"CSV files: {sweep.folder}", highlight=False, soft_wrap=True)


def _print_run(sweep: Sweep, console: Console) -> None:
    """The final line of a single run."""
    for run in sweep.plan.runs:
        metrics = sweep.records[run.run_id].metrics if run.run_id in sweep.records else {}
        if "test_accuracy" in metrics:
            which = "best" if run.hyperparameters.keeps_best else "final"
            epoch = metrics["best_epoch" if which == "best" else "epochs_done"]
            accuracies = percent(metrics[f"{which}_validation_accuracy"]), percent(metrics["test_accuracy"])
            console.print(
                f"after epoch {epoch}: validation accuracy {accuracies[0]}, test accuracy {accuracies[1]}"
            )


def dry_run(config: Config, console: Console) -> None:
    """Print the numbered points of the plan and how many of their runs are done; train and write nothing."""
    sweep, _, _ = find_sweep(config, Datasets())
    plan, pending = sweep.plan, sweep.pending(config.execution.mode)
    to_train = Counter(plan.runs[row].point for row in pending)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("point", *plan.axes, "done", "to train"):
        table.add_column(heading, justify="right")
    for number, point in enumerate(plan.points):
        left = to_train[number]
        values = [str(value) for value in point.values()]
        table.add_row(str(number + 1), *values, str(len(plan.seeds) - left), str(left))
    _announce(sweep, len(pending), worker_count(config.execution.n_jobs, len(pending)), console)
    console.print(table)

"""One sweep from its configuration to its answer: plan, train, record, log, tell."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from nnexp import data
from nnexp.config import Config
from nnexp.data import Dataset, DataSpec
from nnexp.display import Bar, Display, Epochs, Lines, announcement, count, plan_table, run_line
from nnexp.nn import Model
from nnexp.sweep import record as records
from nnexp.sweep.board import Board
from nnexp.sweep.environment import environment
from nnexp.sweep.folder import Sweep, find_sweep, settle
from nnexp.sweep.launch import launch, stop_workers, worker_count
from nnexp.sweep.plan import make_plan
from nnexp.sweep.record import Record, record_of
from nnexp.sweep.stacks import make_stacks
from nnexp.sweep.worker import Outcome, Premises, Progress, premises
from nnexp.tracking import Logger, check, mlflow_run_ids, public_uri, read_logged

LOGGING_TIME = {"FINISHED": 60.0, "KILLED": 2.0}  # seconds that MLflow may take for what waits at the end


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
    sweep = _planned(config, Datasets())
    pending = sweep.pending(config.execution.mode)
    workers = worker_count(config.execution.n_jobs, len(pending))
    console.print(announcement(sweep.plan, len(pending), workers), highlight=False)
    console.print(plan_table(sweep.plan, pending))
    return sweep


def run_sweep(config: Config, console: Console) -> Sweep:
    """Train every run that has no record yet, record and log each, write the CSV files, print the answer.

    Raises:
        UserError: something was asked that cannot be done; nothing was trained.
    """
    if config.tracking.uri is not None:
        check(config.tracking.uri)
    datasets = Datasets()
    sweep = _planned(config, datasets)
    expected = premises()
    provenance = environment(expected)
    settle(sweep, provenance)
    for run_id, why in sweep.damaged.items():
        console.print(f"The record of run {run_id} is damaged ({why}): set aside.", soft_wrap=True)
    rows = sweep.pending(config.execution.mode)
    workers = worker_count(config.execution.n_jobs, len(rows))
    if len(sweep.plan.runs) > 1 or not rows:
        console.print(announcement(sweep.plan, len(rows), workers), highlight=False)
    logger = _logger(config, sweep, rows, provenance)
    try:
        _train(sweep, rows, workers, datasets, expected, provenance, logger, console)
    except KeyboardInterrupt:
        stop_workers()
        if sweep.records:
            _finish(sweep, logger, "KILLED", console)
        done = f"{len(sweep.records)} of {len(sweep.plan.runs)} runs are recorded"
        console.print(f"Stopped: {done}. The same command again trains the rest.")
        raise
    except BaseException:
        stop_workers()
        if logger:
            logger.close("FAILED", sweep.statuses, timeout=LOGGING_TIME["KILLED"])
        raise
    _finish(sweep, logger, "FINISHED", console)
    return sweep


def _planned(config: Config, datasets: Datasets) -> Sweep:
    plan = make_plan(config.question, config.hyperparameters, config.data, datasets.load)
    return find_sweep(config.execution.sweeps_dir, plan)


def _train(
    sweep: Sweep,
    rows: Sequence[int],
    workers: int,
    datasets: Datasets,
    expected: Premises,
    provenance: Mapping[str, Any],
    logger: Logger | None,
    console: Console,
) -> None:
    """Train the runs numbered `rows`; each is recorded before anything else sees it."""
    runs = sweep.plan.runs
    with tempfile.TemporaryDirectory(prefix="nnexp-") as scratch:
        board = Board(Path(scratch) / "board", len(runs))
        places = datasets.share([runs[row].data for row in rows], Path(scratch))
        stacks = make_stacks(runs, rows, workers)
        with _display(console, sweep, board, rows) as display:
            progress: Progress = display if isinstance(display, Epochs) else board
            for outcome in launch(stacks, places, expected, progress, workers):
                digest = datasets.load(outcome.run.data).digest
                record = _record(sweep, outcome, {**provenance, "dataset_digest": digest})
                if logger:
                    logger.submit(outcome.run, record, sweep.weights(record.run_id))
                display.ended(outcome.run, record)


def _record(sweep: Sweep, outcome: Outcome, provenance: dict[str, Any]) -> Record:
    """The durable record of a run that has just ended."""
    run, result = outcome.run, outcome.result
    record = record_of(outcome, provenance)
    model = Model(result.weights, result.biases, run.hyperparameters) if result else None
    records.write(sweep.records_folder, record, model)
    sweep.records[run.run_id] = record
    return record


def _display(console: Console, sweep: Sweep, board: Board, rows: Sequence[int]) -> Display:
    if len(sweep.plan.runs) == 1:
        return Epochs(console, sweep.plan.runs[0].hyperparameters.epochs)
    if console.is_terminal:
        return Bar(console, sweep.plan, board, rows)
    return Lines(console, sweep.plan, done=len(sweep.plan.runs) - len(rows))


def _logger(
    config: Config, sweep: Sweep, rows: Sequence[int], provenance: Mapping[str, Any]
) -> Logger | None:
    """Takes records to MLflow; None where nothing is to be logged, so that MLflow is not even imported."""
    if config.tracking.uri is None:
        return None
    store = public_uri(config.tracking.uri)
    lines = [line for line in read_logged(sweep.folder) if line.store == store]
    logged = {(line.run_id, line.started) for line in lines}
    ended = bool(lines) and lines[-1].run_id == sweep.plan.sweep_id
    left = [
        run
        for run in sweep.plan.runs
        if (record := sweep.records.get(run.run_id)) and (run.run_id, record.timings["started"]) not in logged
    ]
    if not rows and not left and ended:
        return None
    logger = Logger(config.tracking.uri, sweep.plan, folder=sweep.folder, environment=provenance)
    for run in left:
        logger.submit(run, sweep.records[run.run_id], sweep.weights(run.run_id))
    return logger


def _finish(sweep: Sweep, logger: Logger | None, status: str, console: Console) -> None:
    """Bring the logging to its end, write the tables, print the answer."""
    from nnexp.analysis import csv, report  # pandas: too slow to load before training starts

    if logger:
        logger.drain(LOGGING_TIME[status])
    ids = mlflow_run_ids(sweep.folder, sweep.records)
    tables = csv.write_tables(sweep.plan, sweep.records, ids, sweep.folder)
    if len(sweep.plan.runs) == 1:
        run = sweep.plan.runs[0]
        console.print(run_line(run, sweep.records.get(run.run_id)), highlight=False)
    else:
        console.print(report.answer(sweep.plan, tables.summary, tables.runs))
    if failed := sweep.statuses["failed"]:
        console.print(f"{count(failed, 'run')} failed; mode=retry trains again what failed.", style="red")
    console.print(f"CSV files: {sweep.folder}", highlight=False, soft_wrap=True)
    if logger:
        files = [sweep.folder / f"{name}.csv" for name in tables._fields]
        told = logger.close(
            status, sweep.statuses, [sweep.folder / "sweep.yaml", *files], LOGGING_TIME[status]
        )
        console.print(_logged(len(told.unlogged), told.error), highlight=False, soft_wrap=True)


def _logged(unlogged: int, error: str | None) -> str:
    if error is None:
        return "MLflow: nnexp ui shows the runs, their curves and models"
    what = (
        f"{count(unlogged, 'run')} not logged yet" if unlogged else "the sweep's own page is not up to date"
    )
    return f"MLflow: {what} ({error}); the same command again brings it up to date"

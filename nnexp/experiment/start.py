"""Before a sweep trains: what is asked, what is there already, where it is logged; and then it begins."""

import os
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from nnexp.config import Config, Execution
from nnexp.config.study import config_at, with_result
from nnexp.errors import UserError
from nnexp.experiment.messages import plan_table, stages_that_follow, useless_checkpoints, what_follows
from nnexp.experiment.notifier import Notifier
from nnexp.experiment.planning import advise, agreed, announce, planned, seeds_to_plan
from nnexp.experiment.rounds import begun, check_whole, is_whole, left_out
from nnexp.experiment.study import check_stage, has_ended, taken
from nnexp.experiment.training import Experiment
from nnexp.experiment.tuning import chosen, planned_trials
from nnexp.experiment.workers import Workers
from nnexp.report.study import stage_text
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.slurm_jobs import job_script
from nnexp.sweep.pool.stacks import Mark
from nnexp.sweep.question.identity import formulas
from nnexp.sweep.question.plan import Plan, is_of_trials
from nnexp.sweep.store.checkpoints import find_checkpoints
from nnexp.sweep.store.folder import Sweep, sweep_folder
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.rounds_file import awaited
from nnexp.tracking import STORE_VARIABLE, check_store, move_note, public_uri


def dry_run(config: Config, console: Console) -> Sweep:
    """Print the points of the plan and how many of their runs are done; train and write nothing.

    Of a tuned sweep it is the plan of its trials, until they are done.
    """
    datasets = Datasets()
    _check_stages(config, datasets)
    for stage in config.question.stages:
        sweep = _dry_run(config_at(config, stage), datasets, console)
        if not is_whole(sweep):
            console.print(stages_that_follow(config.question, stage))
            return sweep
        result = taken(stage, sweep)
        config = with_result(config, result)
        console.print(stage_text(result))
    return _dry_run(config, datasets, console)


def _dry_run(config: Config, datasets: Datasets, console: Console) -> Sweep:
    """The same for a sweep without stages."""
    whole = planned(config, datasets.load, console)
    if not config.question.tuning:
        return _show_plan(config.execution, whole, datasets, console)
    trials = planned_trials(config, datasets.load)
    mode, sweeps_dir = config.execution.mode, config.execution.sweeps_dir
    sweep = begun(trials, sweep_folder(sweeps_dir, trials), mode, sweeps_dir, datasets.load)
    if sweep.pending(mode) or not is_whole(sweep):
        _show_plan(config.execution, trials, datasets, console)
        console.print(what_follows(trials, whole))
        return sweep
    whole = planned(chosen(config, sweep), datasets.load, Console(quiet=True))
    return _show_plan(config.execution, whole, datasets, console)


def _show_plan(execution: Execution, whole: Plan, datasets: Datasets, console: Console) -> Sweep:
    mode, sweeps_dir = execution.mode, execution.sweeps_dir
    sweep = begun(whole, sweep_folder(sweeps_dir, whole), mode, sweeps_dir, datasets.load)
    _say_left_out(whole, sweep.folder, console)
    workers = Workers(whole, execution, sweep.folder, datasets, console)
    pending = sweep.pending(mode)
    advise(sweep.plan, pending, datasets.load, console)
    marks = _marks(sweep, execution, console)
    announce(sweep, pending, workers.number(len(pending)), datasets.load, console, marks)
    if len(whole.points) > 1 and not is_of_trials(whole):
        console.print(seeds_to_plan(sweep, sweeps_dir))
    console.print(plan_table(sweep.plan, pending))
    if jobs := workers.jobs(len(pending)):
        console.print(f"Each job of Slurm's:\n{job_script(jobs)}", soft_wrap=True)
    return sweep


def run_sweep(config: Config, console: Console) -> list[Sweep]:
    """Train every run that has no record yet, record and log each, write the CSV files, print the answer.

    Of a tuned sweep there are two: its trials, and what they choose. The last one is the answer.

    Raises:
        UserError: something was asked that cannot be done; nothing was trained.
        SweepError: the sweep could not go on.
    """
    with Notifier(config.execution.notify, console) as notifier:
        return _run_all(config, console, notifier)


def _run_all(config: Config, console: Console, notifier: Notifier) -> list[Sweep]:
    """The same, stage after stage."""
    datasets, sweeps = Datasets(), list[Sweep]()
    _check_stages(config, datasets)
    for stage in config.question.stages:
        own = config_at(config, stage)
        ended = has_ended(own, datasets.load)  # its line says all that was said before
        sweeps += _run_one(own, datasets, Console(quiet=True) if ended else console, notifier)
        if awaited(sweeps[-1].folder):  # a round that somebody does not want to train
            return sweeps
        check_whole(sweeps[-1])
        result = taken(stage, sweeps[-1])
        config = with_result(config, result)
        console.print(stage_text(result))
    return sweeps + _run_one(config, datasets, console, notifier)


def _check_stages(config: Config, datasets: Datasets) -> None:
    """Raise `UserError` unless all stages of a study can be asked, before the first one trains."""
    for stage in config.question.stages:
        own = config_at(config, stage)
        plan = planned(own, datasets.load, Console(quiet=True))
        check_stage(stage, replace(plan, tuning=own.question.tuning))
        if own.question.tuning:
            planned_trials(own, datasets.load)
    if config.question.stages:
        planned(config, datasets.load, Console(quiet=True))
        if config.question.tuning:
            planned_trials(config, datasets.load)


def _run_one(config: Config, datasets: Datasets, console: Console, notifier: Notifier) -> list[Sweep]:
    """The same for a sweep without stages."""
    execution, tracking = config.execution, config.tracking
    plan = planned(config, datasets.load, console)
    if not config.question.tuning:
        return [carry_out(plan, execution, tracking.uri, datasets, console, tracking.models, notifier)]
    trials = planned_trials(config, datasets.load)
    drawn_later = replace(execution, pictures=False)
    tried = carry_out(trials, drawn_later, tracking.uri, datasets, console, tracking.models, notifier)
    if awaited(tried.folder):  # a round that somebody does not want to train
        return [tried]
    check_whole(tried)
    plan = planned(chosen(config, tried), datasets.load, Console(quiet=True))
    return [tried, carry_out(plan, execution, tracking.uri, datasets, console, tracking.models, notifier)]


def carry_out(
    whole: Plan,
    execution: Execution,
    uri: str | None,
    datasets: Datasets,
    console: Console,
    models: str,
    notifier: Notifier,
) -> Sweep:
    """The same for a plan; `uri`: the store, None for none; `models`: whose networks it gets."""
    folder = sweep_folder(execution.sweeps_dir, whole)
    problem = None if uri is None else _problem(uri)
    if problem and not folder.exists():
        raise problem
    with held(folder) as writable:
        sweep = begun(whole, folder, execution.mode, execution.sweeps_dir, datasets.load)
        _say_left_out(whole, folder, console)
        pending = sweep.pending(execution.mode)
        if pending and problem:
            raise problem
        if pending and not writable:
            raise UserError(
                f"sweeps_dir must be a folder that can be written, not read-only or full: {folder}"
            )
        workers = Workers(whole, execution, folder, datasets, console)
        workers.check(len(pending))
        advise(sweep.plan, pending, datasets.load, console)
        marks = _marks(sweep, execution, console)
        if len(whole.runs) > 1 or not pending or marks:
            number = workers.number(len(pending))
            seconds = announce(sweep, pending, number, datasets.load, console, marks)
            if not agreed(seconds, execution.confirm_above, console):
                notifier.stop()
                raise UserError("nothing was trained; confirm_above=null trains without asking")
        store = uri if writable and not problem else None  # a finished sweep answers without it
        if store:
            _say_where(store, console)
        experiment = Experiment(whole, sweep, execution, workers, store, datasets, console, models, notifier)
        experiment.run(pending, marks)
        if problem:
            console.print(f"MLflow: {problem}")
    return experiment.sweep


def _marks(sweep: Sweep, execution: Execution, console: Console) -> dict[str, Mark]:
    """Where runs go on that were cut before; says which checkpoints are of no use."""
    checkpoints = find_checkpoints(sweep, execution.mode, formulas().all_digest)
    for line in useless_checkpoints(checkpoints):
        console.print(line)
    return checkpoints.marks


def _say_left_out(whole: Plan, folder: Path, console: Console) -> None:
    """Say that a lower limit on seeds hides runs."""
    if line := left_out(whole, folder):
        console.print(line)


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

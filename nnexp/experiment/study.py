"""Studies: stages in a row, each from what the one before took; then the study's own sweep."""

from typing import Any

import numpy as np
from rich.console import Console

from nnexp.config import Config
from nnexp.errors import UserError, unknown
from nnexp.experiment.planning import planned
from nnexp.experiment.rounds import begun, is_whole
from nnexp.experiment.tuning import chosen, planned_trials
from nnexp.results.by_point import accuracy_metric, standing
from nnexp.results.columns import metric_names
from nnexp.results.tables import Tables, make_tables
from nnexp.sweep.pool.estimate import Load
from nnexp.sweep.pool.stop import SweepError
from nnexp.sweep.question.plan import Plan, StageResult
from nnexp.sweep.question.ranges import REAL, WHOLE
from nnexp.sweep.question.stages import Stage
from nnexp.sweep.store.folder import Sweep, sweep_folder
from nnexp.text import count, percent


def check_stage(stage: Stage, plan: Plan) -> None:
    """Raise `UserError` unless a stage can be chosen from by what it names.

    `plan`: the stage's, or one like it where its points are not yet known.
    """
    names = [name for name in metric_names(plan) if not name.startswith("test_")]
    for name in filter(None, (stage.metric, *(stage.take or {}).values())):
        if name not in names:
            raise unknown(f"figure in the stage {stage.name}, which takes no test data,", name, names)
    varied = {*plan.axes, *(plan.tuning.names if plan.tuning else ())}
    for name, figure in (stage.take or {}).items():
        if not figure and name not in varied:
            raise unknown(f"setting in take of the stage {stage.name}, which varies", name, varied)
        if figure and name not in WHOLE | REAL:
            raise UserError(f"take of the stage {stage.name} gives {name} a figure, and {name} is no number")
    for name in sorted({*varied, *(stage.take or {})}):
        if name == "data" or name.startswith("seed_"):
            raise UserError(f"the stage {stage.name} cannot choose {name}: a study stays with its own")
    if both := sorted(varied & set(stage.settings)):
        raise UserError(f"the stage {stage.name} sets {both[0]}, and varies it: write one")


def has_ended(config: Config, load: Load) -> bool:
    """Whether what a stage asks, with its trials, has nothing left to train."""
    mode, sweeps_dir = config.execution.mode, config.execution.sweeps_dir

    def whole_sweep(plan: Plan) -> Sweep | None:
        sweep = begun(plan, sweep_folder(sweeps_dir, plan), mode, sweeps_dir, load)
        return None if sweep.pending(mode) or not is_whole(sweep) else sweep

    if config.question.tuning:
        tried = whole_sweep(planned_trials(config, load))
        if tried is None:
            return False
        config = chosen(config, tried)
    return whole_sweep(planned(config, load, Console(quiet=True))) is not None


def taken(stage: Stage, sweep: Sweep) -> StageResult:
    """What a study takes from a stage that has ended.

    Raises:
        SweepError: no point has an answer.
    """
    plan, tables = sweep.plan, make_tables(sweep.plan, sweep.records, {})
    point, why = _best(stage, plan, tables)
    values = plan.settings_at(point)
    names = stage.take or dict.fromkeys((*plan.axes, *plan.tuned), "")
    took = {
        name: _figure(tables, plan, point, name, figure) if figure else values[name]
        for name, figure in names.items()
    }
    accuracy = float(tables.summary[f"{accuracy_metric(plan)}_mean"].to_numpy(float)[point])
    return StageResult(stage.name, f"{plan.name}/{plan.sweep_id}", took, why, accuracy, stage.digest)


def _best(stage: Stage, plan: Plan, tables: Tables) -> tuple[int, str]:
    """The number of the best point, of those that lost the fewest runs, and why it is."""
    metric = stage.metric or accuracy_metric(plan)
    finished = tables.summary["n"].to_numpy(int)
    means = np.where(finished == finished.max(), tables.summary[f"{metric}_mean"].to_numpy(float), np.nan)
    point = None if stage.metric else standing(plan, tables.runs).comparison.best
    if point is None and not np.isnan(means).all():
        point = int(np.nanargmin(means) if stage.lowest else np.nanargmax(means))
    if point is None or np.isnan(means[point]):
        raise SweepError(f"the stage {stage.name} has no best point: no run has {metric}")
    of = f" of {count(len(means), 'point')}" if len(means) > 1 else ""
    value = percent(means[point]) if "accuracy" in metric else f"{means[point]:.3g}"
    return point, f"{'lowest' if stage.lowest else 'highest'} {metric}{of}, {value}"


def _figure(tables: Tables, plan: Plan, point: int, name: str, figure: str) -> Any:
    """The median of a figure over the finished runs of a point, as a value of the setting."""
    runs = tables.runs[tables.runs["run_id"].isin([run.run_id for run in plan.runs_by_point[point]])]
    median = float(runs[runs["status"] == "finished"][figure].median())
    if np.isnan(median):
        raise SweepError(f"the best point has no {figure} that {name} could take")
    return int(np.ceil(median)) if name in WHOLE else median

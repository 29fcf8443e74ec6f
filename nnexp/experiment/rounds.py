"""From one round of a sweep to the next: what its question and its records give, whoever trains it."""

from dataclasses import replace
from pathlib import Path

from nnexp.claims.undecided import undecided_points
from nnexp.results.tables import make_tables, runs_table
from nnexp.results.trials import accuracies
from nnexp.sweep.pool.estimate import Load
from nnexp.sweep.pool.stop import SweepError
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import with_points
from nnexp.sweep.question.pruners import Curve, floors
from nnexp.sweep.question.rounds import grown, next_round, so_far
from nnexp.sweep.question.trials import next_settings
from nnexp.sweep.store.folder import Sweep, find_sweep
from nnexp.sweep.store.plan_file import points_in
from nnexp.sweep.store.record import Record
from nnexp.sweep.store.rounds_file import read_rounds
from nnexp.text import count


def begun(whole: Plan, folder: Path, mode: str, sweeps_dir: str, load: Load) -> Sweep:
    """The sweep in `folder` with its last round, or with the next one if that has ended.

    `whole`: the plan with all runs that may come; of a search in rounds, with those of its first round.
    """
    rounds = read_rounds(folder)
    plan = so_far(whole, rounds)
    if whole.is_search and (tried := points_in(folder)):
        plan = with_points(whole, tried, load)
    sweep = find_sweep(folder, plan)
    if sweep.pending(mode) or next_round(sweep.plan, rounds):  # not trained, or not frozen
        return sweep
    return with_next_round(whole, sweep, sweeps_dir, load) or sweep


def with_next_round(whole: Plan, sweep: Sweep, sweeps_dir: str, load: Load) -> Sweep | None:
    """The sweep with one more round; None where none comes.

    None comes after the last one, nor while a run is missing.
    """
    if not (whole.until or whole.is_search) or not is_whole(sweep):
        return None
    if whole.is_search:
        plan = _with_more_settings(sweep, load)
    else:
        tables = make_tables(sweep.plan, sweep.records, {})
        plan = grown(whole, sweep.plan, undecided_points(sweep.plan, tables, sweeps_dir))
    return None if plan is None else find_sweep(sweep.folder, plan)


def left_out(whole: Plan, folder: Path) -> str:
    """What a lower `sweep.seeds.to` than that of earlier rounds leaves out, in a line; empty if nothing."""
    if whole.until is None:
        return ""
    keys = (key for each in read_rounds(folder) for key in each.runs)
    runs = sum(key.seed >= whole.until.most for key in keys)
    if not runs:
        return ""
    return f"{count(runs, 'run')} of earlier rounds left out, beyond sweep.seeds.to={whole.until.most}"


def is_whole(sweep: Sweep) -> bool:
    """Whether nothing of its rounds has still to be trained.

    What has failed is trained again first, so that the rounds are those of a sweep in which nothing failed.
    A search goes on: a setting that fails is one that does badly.
    """
    return not sweep.pending("cached" if sweep.plan.is_search else "retry")


def check_whole(sweep: Sweep) -> None:
    """Raise `SweepError` while something of a sweep that is chosen from has still to be trained."""
    if not is_whole(sweep):
        left, name = len(sweep.pending("retry")), f"{sweep.plan.name}/{sweep.plan.sweep_id}"
        raise SweepError(
            f"{count(left, 'run')} of {name} failed or timed out, and nothing is chosen without them: "
            f"nnexp retry {name}, then the same command again"
        )


def _with_more_settings(sweep: Sweep, load: Load) -> Plan | None:
    """The plan of a search with the settings of its next round; None at its end."""
    plan, records = sweep.plan, sweep.records
    assert plan.tuning
    tried = accuracies(plan, runs_table(plan, records, {})).tolist()
    settings = next_settings(plan.tuning, plan.home, list(zip(plan.points, tried, strict=True)))
    if not settings:
        return None
    curves = [_curve(records[run.run_id]) for run in plan.runs]
    plan = with_points(plan, [*plan.points, *settings], load)
    epochs = max(run.hyperparameters.epochs for run in plan.runs)
    assert plan.tuning
    return replace(plan, floors=floors(plan.tuning.pruner, curves, epochs))


def _curve(record: Record) -> Curve:
    """The validation accuracies of a run; none of one that failed."""
    columns = (record.history.get(name, []) for name in ("epoch", "validation_accuracy"))
    pairs = zip(*columns, strict=True)
    return {int(epoch): accuracy for epoch, accuracy in pairs if epoch and accuracy is not None}

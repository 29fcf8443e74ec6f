"""From one round of a sweep to the next: what its question and its records give, whoever trains it."""

from pathlib import Path

from nnexp.claims.undecided import undecided_points
from nnexp.results.tables import make_tables
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.rounds import grown, next_round, so_far
from nnexp.sweep.store.folder import Sweep, find_sweep
from nnexp.sweep.store.rounds_file import read_rounds
from nnexp.text import count


def begun(whole: Plan, folder: Path, mode: str, sweeps_dir: str) -> Sweep:
    """The sweep in `folder` with its last round, or with the next one if that has ended.

    `whole`: the plan with all runs that may come.
    """
    rounds = read_rounds(folder)
    sweep = find_sweep(folder, so_far(whole, rounds))
    if sweep.pending(mode) or next_round(sweep.plan, rounds):  # not trained, or not frozen
        return sweep
    return with_next_round(whole, sweep, sweeps_dir) or sweep


def with_next_round(whole: Plan, sweep: Sweep, sweeps_dir: str) -> Sweep | None:
    """The sweep with one more round; None where none comes.

    None comes after the last one, nor while a run is missing: what has failed is trained again first, so that
    the rounds are those of a sweep in which nothing failed.
    """
    if whole.until is None or not is_whole(sweep):
        return None
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
    """Whether all runs of its rounds are done."""
    return not sweep.pending("retry")

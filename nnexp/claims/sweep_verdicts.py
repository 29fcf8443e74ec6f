"""The verdicts on a sweep's own claims: judged from its tables, and read back from its verdicts.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnexp.claims.answerable import frozen_claims
from nnexp.claims.findings import ORDER
from nnexp.claims.sweep_runs import Frames
from nnexp.claims.verdicts import DTYPES, judge
from nnexp.errors import UserError, unknown
from nnexp.results.read_csv import cell_place, read_table
from nnexp.results.stamp import is_current
from nnexp.results.sweep_folder import mixed_versions, results_in, trials_behind
from nnexp.results.tables import Results, Tables
from nnexp.results.write_csv import VERDICTS
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.catalog import find_sweep_folder
from nnexp.sweep.store.looks import note_on_looks
from nnexp.sweep.store.plan_file import read_plan

if TYPE_CHECKING:
    import pandas as pd


def results_of(
    plan: Plan, tables: Tables, environments: Iterable[Mapping[str, Any]], sweeps_dir: str | Path
) -> Results:
    """The results of a sweep, its claims judged now. `environments`: what each run was trained with."""
    verdicts, trials = judge_claims(plan, tables, sweeps_dir), trials_behind(plan, sweeps_dir)
    return Results(plan, tables, verdicts, mixed_versions(environments), trials)


def looks_at(folder: Path, plan: Plan, runs: pd.DataFrame, verdicts: pd.DataFrame) -> tuple[str, ...]:
    """A line on earlier looks at the sweep in `folder`, if there were any."""
    told = dict(zip(verdicts["id"], verdicts["verdict"], strict=True))
    line = note_on_looks(folder, plan, len(runs), told)
    return (line,) if line else ()


def judge_claims(
    plan: Plan, tables: Tables, sweeps_dir: str | Path, *, published: bool = False
) -> pd.DataFrame:
    """The frame of `judge` for the plan's claims, which may take other sweeps in `sweeps_dir`.

    What is published rests on what is published, whatever was trained here since.
    """
    others = sweeps_by_name(sweeps_dir, published=published)
    return judge(frozen_claims(plan), plan, tables.runs, tables.history, others)


def sweeps_by_name(sweeps_dir: str | Path, *, published: bool = False) -> Callable[[str], Frames]:
    """What gives the runs of another sweep in `sweeps_dir`, or of a published one, by its name."""

    def others(name: str) -> Frames:
        words = f"{PUBLISHED}/{name}" if published else name
        folder = find_sweep_folder(words, sweeps_dir, published=True).folder
        other = read_plan(folder)
        frames = results_in(folder, other)
        return other, frames.runs, frames.history

    return others


def verdicts_in(folder: Path, plan: Plan, tables: Tables, sweeps_dir: str | Path) -> pd.DataFrame:
    """The verdicts of the sweep in `folder`: of its verdicts.csv, or judged now if the records say otherwise.

    What rests on another sweep is always judged now: that one may have changed. So is what is published.
    """
    path = folder / f"{VERDICTS}.csv"
    alone = all(claim.stands_alone for claim in frozen_claims(plan))
    if path.exists() and alone and is_current(folder):
        return read_verdicts(path)
    return judge_claims(plan, tables, sweeps_dir, published=not (folder / "records").is_dir())


def read_verdicts(path: Path) -> pd.DataFrame:
    """The frame of a verdicts.csv, with its dtypes.

    Raises:
        UserError: no such file, or a column or cell is not what was written; names column and row.
    """
    verdicts = read_table(path, ("id", "verdict"))
    for column in DTYPES:
        if column not in verdicts:
            raise UserError(f"{path} has no column {column!r}")
    for row in verdicts.index[~verdicts["verdict"].isin(ORDER)]:
        raise UserError(
            f"{cell_place(path, 'verdict', row)}: {unknown('verdict', verdicts['verdict'][row], ORDER)}"
        )
    for column in ("effect_kind", "rel", "threshold", "n"):
        for row in verdicts.index[verdicts["effect"].notna() & verdicts[column].isna()]:
            raise UserError(f"{cell_place(path, column, row)} must not be empty beside an effect")
    return verdicts

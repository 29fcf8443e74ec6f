"""What a sweep says: its tables, its verdicts, and what a reader must know of the runs it rests on."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rich.console import Group
from rich.text import Text

from nnexp.claims.parsing import claims_of
from nnexp.claims.samples import Frames
from nnexp.claims.verdicts import judge
from nnexp.errors import UserError, unknown
from nnexp.files import replacing
from nnexp.report import terminal
from nnexp.report.markdown import description
from nnexp.report.verdicts import verdict_page
from nnexp.results import read_csv, write_csv
from nnexp.results.tables import samples
from nnexp.results.write_csv import Tables
from nnexp.statistics.intervals import compare_with_best
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.folder import Sweep, named_folder, open_sweep, sweep_folders
from nnexp.sweep.store.plan_file import FILE, read_plan

PREMISES = ("numerics", "nnexp", "kernel")  # of a record's environment: what decides its figures
VERDICTS = "verdicts"


class Answer(NamedTuple):
    """`verdicts`: the frame of `judge`, a row per claim. `notes`: what is odd about the runs, a line each."""

    plan: Plan
    tables: Tables
    verdicts: pd.DataFrame
    notes: tuple[str, ...] = ()


def answer_of(sweep: Sweep, tables: Tables, sweeps_dir: str | Path) -> Answer:
    """The answer of a sweep with its tables; claims may take other sweeps in `sweeps_dir`."""
    notes = mixed_versions(record.environment for record in sweep.records.values())
    return Answer(sweep.plan, tables, verdicts_of(sweep.plan, tables, sweeps_dir), notes)


def verdicts_of(plan: Plan, tables: Tables, sweeps_dir: str | Path) -> pd.DataFrame:
    """The verdicts on the plan's claims."""

    def others(name: str) -> Frames:
        folder = located(name, sweeps_dir)
        other = read_plan(folder)
        frames = results_in(folder, other)
        if frames.history.empty and len(frames.runs):
            raise UserError(f"it rests on the sweep {name}, which is here without its history: train it")
        return other, frames.runs, frames.history

    return judge(claims_of(plan), plan, tables.runs, tables.history, others)


def page(answer: Answer, metrics: Sequence[str] = ()) -> Group:
    """The answer, to print: table, verdicts, notes. `metrics`: figures that get a column of their own."""
    plan, tables = answer.plan, answer.tables
    parts = [terminal.answer(plan, tables.summary, tables.runs, metrics)]
    if len(answer.verdicts):
        parts.append(verdict_page(answer.verdicts))
    return Group(*parts, *(Text(note, style="yellow") for note in answer.notes))


def write(answer: Answer, folder: Path) -> list[Path]:
    """Write the CSV files into `folder`; their paths. verdicts.csv only where there are claims.

    Raises:
        OSError: a file cannot be written; it is as it was before.
    """
    paths = [write_csv.write_table(name, table, folder) for name, table in answer.tables._asdict().items()]
    if len(answer.verdicts):
        return [*paths, write_csv.write_table(VERDICTS, answer.verdicts, folder)]
    if (left := folder / f"{VERDICTS}.csv").exists():  # the sweep had claims before
        left.unlink()
    return paths


def write_parquet(answer: Answer, folder: Path) -> list[Path]:
    """The same as Parquet files, which keep the types."""
    tables = answer.tables._asdict() | ({VERDICTS: answer.verdicts} if len(answer.verdicts) else {})
    paths = [folder / f"{name}.parquet" for name in tables]
    for path, table in zip(paths, tables.values(), strict=True):
        with replacing(path) as file:
            table.to_parquet(file, index=False)
    return paths


def tags(answer: Answer) -> dict[str, str]:
    """Tags of the sweep's page in MLflow: each verdict, and the answer as its description."""
    verdicts = dict(zip(answer.verdicts["id"], answer.verdicts["verdict"], strict=True))
    named = {re.sub(r"[^\w./ -]", "_", f"nnexp.verdict.{i}"): v for i, v in verdicts.items()}
    told = description(answer.plan, answer.tables, answer.verdicts, answer.notes)
    return named | {"mlflow.note.content": told}


def mixed_versions(environments: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """A line for each premise in which runs differ: their figures may differ by more than what varies."""
    lines = []
    known = list(environments)
    for name in PREMISES:
        counts = Counter(str(environment.get(name))[:12] for environment in known)
        if len(counts) > 1:
            told = ", ".join(f"{value} ({count} runs)" for value, count in counts.most_common())
            lines.append(f"Mixed versions: the runs differ in {name}: {told}.")
    return tuple(lines)


def environments_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Of each whole record in a sweep's folder, what it was trained with; checksums are not looked at."""
    for path in (folder / "records").glob("*.json"):
        with suppress(ValueError, KeyError, TypeError):  # torn: its run counts as pending
            yield json.loads(path.read_bytes())["environment"]


def located(words: str, sweeps_dir: str | Path) -> Path:
    """The folder of the sweep NAME (its newest), or NAME/ID; else of the published results of that name.

    Raises:
        UserError: there is none, or several; names the close ones.
    """
    try:
        return named_folder(sweeps_dir, words)
    except UserError as error:
        home = Path(sweeps_dir, "published")
        published = {path.parent.relative_to(home).as_posix(): path.parent for path in home.rglob(FILE)}
        if (name := words.removeprefix("published/")) in published:
            return published[name]
        names = {path.parent.relative_to(sweeps_dir).as_posix() for path in sweep_folders(sweeps_dir)}
        if not names and not published:
            told = f"no sweep in {sweeps_dir} yet: python -m nnexp +sweep=batch_size trains one"
            raise UserError(told) from error
        if words.rpartition("/")[0] in names:
            raise
        raise unknown("sweep", words, names | published.keys()) from error


def results_in(folder: Path, plan: Plan, mlflow_run_ids: Mapping[str, str] = MappingProxyType({})) -> Tables:
    """The tables of the sweep in `folder`: from its CSV files, or from its records where those are newer.

    Raises:
        UserError: neither is there, or what is there cannot be read.
    """
    records = folder / "records"
    written = [folder / f"{name}.csv" for name in Tables._fields]
    if (all(path.exists() for path in written) and is_current(written[0])) or not records.is_dir():
        return read_csv.read_tables(plan, folder)
    return write_csv.make_tables(plan, open_sweep(folder).records, mlflow_run_ids)


def is_current(table: Path) -> bool:
    """Whether a table in a sweep's folder is there, and no record is newer."""
    records = (table.parent / "records").glob("*.json")
    newest = max((path.stat().st_mtime_ns for path in records), default=0)
    return table.exists() and table.stat().st_mtime_ns >= newest


def best_run(plan: Plan, runs: pd.DataFrame) -> Run | None:
    """The finished run of the best point, on validation, that did best there; None if no run finished."""
    values = samples(plan, runs, [terminal.accuracy_metric(plan)])[0]
    best = compare_with_best(values).best
    if best is None:
        return None
    return plan.runs[best * len(plan.seeds) + int(np.nanargmax(values[best]))]

"""The CSV files of a sweep, read back: whatever was edited by hand is named with its column and row.

Every float is the one that was written, to the last bit.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from nnexp.errors import UserError, unknown
from nnexp.results.columns import WHOLE_OR_LIST, dtype_of, frame
from nnexp.results.tables import Tables, make_tables
from nnexp.sweep.question.identity import NEUTRAL_VALUES
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.points import SETTINGS
from nnexp.sweep.store.record import Status

if TYPE_CHECKING:
    import pandas as pd


PUBLISHED_HISTORY = "history.csv.gz"
TORN = (EOFError, zlib.error, gzip.BadGzipFile)  # a compressed file that is not whole


def read_tables(plan: Plan, folder: Path) -> Tables:
    """The three tables of a sweep from its CSV files; the history from a compressed one, as it is published.

    Raises:
        UserError: as `read_runs`; or a column is missing, rows are missing, doubled, in another order or for
            no run of the plan, or a setting is not the plan's.
    """
    files = _files(folder)
    tables = Tables(
        _with_later_settings(read_runs(files["runs"])),
        read_history(files["history"]),
        read_summary(files["summary"]),
    )
    for (name, table), usual in zip(tables._asdict().items(), make_tables(plan, {}, {}), strict=True):
        for column in usual:
            if column not in table:
                raise UserError(f"{files[name]} has no column {column!r}")
    _check_planned(tables, plan, files)
    _check_epochs(tables, files["history"])
    return tables


def _files(folder: Path) -> dict[str, Path]:
    """Where each table lies."""
    files = {name: folder / f"{name}.csv" for name in Tables._fields}
    published = folder / PUBLISHED_HISTORY
    return files if files["history"].exists() or not published.exists() else files | {"history": published}


def _with_later_settings(runs: pd.DataFrame) -> pd.DataFrame:
    """The table of runs with the settings that came after it was written, each where it belongs."""
    for name in (name for name in NEUTRAL_VALUES if name not in runs):
        before = [column for column in SETTINGS[: SETTINGS.index(name)] if column in runs]
        place = list(runs).index(before[-1]) + 1
        runs.insert(place, name, frame({name: [NEUTRAL_VALUES[name]] * len(runs)})[name])
    return runs


def _check_planned(tables: Tables, plan: Plan, files: Mapping[str, Path]) -> None:
    """Raise where a table has other runs than the plan, or other settings."""
    settings = {run.run_id: run.settings for run in plan.runs}
    for name, table in (("runs", tables.runs), ("history", tables.history)):
        for row in table.index[~table["run_id"].isin(settings)][:1]:
            place = cell_place(files[name], "run_id", row)
            raise UserError(f"{place} must be a run of sweep {plan.name}, got {table['run_id'][row]!r}")
    ids = tables.runs["run_id"]
    for row in ids.index[ids.duplicated()][:1]:
        raise UserError(f"{cell_place(files['runs'], 'run_id', row)} is there twice: {ids[row]!r}")
    if len(tables.summary) != len(plan.points):
        rows = f"{len(plan.points)} rows, one per point, got {len(tables.summary)}"
        raise UserError(f"{files['summary']} must have {rows}")
    axes, of_points = ("seed", *plan.axes), [plan.settings_at(number) for number in range(len(plan.points))]
    planned = {
        "runs": frame({name: [settings[run][name] for run in ids] for name in SETTINGS}),
        "history": frame({name: [settings[run][name] for run in tables.history["run_id"]] for name in axes}),
        "summary": frame({n: [each[n] for each in of_points] for n in (*plan.axes, *plan.tuned)}),
    }
    for name, table in tables._asdict().items():
        for column in planned[name]:
            right, read = planned[name][column], table[column]
            same = ((read == right) | (read.isna() & right.isna())).fillna(False).astype(bool)
            for row in table.index[~same][:1]:
                place = cell_place(files[name], str(column), row)
                raise UserError(f"{place} must be {right[row]} as in the plan, got {read[row]}")


def _check_epochs(tables: Tables, path: Path) -> None:
    """Raise where an epoch is there twice, or the last ones of a finished run are missing."""
    history, runs = tables.history, tables.runs
    for row in history.index[history.duplicated(["run_id", "epoch"])][:1]:
        raise UserError(f"{cell_place(path, 'epoch', row)} is there twice: {history['epoch'][row]}")
    last = history.groupby("run_id")["epoch"].max()
    finished = runs[runs["status"] == "finished"]
    for run, done in zip(finished["run_id"], finished["epochs_done"], strict=True):
        if last.get(run) != done:
            raise UserError(f"{path} must end with epoch {done} for run {run}, got {last.get(run, 'none')}")


def read_runs(path: Path) -> pd.DataFrame:
    """The frame of a runs.csv, with its dtypes.

    Raises:
        UserError: no such file, or a column or cell is not what was written; names column and row.
    """
    runs = read_table(path, ("run_id", "status", "seed"))
    choices = get_args(Status)
    for row in runs.index[~runs["status"].isin(choices)]:
        raise UserError(
            f"{cell_place(path, 'status', row)}: {unknown('status', runs.loc[row, 'status'], choices)}"
        )
    return runs


def read_history(path: Path) -> pd.DataFrame:
    """The frame of a history.csv, with its dtypes. Raises as `read_runs`."""
    return read_table(path, ("run_id", "seed", "epoch"))


def read_summary(path: Path) -> pd.DataFrame:
    """The frame of a summary.csv, with its dtypes. Raises as `read_runs`.

    An older one has no column `pruned`: no run of its sweep was.
    """
    counts = ("n", "failed", "diverged")
    summary = read_table(path, counts)
    if "pruned" in summary:
        return read_table(path, (*counts, "pruned"))
    summary.insert(
        list(summary).index("diverged") + 1, "pruned", frame({"pruned": [0] * len(summary)})["pruned"]
    )
    return summary


def read_table(path: Path, filled: tuple[str, ...]) -> pd.DataFrame:
    """A table whose `filled` columns must be there and have no empty cell."""
    names = list(map(str, _parse(path, {}, rows=1)))
    for name in filled:
        if name not in names:
            raise UserError(f"{path} has no column {name!r}; its columns are {', '.join(names)}")
    try:
        table = _parse(path, {n: "string" if n in WHOLE_OR_LIST else dtype_of(n) for n in names})
        for name in set(WHOLE_OR_LIST).intersection(names):
            if not _is_listed(table, name):
                table[name] = table[name].astype("Int64")
    except UserError:
        raise
    except (ValueError, TypeError):
        raise _misfit(path) from None
    for name in filled:
        for row in table.index[table[name].isna()]:
            raise UserError(f"{cell_place(path, name, row)} must not be empty")
    return table


def _is_listed(table: pd.DataFrame, name: str) -> bool:
    """Whether one of the cells is a list such as [100,30], which makes a column of whole numbers text."""
    return name in WHOLE_OR_LIST and bool(table[name].astype("string").str.startswith("[").any())


def _parse(path: Path, dtypes: dict[str, str], rows: int | None = None) -> pd.DataFrame:
    """Only an empty cell is a missing value: "None" and "nan" are text.

    Raises:
        UserError: no such file, or no table.
        ValueError, TypeError: a cell does not fit its dtype.
    """
    import pandas as pd

    try:
        table = pd.read_csv(
            path, dtype=dtypes, nrows=rows, keep_default_na=False, na_values=[""], encoding="utf-8-sig"
        )
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, *TORN) as error:
        raise UserError(f"{path} is no table that nnexp wrote: {str(error).strip()}") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas took the first cells for names of rows
        raise UserError(f"{path} is no table that nnexp wrote: its rows are longer than its header")
    return table


def _misfit(path: Path) -> UserError:
    """The error for the first cell that does not fit its column's dtype."""
    import pandas as pd

    table = _parse(path, {})
    for name in map(str, table):
        dtype, column = "string" if _is_listed(table, name) else dtype_of(name), table[name]
        numbers = pd.to_numeric(column, errors="coerce")
        if dtype == "Int64":
            numbers = numbers.where(numbers % 1 == 0)
        if dtype != "string":
            for row in table.index[column.notna() & numbers.isna()]:
                kind = "a whole number" if dtype == "Int64" else "a number"
                return UserError(f"{cell_place(path, name, row)} must be {kind}, got {str(column[row])!r}")
    return UserError(f"{path} is no table that nnexp wrote")


def cell_place(path: Path, column: str, row: int) -> str:
    """Where a cell is; rows as an editor counts them, the header being row 1."""
    return f"{path}, column {column!r}, row {row + 2}"

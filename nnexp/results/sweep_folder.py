"""Which folder a sweep's name means, and what lies there: its tables, and what its runs were trained with."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nnexp.errors import UserError, unknown
from nnexp.results.read_csv import read_tables
from nnexp.results.stamp import is_current
from nnexp.results.tables import Tables, make_tables
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.folder import named_folder, open_sweep, sweep_folders
from nnexp.sweep.store.plan_file import FILE, read_body
from nnexp.text import count

PREMISES = ("nnexp", "kernel")  # of a record's environment: what may change its figures, and no run_id


def results_folder(words: str, sweeps_dir: str | Path) -> Path:
    """The folder of the sweep NAME (its newest), or NAME/ID; else of the published results of that name.

    Raises:
        UserError: there is none, or several; names the close ones.
    """
    try:
        return named_folder(sweeps_dir, words)
    except UserError as error:
        home = Path(sweeps_dir, PUBLISHED)
        published = {path.parent.relative_to(home).as_posix(): path.parent for path in home.rglob(FILE)}
        if (name := words.removeprefix(f"{PUBLISHED}/")) in published:
            return published[name]
        names = {path.parent.relative_to(sweeps_dir).as_posix() for path in sweep_folders(sweeps_dir)}
        if not names and not published:
            train = "python -m nnexp +sweep=batch_size trains one"
            raise UserError(f"no sweep in {sweeps_dir} yet: {train}") from error
        if words.rpartition("/")[0] in names:
            raise
        raise unknown("sweep", words, names | published.keys()) from error


def folder_on_data(name: str, data: str, sweeps_dir: str | Path) -> Path:
    """The folder of the newest sweep NAME, or of NAME/ID, on a data set; else of its published results.

    Raises:
        UserError: as `results_folder`, or the sweep was trained on other data only.
    """
    folder = results_folder(name, sweeps_dir)
    newest_first = [other for other in reversed(sweep_folders(sweeps_dir)) if other.parent == folder.parent]
    plan_name = read_body(folder)["name"]
    published = Path(sweeps_dir, PUBLISHED, plan_name)
    candidates = [folder] if "/" in name.removeprefix(plan_name) else [folder, *newest_first, published]
    for candidate in candidates:
        with suppress(UserError):  # no plan, or a damaged one, is of no help, and no obstacle
            if data_of(candidate) == data:
                return candidate
    train = f"python -m nnexp +sweep={plan_name} data={data} trains it"
    raise UserError(f"sweep {plan_name} must be on {data}, and what is here is on {data_of(folder)}: {train}")


def data_of(folder: Path) -> str:
    """The data set that the sweep in `folder` was trained on. Raises as `read_body`."""
    return str(read_body(folder)["settings"].get("data", "several data sets"))


def results_in(folder: Path, plan: Plan, mlflow_run_ids: Mapping[str, str] = MappingProxyType({})) -> Tables:
    """The tables of the sweep in `folder`: from its CSV files, or from its records if those say otherwise.

    Raises:
        UserError: neither is there, or what is there cannot be read.
    """
    written = all((folder / f"{name}.csv").exists() for name in Tables._fields)
    if not (folder / "records").is_dir() or (written and is_current(folder)):
        return read_tables(plan, folder)
    return make_tables(plan, open_sweep(folder).records, mlflow_run_ids)


def mixed_versions(environments: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """A line for each premise in which runs differ: their figures may differ by more than what varies."""
    lines = []
    environments = list(environments)
    for name in PREMISES:
        counts = Counter(str(environment.get(name))[:12] for environment in environments)
        if len(counts) > 1:
            values = ", ".join(f"{value} ({count(n, 'run')})" for value, n in counts.most_common())
            lines.append(f"Mixed versions: the runs differ in {name}: {values}.")
    return tuple(lines)


def environments_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Of each whole record in a sweep's folder, what it was trained with; checksums are not looked at."""
    for path in (folder / "records").glob("*.json"):
        with suppress(ValueError, KeyError, TypeError, OSError):  # torn: its run counts as pending
            yield json.loads(path.read_bytes())["environment"]

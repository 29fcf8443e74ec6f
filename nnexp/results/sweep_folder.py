"""What lies in a sweep's folder: its tables, and what its runs were trained with."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nnexp.errors import UserError
from nnexp.results.read_csv import read_tables
from nnexp.results.stamp import is_current
from nnexp.results.tables import Tables, make_tables
from nnexp.results.trials import Trials, trials_in
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.folder import open_sweep
from nnexp.sweep.store.plan_file import FILE, read_head, read_plan
from nnexp.text import count

# Of a record's environment, what may change its figures, and no run_id.
PREMISES = ("nnexp", "numpy", "kernel", "scipy_kernel")


def results_in(folder: Path, plan: Plan, mlflow_run_ids: Mapping[str, str] = MappingProxyType({})) -> Tables:
    """The tables of the sweep in `folder`: from its CSV files, or from its records if those say otherwise.

    Raises:
        UserError: neither is there, or what is there cannot be read.
    """
    has_tables = all((folder / f"{name}.csv").exists() for name in Tables._fields)
    if not (folder / "records").is_dir() or (has_tables and is_current(folder)):
        return read_tables(plan, folder)
    return make_tables(plan, open_sweep(folder).records, mlflow_run_ids)


def folder_of_trials(plan: Plan, sweeps_dir: str | Path) -> Path | None:
    """Where the trials lie that a sweep rests on, published or not; None if they are not here."""
    return folder_by_id(plan.trials, sweeps_dir) if plan.trials else None


def folder_by_id(words: str, sweeps_dir: str | Path) -> Path | None:
    """Where the sweep NAME/ID lies, published or not; None if it is not here."""
    name, _, sweep_id = words.rpartition("/")
    own, published = Path(sweeps_dir, words), Path(sweeps_dir, PUBLISHED, name)
    if (own / FILE).is_file():
        return own
    with suppress(UserError):  # none, or damaged
        return published if read_head(published).sweep_id == sweep_id else None
    return None


def trials_behind(plan: Plan, sweeps_dir: str | Path) -> Trials | None:
    """The trials that a sweep rests on; None if there are none here that can be read."""
    folder = folder_of_trials(plan, sweeps_dir)
    with suppress(UserError):
        if folder:
            tried = read_plan(folder)
            return trials_in(tried, results_in(folder, tried).runs)
    return None


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

"""What lies in a sweep's folder: its tables, and what its runs were trained with."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nnexp.results.read_csv import read_tables
from nnexp.results.stamp import is_current
from nnexp.results.tables import Tables, make_tables
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.folder import open_sweep
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

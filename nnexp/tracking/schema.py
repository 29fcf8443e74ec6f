"""Whether a database has the tables of the installed MLflow, seen without importing it."""

import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

VERSIONS = Path("store", "db_migrations", "versions")
REVISION = re.compile(r'^(revision|down_revision) = "(\w+)"', re.MULTILINE)
TABLE, COLUMN = "alembic_version", "version_num"  # where a database says which revision it has


def schema_problem(revision: str) -> str | None:
    """Why the installed MLflow cannot use a database of this revision; None if it can."""
    every, newest = _revisions()
    installed = f"the installed MLflow {version('mlflow')}"
    if revision in newest:
        return None
    if revision in every:
        return f"its tables are older than {installed}: `mlflow db upgrade` brings them up to date"
    return f"its tables are of a newer MLflow than {installed}: log to another store, or to its server"


@cache
def _revisions() -> tuple[set[str], set[str]]:
    """All that the installed MLflow knows, and the newest: on which no other is built."""
    package = find_spec("mlflow")
    homes = package.submodule_search_locations if package else None
    files = [path for home in homes or () for path in (Path(home) / VERSIONS).glob("*.py")]
    found = [pair for path in files for pair in REVISION.findall(path.read_text(encoding="utf-8"))]
    every = {revision for kind, revision in found if kind == "revision"}
    return every, every - {revision for kind, revision in found if kind == "down_revision"}

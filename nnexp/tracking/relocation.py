"""A store whose folder was moved: the absolute places that MLflow notes are corrected, or named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from nnexp.errors import UserError
from nnexp.tracking.address import ARTIFACTS, artifact_location, local_folder, public_uri, scheme, sqlite_path

# Where MLflow notes a place: table, column, and how a row is known to belong to an experiment.
PLACES = (
    ("experiments", "artifact_location", "experiment_id = ?"),
    ("runs", "artifact_uri", "experiment_id = ?"),
    ("logged_models", "artifact_location", "experiment_id = ?"),
    ("model_versions", "storage_location", "run_id IN (SELECT run_uuid FROM runs WHERE experiment_id = ?)"),
)


def follow_move(uri: str) -> list[str]:
    """Correct the places of our experiments in a SQLite store whose folder was moved or copied.

    Their files belong in `mlartifacts/` beside the database. An experiment whose files are at the noted
    place, and not beside the database, is left as it is: then the database alone was moved.

    Returns: the experiments whose places were corrected.
    Raises:
        UserError: the store cannot be read or written.
    """
    with _opened(uri) as database:
        moved = _moved(database, uri)
        for experiment, _, before, now in moved:
            _correct(database, experiment, before, now)
    return [name for _, name, _, _ in moved]


def moved_places(uri: str) -> dict[str, str]:
    """What `follow_move` would correct: the place that is noted of an experiment, and the right one.

    Raises:
        UserError: the store cannot be read.
    """
    with _opened(uri) as database:
        return {before: now for _, _, before, now in _moved(database, uri)}


def move_note(uri: str) -> str:
    """`follow_move`, and what to tell the person about it; empty if nothing was moved."""
    names = follow_move(uri)
    if not names:
        return ""
    lost = [name for name in names if not local_folder(artifact_location(uri, name) or "").exists()]
    note = f"{public_uri(uri)} was moved: it now finds its files beside it (experiments: {', '.join(names)})"
    return f"{note}, but no models came along for {', '.join(lost)}: move {ARTIFACTS}/ too" if lost else note


def check_files(uri: str, experiment: str, location: str) -> None:
    """See that the files of an experiment may go where its store says: MLflow would make any folder anew.

    Raises:
        UserError: a database that several machines may use names the folder of another, or one that moved.
    """
    if scheme(uri) == "sqlite" or not location.startswith("file:"):
        return
    home = Path(str(local_folder(location)).partition(f"/{ARTIFACTS}/")[0])
    if not home.is_dir():
        raise UserError(
            f"{public_uri(uri)} keeps the models of {experiment} in {home}, which has moved or is on another "
            "machine: log there, by a MLflow server, or under another sweep.name"
        )


@contextmanager
def _opened(uri: str) -> Iterator[sqlite3.Connection]:
    """The file of a SQLite store; of any other, or of none, an empty database."""
    is_file = scheme(uri) == "sqlite" and sqlite_path(uri).is_file()
    try:
        with closing(sqlite3.connect(sqlite_path(uri) if is_file else ":memory:")) as database, database:
            yield database
    except sqlite3.Error as error:
        raise UserError(f"the store {uri} cannot be read: {error}") from error


def _moved(database: sqlite3.Connection, uri: str) -> list[tuple[int, str, str, str]]:
    """Id, name, noted place and right place of the experiments that have moved."""
    placed = [(*row, artifact_location(uri, row[1]) or "") for row in _experiments(database)]
    return [row for row in placed if _has_moved(row[2], row[3])]


def _experiments(database: sqlite3.Connection) -> list[tuple[int, str, str]]:
    """Id, name and place of each; none where MLflow's tables are not made yet."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
        return []
    return database.execute("SELECT experiment_id, name, artifact_location FROM experiments").fetchall()


def _has_moved(noted: str, expected: str) -> bool:
    """Whether the files of an experiment of ours are at `expected`, or will be, and not where it is noted."""
    if noted == expected or not noted.startswith("file:"):
        return False
    before, now = local_folder(noted), local_folder(expected)
    mark = f"/{ARTIFACTS}/"
    if not noted.endswith(mark + expected.rpartition(mark)[2]):
        return False
    if not before.exists():
        return True
    return now.exists() and not now.samefile(before)


def _correct(database: sqlite3.Connection, experiment: int, before: str, now: str) -> None:
    for table, column, belongs in PLACES:
        database.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
            f"WHERE {belongs} AND ({column} = ? OR substr({column}, 1, ?) = ?)",
            [now, len(before) + 1, experiment, before, len(before) + 1, f"{before}/"],
        )

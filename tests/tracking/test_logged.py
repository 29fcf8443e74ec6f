import sqlite3
from contextlib import closing
from pathlib import Path

from nnexp.tracking.logged import (
    Logged,
    append_logged,
    lines_of,
    mlflow_run_ids,
    read_logged,
    usual_store,
)

FIRST = Logged("a", "sqlite:///mlflow.db", "1", "2026-01-01T00:00:00+00:00")
SECOND = Logged("b", "sqlite:///mlflow.db", "2", "2026-01-01T00:00:01+00:00")


def test_lines_are_read_as_they_were_appended(tmp_path: Path) -> None:
    assert read_logged(tmp_path) == []
    for entry in (FIRST, SECOND):
        append_logged(tmp_path, entry)
    assert read_logged(tmp_path) == [FIRST, SECOND]


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    append_logged(tmp_path, FIRST)
    with (tmp_path / "logged.jsonl").open("a") as file:
        file.write('{"run_id": "c", "sto')  # the process was killed here
    append_logged(tmp_path, SECOND)
    assert read_logged(tmp_path) == [FIRST, SECOND]


def test_the_last_line_of_a_run_counts(tmp_path: Path) -> None:
    for entry in (FIRST, SECOND, FIRST._replace(mlflow_run_id="3")):
        append_logged(tmp_path, entry)
    assert mlflow_run_ids(tmp_path) == {"a": "3", "b": "2"}


def test_a_file_that_took_the_place_of_a_lost_store_holds_nothing(tmp_path: Path) -> None:
    folder, store = tmp_path / "abcd1234", f"sqlite:///{tmp_path}/mlflow.db"
    folder.mkdir()
    append_logged(folder, Logged("abcd1234", store, "the parent", ""))
    append_logged(folder, Logged("r1", store, "m1", "2026-11-01"))
    assert lines_of(folder, store) == []
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")  # while a store is being made
    assert lines_of(folder, store) == []
    for held, lines in (("another sweep", 0), ("the parent", 2)):
        with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS runs (run_uuid TEXT)")
            database.execute("INSERT INTO runs VALUES (?)", [held])
        assert len(lines_of(folder, store)) == lines
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert len(lines_of(folder, store)) == 2  # a lock is no reason to log twice


def test_a_line_with_a_flipped_bit_is_left_out(tmp_path: Path) -> None:
    for entry in (FIRST, SECOND):
        append_logged(tmp_path, entry)
    data = bytearray((tmp_path / "logged.jsonl").read_bytes())
    data[12] |= 0x80  # no UTF-8 any more
    (tmp_path / "logged.jsonl").write_bytes(data)
    assert read_logged(tmp_path) == [SECOND]


def test_a_store_whose_folder_is_gone_is_the_usual_one_no_longer(tmp_path: Path) -> None:
    assert usual_store(tmp_path) is None
    for place in ("", "moved/away/"):
        store = f"sqlite:///{tmp_path}/{place}mlflow.db"
        append_logged(tmp_path, FIRST._replace(store=store))
        assert usual_store(tmp_path) == (None if place else store)

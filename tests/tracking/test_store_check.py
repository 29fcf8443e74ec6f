import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from nnexp.errors import UserError
from nnexp.tracking import check_store
from tests.tracking.conftest import copy_store


@pytest.mark.parametrize("uri", ["./mlruns", "file:///tmp/mlruns", "mlruns", ""])
def test_a_folder_is_refused_with_a_hint_to_sqlite(uri: str) -> None:
    with pytest.raises(UserError, match=r"must be a database or a server.*sqlite:///mlflow.db"):
        check_store(uri)


def test_an_unknown_kind_of_store_is_refused_with_the_close_match() -> None:
    with pytest.raises(UserError, match="'postgres'; did you mean 'postgresql'"):
        check_store("postgres://host/db")


@pytest.mark.parametrize(
    "uri",
    [
        "ada:secret@host:5000",
        "postgres://ada:secret@host/db",
        "http://ada:se/cret@host",
        "http://ada:se?cret@host",
        "postgresql://ada:s@cret@host/db",
        "sqlite+x://:secret@/mlflow.db",
        "mysql://ada:secret@127.0.0.1:1/db",
        "http://ada:secret@host/#/experiments",
    ],
)
def test_a_password_in_a_refused_address_is_not_shown(uri: str) -> None:
    with pytest.raises(UserError) as error:
        check_store(uri)
    assert "cret" not in str(error.value)


@pytest.mark.parametrize("uri", ["http://ada:p@w@host", "http://ada:p/w@host", "http://host:port"])
def test_an_address_that_readers_would_take_apart_differently_is_refused(uri: str) -> None:
    with pytest.raises(UserError, match=r"must be http://USER:PASSWORD@HOST:PORT, where .* are written %40"):
        check_store(uri)


def test_a_refused_address_of_mlflow_s_variable_is_said_to_be_its(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    with pytest.raises(UserError, match=r"^MLFLOW_TRACKING_URI must be a database or a server, got"):
        check_store("./mlruns")
    with pytest.raises(UserError, match=r"^tracking.uri must be"):
        check_store("./others")


def test_an_address_copied_from_the_browser_is_refused() -> None:
    with pytest.raises(UserError, match=r"the server's address alone, without what follows #"):
        check_store("http://127.0.0.1:5000/#/experiments")


@pytest.mark.parametrize(
    ("kind", "package"), [("mysql", "mysqlclient"), ("mysql+pymysql", "pymysql"), ("mssql", "pyodbc")]
)
def test_a_database_whose_driver_is_missing_is_refused_with_what_to_install(
    kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    with pytest.raises(UserError, match=rf"is not installed: pip install {package}, or use tracking=sqlite"):
        check_store(f"{kind}://ada:secret@127.0.0.1/db")


def test_a_driver_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UserError, match=r"mysql\+mine://host/db: Can't load plugin.*tracking=sqlite"):
        check_store("mysql+mine://host/db")


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:"])
def test_a_sqlite_store_must_be_a_file(uri: str) -> None:
    with pytest.raises(UserError, match="must name a file"):
        check_store(uri)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be read as one" * 10)
    with pytest.raises(UserError, match=r"notes.txt.*not a database"):
        check_store(f"sqlite:///{tmp_path}/notes.txt")


def test_a_folder_in_the_place_of_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is a folder"):
        check_store(f"sqlite:///{tmp_path}")


def test_a_database_that_was_cut_is_refused(store: str, tmp_path: Path) -> None:
    whole = Path(copy_store(store, tmp_path / "mlflow.db").removeprefix("sqlite:///"))
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(UserError, match="malformed"):
        check_store(f"sqlite:///{whole}")


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ("ffffffffffff", r"newer MLflow than the installed MLflow \d.*: log to another store, or to its"),
        ("cfd24bdc0731", r"older than the installed MLflow \d.*`mlflow db upgrade` brings them up to date"),
    ],
)
def test_a_store_of_another_mlflow_is_refused(store: str, tmp_path: Path, revision: str, reason: str) -> None:
    uri = copy_store(store, tmp_path / "mlflow.db")
    check_store(uri)
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])
    with pytest.raises(UserError, match=reason):
        check_store(uri)


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "notes.db")) as database, database:
        database.execute("CREATE TABLE notes (text TEXT)")
    with pytest.raises(UserError, match="tables of another program"):
        check_store(f"sqlite:///{tmp_path}/notes.db")


def test_a_question_mark_in_the_name_of_a_database_is_percent_encoded(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"takes no \?.*written %3F"):
        check_store(f"sqlite:///{tmp_path}/what?.db")
    check_store(f"sqlite:///{tmp_path}/what%3F.db")


def test_a_folder_whose_name_mlflow_misreads_must_be_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a%41b"
    folder.mkdir()
    with pytest.raises(UserError, match=r"no folder with % .* start in .*/a%41b, with .*sqlite:///x.db"):
        check_store(f"sqlite:///{tmp_path}/a%2541b/x.db")
    monkeypatch.chdir(folder)
    check_store(f"sqlite:///{tmp_path}/a%2541b/x.db")
    check_store("sqlite:///x.db")


def test_a_store_that_another_process_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnexp.tracking.store_check.TIME_LIMIT", 0.1)
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="database is locked"):
            check_store(f"sqlite:///{tmp_path}/mlflow.db")
        holder.execute("ROLLBACK")
    check_store(f"sqlite:///{tmp_path}/mlflow.db")


def test_checking_a_new_store_writes_nothing(tmp_path: Path) -> None:
    check_store(f"sqlite:///{tmp_path}/new/mlflow.db")
    assert list(tmp_path.iterdir()) == []


def test_nobody_at_the_address_is_an_error_that_names_it_without_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(
        UserError, match=rf"http://127.0.0.1:{port} does not answer .*refused.*tracking=none"
    ) as error:
        check_store(f"http://ada:secret@127.0.0.1:{port}")
    assert "secret" not in str(error.value)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnexp.tracking.store_check.TIME_LIMIT", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(UserError, match=r"does not answer \(timed out\)"),
    ):
        check_store(f"http://127.0.0.1:{listener.getsockname()[1]}")


class Guarded(BaseHTTPRequestHandler):
    """A MLflow server below /mlflow: its health is anybody's, its experiments are ada's."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Basic YWRhOnBAc3M="  # ada:p@ss
        asked = self.path.partition("?")[0].removeprefix("/mlflow")
        answers = {"/health": 200, "/api/2.0/mlflow/experiments/search": 200 if known else 401}
        self.send_response(answers.get(asked, 404))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the terminal clean."""


@pytest.fixture
def guarded() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}/mlflow"
        server.shutdown()
        thread.join()


def test_a_server_is_asked_with_user_and_password_of_the_address_or_the_environment(
    guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_store(f"http://ada:p%40ss@{guarded}/")
    with pytest.raises(
        UserError, match=r"wants a user and password \(401\): set MLFLOW_TRACKING_USERNAME and"
    ):
        check_store(f"http://{guarded}")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
    with pytest.raises(UserError, match=r"refuses the user ada with this password \(401\)") as error:
        check_store(f"http://{guarded}")
    assert "wrong" not in str(error.value)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "p@ss")
    check_store(f"http://{guarded}")


def test_a_server_of_something_else_is_refused(guarded: str) -> None:
    with pytest.raises(UserError, match="answers 404 to GET /mlflow/x/health"):
        check_store(f"http://{guarded}/x")

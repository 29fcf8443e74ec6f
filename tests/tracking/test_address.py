import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from nnexp.errors import UserError
from nnexp.tracking.address import artifact_location, check, public_uri, split_credentials


@pytest.mark.parametrize(
    ("uri", "public"),
    [
        ("http://ada:pass@host:5000/mlflow", "http://host:5000/mlflow"),
        ("postgresql+psycopg2://ada:p@ss/w@host/db?password=other", "postgresql+psycopg2://host/db"),
        ("http://host:5000", "http://host:5000"),
        ("sqlite:///some/me@home/mlflow.db", "sqlite:///some/me@home/mlflow.db"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
    ],
)
def test_an_address_is_shown_without_user_and_password(uri: str, public: str) -> None:
    assert public_uri(uri) == public


def test_credentials_are_unquoted() -> None:
    assert split_credentials("https://ada:p%40ss@host") == ("https://host", "ada", "p@ss")


@pytest.mark.parametrize("uri", ["./mlruns", "file:///tmp/mlruns", "mlruns", ""])
def test_a_folder_is_refused_with_a_hint_to_sqlite(uri: str) -> None:
    with pytest.raises(UserError, match=r"must be a database or a server.*sqlite:///mlflow.db"):
        check(uri)


def test_an_unknown_kind_of_store_is_refused_with_the_close_match() -> None:
    with pytest.raises(UserError, match="'postgres'; did you mean 'postgresql'"):
        check("postgres://host/db")


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:"])
def test_a_sqlite_store_must_be_a_file(uri: str) -> None:
    with pytest.raises(UserError, match="must name a file"):
        check(uri)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be read as one" * 10)
    with pytest.raises(UserError, match=r"notes.txt.*not a database"):
        check(f"sqlite:///{tmp_path}/notes.txt")


def test_a_store_that_another_process_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnexp.tracking.address.TIME_LIMIT", 0.1)
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="database is locked"):
            check(f"sqlite:///{tmp_path}/mlflow.db")
        holder.execute("ROLLBACK")
    check(f"sqlite:///{tmp_path}/mlflow.db")


def test_checking_a_new_store_writes_nothing(tmp_path: Path) -> None:
    check(f"sqlite:///{tmp_path}/new/mlflow.db")
    assert list(tmp_path.iterdir()) == []


def test_nobody_at_the_address_is_an_error_that_names_it_without_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(
        UserError, match=rf"http://127.0.0.1:{port} does not answer .*refused.*tracking=none"
    ) as error:
        check(f"http://ada:secret@127.0.0.1:{port}")
    assert "secret" not in str(error.value)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnexp.tracking.address.TIME_LIMIT", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(UserError, match=r"does not answer \(timed out\)"),
    ):
        check(f"http://127.0.0.1:{listener.getsockname()[1]}")


class Health(BaseHTTPRequestHandler):
    """A server that is healthy for one user, below /mlflow."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Basic YWRhOnBAc3M="  # ada:p@ss
        self.send_response(200 if known and self.path == "/mlflow/health" else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the terminal clean."""


@pytest.fixture
def guarded() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}/mlflow"
        server.shutdown()
        thread.join()


def test_the_health_of_a_server_is_asked_with_user_and_password(guarded: str) -> None:
    check(f"http://ada:p%40ss@{guarded}/")
    with pytest.raises(UserError, match="answers 401 to GET /health"):
        check(f"http://{guarded}")


def test_models_lie_beside_a_database_and_where_a_server_puts_them(tmp_path: Path) -> None:
    place = f"file://{tmp_path}/mlartifacts/book/overfitting"
    assert artifact_location(f"sqlite:///{tmp_path}/mlflow.db", "book/overfitting") == place
    assert artifact_location("http://host:5000", "book/overfitting") is None

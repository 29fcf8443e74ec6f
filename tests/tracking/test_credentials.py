"""The environment's user and password go to the server that they are for, and to no other."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from mlflow.exceptions import MlflowException

from nnexp.errors import UserError
from nnexp.tracking import address_of, check_store
from nnexp.tracking.client import session
from nnexp.tracking.credentials import check_artifacts

ADA = "Basic YWRhOnMzY3JldA=="  # ada:s3cret
NOBODY = "Basic bm9ib2R5Og=="  # nobody:


@contextmanager
def listening(to: str | None = None) -> Iterator[tuple[str, list[str | None]]]:
    """The address of a server, and what it is told of users; it sends everybody on `to`, or away."""
    heard: list[str | None] = []

    class Listener(BaseHTTPRequestHandler):
        def answer(self) -> None:
            heard.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(302 if to else 418)
            if to:
                self.send_header("Location", f"{to}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep the terminal clean."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _ada(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "s3cret")


def ask(address: str) -> None:
    """All that a command asks of a server: whether it is one, and then by MLflow's client."""
    with pytest.raises(UserError):
        check_store(address)
    search(address)


def search(address: str) -> None:
    with session(address) as client, pytest.raises(MlflowException):
        client.get_experiment_by_name("x")


def note_in_file(home: Path, name: str) -> None:
    """MLflow's own file of user and password."""
    (home / ".mlflow").mkdir()
    (home / ".mlflow" / "credentials").write_text(
        f"[mlflow]\nmlflow_tracking_username = {name}\nmlflow_tracking_password = s3cret\n"
    )


def test_a_server_that_a_command_names_is_told_who_asks() -> None:
    with listening() as (theirs, heard):
        ask(theirs)
    assert set(heard) == {ADA}


@pytest.mark.parametrize("kept", ["variables", "file", "token"])
def test_another_server_than_that_of_mlflow_s_variable_is_not_told(
    kept: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if kept != "variables":
        monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
        monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    if kept == "file":
        note_in_file(tmp_path, "ada")
    if kept == "token":
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    with listening() as (theirs, heard), listening() as (other, overheard):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", theirs)
        ask(theirs)
        ask(other)
        with pytest.raises(UserError, match="answers 418"):
            check_store(other)
    assert set(heard) == {"Bearer t0ken" if kept == "token" else ADA}
    assert set(overheard) == {None, NOBODY}


def test_servers_that_are_asked_at_once_are_told_their_own_and_the_environment_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening() as (theirs, heard), listening() as (other, overheard), listening() as (bobs, bob):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", theirs)
        before = {name: os.environ[name] for name in os.environ if name.startswith("MLFLOW_TRACKING_")}
        with session(other), session(bobs.replace("//", "//bob:pw@")):
            search(theirs)
            assert before.items() <= os.environ.items()
            search(other)
            search(bobs.replace("//", "//bob:p%40@"))
        search(theirs)
        search(theirs.replace("//", "//bob@"))
    assert heard == [ADA, ADA, "Basic Ym9iOg=="]
    assert overheard == [NOBODY]
    assert bob == ["Basic Ym9iOnBA"]


def test_a_way_of_asking_that_no_address_stops_is_refused_for_another_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_AUTH", "kubernetes")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ours")
    with listening() as (other, overheard):
        for reach in (check_store, lambda uri: session(uri).__enter__()):
            with pytest.raises(
                UserError, match="MLFLOW_TRACKING_AUTH is for the server of MLFLOW_TRACKING_URI"
            ):
                reach(other)
    assert overheard == []


def test_a_server_that_keeps_files_at_another_does_not_hand_on_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in ("mlflow-artifacts:/3", "s3://bucket/3", "http://ours:5000/api/3", "file:///tmp"):
        check_artifacts("http://bob@ours:5000", place)
    for place in ("mlflow-artifacts://evil/3", "http://evil/3"):
        with pytest.raises(UserError, match=r"http://ours keeps files at evil, which MLflow would hand"):
            check_artifacts("http://ours", place)
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    check_artifacts("http://bob:pw@ours", "mlflow-artifacts://evil/3")


@pytest.mark.parametrize(
    "store", ["postgresql://db1/mlflow", "sqlite:///mlflow.db", "http://other:80/", "http://bob:pw@other:80"]
)
@pytest.mark.parametrize("place", ["http://other:80/api/3", "mlflow-artifacts://other:80/3"])
def test_files_of_a_store_that_is_not_theirs_do_not_take_the_environment_s_secrets_along(
    store: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's client of files knows the variables, and not whose they are."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ours")
    with pytest.raises(UserError, match=r"keeps files at other:80, .* MLFLOW_TRACKING_PASSWORD: do without"):
        check_artifacts(store, place)
    for name in ("USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}")
    check_artifacts(store, place)


def test_a_server_that_sends_on_to_another_does_not_hand_on_who_asks() -> None:
    with ExitStack() as stack:
        other, overheard = stack.enter_context(listening())
        theirs, heard = stack.enter_context(listening(other.replace("127.0.0.1", "localhost")))
        ask(theirs)
    assert heard[0] == ADA
    assert set(overheard) == {None}


def test_a_server_that_a_received_folder_names_is_told_only_if_a_command_names_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(
        UserError, match=r"http://evil is named by the sweep's folder alone: with tracking.uri"
    ):
        address_of("http://evil", "sqlite:///mlflow.db")
    assert address_of("http://evil", "http://bob:pw@evil") == "http://bob:pw@evil"
    assert address_of("sqlite:///here.db", "http://ours") == "sqlite:///here.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ours")
    assert address_of("http://evil", "http://ours") == "http://evil"  # and is not told


@pytest.mark.parametrize("ours", [None, "http://ours", "postgresql://me@db1/mlflow"])
def test_a_database_that_a_received_folder_names_does_not_get_the_password_of_the_environment(
    ours: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ours:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", ours)
    assert address_of("postgresql://evil/x", ours) == "postgresql://evil/x"
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    with pytest.raises(UserError, match=r"postgresql://evil/x is named .* hands it PGPASSWORD$"):
        address_of("postgresql://evil/x", ours)
    assert address_of("mysql://evil/x", ours) == "mysql://evil/x"

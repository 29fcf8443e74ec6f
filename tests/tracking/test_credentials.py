"""The environment's user and password go to the server that they are for, and to no other."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from mlflow.exceptions import MlflowException

from nnexp.errors import UserError
from nnexp.tracking import address_of, check_store
from nnexp.tracking.client import session

ADA = "Basic YWRhOnMzY3JldA=="  # ada:s3cret


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
def _ada(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "s3cret")


def ask(address: str) -> None:
    """All that a command asks of a server: whether it is one, and then by MLflow's client."""
    with pytest.raises(UserError):
        check_store(address)
    with session(address) as client, pytest.raises(MlflowException):
        client.get_experiment_by_name("x")


def test_a_server_that_a_command_names_is_told_who_asks() -> None:
    with listening() as (theirs, heard):
        ask(theirs)
    assert set(heard) == {ADA}


def test_another_server_than_that_of_mlflow_s_variable_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (theirs, heard), listening() as (other, overheard):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", theirs)
        ask(theirs)
        ask(other)
        with pytest.raises(UserError, match="answers 418"):
            check_store(other)
    assert set(heard) == {ADA}
    assert set(overheard) == {None}


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

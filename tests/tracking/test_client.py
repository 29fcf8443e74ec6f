import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from nnexp.tracking import Logger
from nnexp.tracking.client import LEVELS, session, settings
from tests.tracking.conftest import copy_store
from tests.tracking.samples import a_plan, a_record

ROOT = Path(__file__).parents[2]

# Stops at the first import of MLflow, so that it costs nothing.
WATCH = """
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "mlflow":
            print("telemetry disabled:", os.environ.get("MLFLOW_DISABLE_TELEMETRY"))
            sys.exit()

sys.meta_path.insert(0, Watch())
import nnexp.tracking
import nnexp.tracking.model_logger
print("imported")
from nnexp.tracking.client import session
with session("sqlite:///never.db"):
    print("not reached")
"""
# As for a user id that has neither a name nor a home.
HOMELESS = """
import os, pwd
os.environ.pop("HOME", None)
def nobody(*_):
    raise KeyError("no such user")
pwd.getpwuid = nobody
from pathlib import Path
try:
    Path.home()
except RuntimeError:
    from nnexp.tracking.client import settings
    with settings():
        print("HOME" in os.environ)
"""


def run_python(code: str, folder: Path, **environment: str) -> list[str]:
    """The lines that a process of its own prints."""
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return process.stdout.splitlines()


def test_mlflow_is_imported_at_the_first_use_only_and_with_telemetry_off(tmp_path: Path) -> None:
    lines = run_python(WATCH, tmp_path, MLFLOW_DISABLE_TELEMETRY="false")
    assert lines == ["imported", "telemetry disabled: true"]
    assert list(tmp_path.iterdir()) == []


def test_a_user_without_home_and_name_can_use_mlflow(tmp_path: Path) -> None:
    assert run_python(HOMELESS, tmp_path) == ["False"]


def test_the_settings_of_the_process_are_as_before_when_the_last_session_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import mlflow  # noqa: F401

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    for name in LEVELS:
        monkeypatch.setattr(logging.getLogger(name), "level", logging.INFO)
    before = dict(os.environ)
    with suppress(OSError), settings(), settings():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
        assert logging.getLogger("mlflow").level == logging.WARNING
        raise OSError
    assert dict(os.environ) == before
    assert {logging.getLogger(name).level for name in LEVELS} == {logging.INFO}


def test_settings_last_until_the_last_of_two_sessions_has_ended() -> None:
    first, second = settings(), settings()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    second.__exit__(None, None, None)
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_a_relative_address_means_the_folder_of_the_moment(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook that changes its folder: MLflow itself would go on with the file of the first."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        copy_store(store, Path("mlflow.db"))
        with session("sqlite:///mlflow.db") as client:
            client.create_experiment(f"in {name}")
    with session("sqlite:///mlflow.db") as client:
        assert client.get_experiment_by_name("in two") is not None
        assert client.get_experiment_by_name("in one") is None


@contextmanager
def listening(seen: list[str | None]) -> Iterator[str]:
    """HOST:PORT of a server without experiments, which adds each request's credentials to `seen`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keep the terminal clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_credentials_reach_their_server_and_no_other_and_no_variable_of_the_process() -> None:
    first: list[str | None] = []
    second: list[str | None] = []
    with listening(first) as one, listening(second) as two:
        with session(f"http://ada:p%40ss@{one}") as client:
            client.search_experiments()
            assert not {"ada", "p@ss", "p%40ss"} & set(os.environ.values())
        with session(f"http://{two}") as client:
            client.search_experiments()
    assert set(first) == {"Basic YWRhOnBAc3M="}
    assert set(second) == {None}


def test_no_password_is_written_down(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plan, seen = a_plan("hidden"), list[str | None]()
    with listening(seen) as place:  # it says yes to everything
        logger = Logger(f"http://ada:secret@{place}", plan, folder=tmp_path, environment={})
        logger.submit(plan.runs[0], a_record(plan.runs[0]), None)
        report = logger.close("FINISHED", {}, timeout=20)
    assert set(seen) == {"Basic YWRhOnNlY3JldA=="}
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(place in text for text in texts)
    assert not any("secret" in text for text in [*texts, *capfd.readouterr(), str(report)])

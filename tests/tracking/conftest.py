"""Sweeps made by hand, a fresh MLflow store that all tests share, and one server."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nnexp.errors import UserError
from nnexp.tracking import check_store
from tests.tracking.samples import FIRST_LOG

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def first_log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which a process of its own logged a sweep to the default store, and what it printed."""
    folder = tmp_path_factory.mktemp("home")
    process = subprocess.run(
        [sys.executable, "-c", FIRST_LOG],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=True,
    )
    return folder, process.stdout


@pytest.fixture(scope="session")
def store(first_log: tuple[Path, str]) -> str:
    """A SQLite store for tests that use a sweep name of their own."""
    return f"sqlite:///{first_log[0] / 'mlflow.db'}"


def copy_store(store: str, target: Path) -> str:
    """A copy of a SQLite store: making a fresh one takes seconds."""
    with (
        closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
    return f"sqlite:///{target}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """The address of a MLflow server on loopback, over `folder`/mlflow.db; killed at the end."""
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | settings, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_until_up(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def server(store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MLflow server on loopback."""
    folder = tmp_path_factory.mktemp("server")
    copy_store(store, folder / "mlflow.db")
    with serving(folder, free_port()) as address:
        yield address


def _wait_until_up(address: str, process: subprocess.Popen[bytes], seconds: int = 90) -> None:
    for _ in range(seconds * 2):
        try:
            check_store(address)
            return
        except UserError:
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"the server ended with status {process.returncode}") from None
    raise TimeoutError(f"no MLflow server at {address}")

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from nnexp.errors import UserError
from nnexp.tracking.tracker import Tracker
from nnexp.tracking.ui import pages, ui, ui_command
from tests.tracking.conftest import copy_store, free_port
from tests.tracking.samples import a_plan


def test_the_ui_serves_the_store_without_telling_its_address_to_other_users(store: str) -> None:
    command, environment = ui_command(store, "127.0.0.1", 5001)
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    assert command[4:8] == ["--host", "127.0.0.1", "--port", "5001"]
    assert store not in command  # the address of a database may hold a password
    assert environment["MLFLOW_BACKEND_STORE_URI"] == store
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_store_without_runs_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"nothing was logged at sqlite:///.*/mlflow.db yet: run a sweep first"
    ):
        ui_command(f"sqlite:///{tmp_path}/mlflow.db", "127.0.0.1", 5000)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError, match=r"^the store cannot be opened: ") as error:
        ui(f"http://ada:secret@127.0.0.1:{free_port()}")
    assert "secret" not in str(error.value)


def test_the_newest_sweeps_are_told_by_name_with_the_address_of_their_curves(store: str) -> None:
    with Tracker(store, a_plan("newest"), folder=Path("newest"), environment={}):
        pass
    found = pages(store, "http://127.0.0.1:5000")
    assert list(found)[:2] == ["all sweeps", "newest"]
    assert "/runs?viewStateShareKey=id-newest&" in found["newest"]
    assert "Default" not in found


def test_a_store_of_another_version_is_refused_in_a_line(store: str, tmp_path: Path) -> None:
    uri = copy_store(store, tmp_path / "mlflow.db")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'from the future'")
    with pytest.raises(UserError, match=r"^the store cannot be opened: .*schema"):
        pages(uri, "http://127.0.0.1:5000")

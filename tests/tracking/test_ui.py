import sys

import pytest

from nnexp.nn import UserError
from nnexp.tracking.ui import ui_command


def test_the_ui_serves_the_store_without_telling_its_address_to_other_users(store: str) -> None:
    command, environment = ui_command(store, "127.0.0.1", 5001)
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    assert command[4:8] == ["--host", "127.0.0.1", "--port", "5001"]
    assert store not in command  # the address of a database may hold a password
    assert environment["MLFLOW_BACKEND_STORE_URI"] == store
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_store_without_runs_is_told_before_anything_starts(tmp_path) -> None:
    with pytest.raises(
        UserError, match=r"nothing was logged at sqlite:///.*/mlflow.db yet: run a sweep first"
    ):
        ui_command(f"sqlite:///{tmp_path}/mlflow.db", "127.0.0.1", 5000)
    assert list(tmp_path.iterdir()) == []


def test_a_server_shows_itself() -> None:
    with pytest.raises(UserError, match=r"open http://host:5000 in a browser"):
        ui_command("http://ada:secret@host:5000", "127.0.0.1", 5000)

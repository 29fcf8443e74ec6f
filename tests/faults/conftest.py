"""What tests of faults compare with, and start from."""

from pathlib import Path

import pytest

from tests.faults.driving import QUIET, run, tables
from tests.tracking.conftest import copy_store


@pytest.fixture(scope="session")
def ended_well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep in which nothing went wrong."""
    folder = tmp_path_factory.mktemp("undisturbed")
    ended = run(QUIET, folder)
    assert ended.status == 0, ended.shown
    return folder


@pytest.fixture(scope="session")
def undisturbed(ended_well: Path) -> dict[str, str]:
    """Its tables."""
    return tables(ended_well)


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with MLflow's tables: making it takes longer than a sweep."""
    folder = tmp_path_factory.mktemp("store")
    ended = run(["data=synthetic", "epochs=1"], folder)
    assert ended.status == 0, ended.shown
    return f"sqlite:///{folder / 'mlflow.db'}"


@pytest.fixture
def home(tmp_path: Path, made_store: str) -> Path:
    """A folder in which the store is made already."""
    copy_store(made_store, tmp_path / "mlflow.db")
    return tmp_path

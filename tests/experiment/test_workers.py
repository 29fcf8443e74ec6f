"""What trains a command's runs is looked for once, and stays from one round to the next."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from joblib import parallel_config
from rich.console import Console

from nnexp.config import Execution
from nnexp.config.backend import Backend
from nnexp.errors import UserError
from nnexp.experiment import workers as module
from nnexp.experiment.workers import Workers
from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.premises import premises
from nnexp.sweep.pool.progress_board import Board
from tests.sweep.samples import plan

MADE = plan({"learning_rate": [0.1, 1.0]})


def workers(**execution: Any) -> Workers:
    return Workers(MADE, Execution(**execution), Path(), Datasets(), Console(file=io.StringIO()))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of Dask, which only pretends."""
    log: list[str] = []

    def cluster_size(scheduler: str | None) -> int:
        log.append("size")
        return 2 if scheduler else 0

    @contextmanager
    def opened(scheduler: str | None, number: int) -> Iterator[SimpleNamespace]:
        log.append(f"open {number}")
        ours = {"packages": {"distributed": "1"}}
        versions = {"client": ours, "scheduler": ours, "workers": {}}
        yield SimpleNamespace(dashboard_link="http://here", get_versions=lambda: versions)
        log.append("close")

    def launch(client: object, *_: object) -> Iterator[list[object]]:
        log.append("train")
        yield []

    for name, pretended in (
        ("cluster_size", cluster_size),
        ("opened", opened),
        ("launch_on_cluster", launch),
    ):
        monkeypatch.setattr(module, name, pretended)
    return log


def train(these: Workers, rows: list[int], folder: Path) -> None:
    board = Board(folder / "board", len(MADE.runs))
    stacks = make_stacks(MADE.runs, rows, 2, Datasets().load, timing=False)
    with closing(these.outcomes(stacks, premises(MADE, None, None, 0.0), board, board)) as outcomes:
        assert list(outcomes) == [[]]


def test_a_scheduler_is_asked_once_for_workers_and_one_client_trains_all_rounds(
    log: list[str], tmp_path: Path
) -> None:
    with workers(backend=Backend(name="dask", scheduler="tcp://there:1")) as these:
        assert log == []
        assert [these.number(runs) for runs in (0, 1, 4)] == [0, 1, 2]
        train(these, [0], tmp_path)
        train(these, [1, 2, 3], tmp_path)
    assert log == ["size", "open 1", "train", "train", "close"]


def test_a_cluster_of_our_own_is_opened_anew_only_for_more_runs_than_it_has_workers(
    log: list[str], tmp_path: Path
) -> None:
    with workers(n_jobs=3, backend=Backend(name="dask")) as these:
        for rows in ([0, 1], [2], [0, 1, 2]):
            train(these, rows, tmp_path)
    assert log == ["size", "open 2", "train", "train", "close", "open 3", "train", "close"]


def test_without_runs_nobody_is_looked_for(log: list[str]) -> None:
    these = workers(backend=Backend(name="slurm"))
    these.check(0)
    assert these.jobs(0) is None
    assert workers(backend=Backend(name="dask")).number(0) == 0
    assert log == []


def test_a_backend_that_hands_nothing_over_before_the_end_is_refused() -> None:
    with parallel_config(backend="multiprocessing"), pytest.raises(UserError, match="backend must be one of"):
        workers().number(4)

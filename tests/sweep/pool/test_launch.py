"""Runs end the same with any number of workers; workers load little and leave with their parent."""

import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import Parallel, cpu_count, parallel_config

from nnexp.data import load, share
from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.launch import launch, train_here, worker_count
from nnexp.sweep.pool.premises import PremiseError, premises
from nnexp.sweep.pool.progress_board import COLUMNS, Board
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.question.plan import Plan
from tests.faults.driving import wait_for
from tests.sweep.samples import plan

HEAVY = ("mlflow", "pandas", "hydra", "omegaconf", "matplotlib", "sklearn", "scipy", "rich", "pooch")


def launched(made: Plan, folder: Path, workers: int, backend: str | None = None) -> dict[str, Outcome]:
    folder.mkdir()
    share(load(made.runs[0].data), folder)
    board = Board(folder / "board", len(made.runs))
    stacks = make_stacks(made.runs, range(len(made.runs)), max(1, workers), load)
    expected = premises(made)
    sources = {made.runs[0].data: folder}
    found = (
        launch(stacks, sources, expected, board, workers, backend)
        if workers
        else train_here(stacks, sources, expected, board)
    )
    return {outcome.run.run_id: outcome for outcomes in found for outcome in outcomes}


@pytest.mark.parametrize("backend", [None, "threading"])
def test_neither_workers_nor_backend_change_a_bit(tmp_path: Path, backend: str | None) -> None:
    made = plan({"learning_rate": [0.1, 1.0], "dropout": [0.0, 0.3]}, hidden_size=40, seeds=[0, 1, 2])
    one = launched(made, tmp_path / "one", workers=0)
    two = launched(made, tmp_path / "two", 2, backend)
    assert set(one) == set(two) == {run.run_id for run in made.runs}
    for run_id, outcome in one.items():
        a, b = outcome.result, two[run_id].result
        assert a is not None
        assert b is not None
        assert a.history["validation_cost"] == b.history["validation_cost"]
        assert all(np.array_equal(W, V) for W, V in zip(a.weights, b.weights, strict=True))
    assert not list((tmp_path / "two").glob("*.outcomes"))
    assert wait_for(lambda: not active_children(), 10)


@pytest.mark.parametrize("error", [PremiseError("the code changed"), OSError("no room")])
def test_what_has_ended_is_handed_over_before_an_error_ends_the_sweep(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """joblib may bring the error of one stack before the rows of another, which lies finished."""

    def answers(tasks: Any, *_: Any) -> Iterator[Any]:
        train, arguments, _ = next(tasks)
        train(*arguments)
        next(tasks)
        yield (1,), error

    monkeypatch.setattr("nnexp.sweep.pool.launch._answers", answers)
    made = plan({"learning_rate": [0.1, 1.0]}, seeds=[0])
    share(load(made.runs[0].data), tmp_path)
    board, stacks = Board(tmp_path / "board", 2), make_stacks(made.runs, [0, 1], 1, load, timing=True)
    handed = launch(stacks, {made.runs[0].data: tmp_path}, premises(made), board, 2)
    [outcome] = next(handed)
    assert outcome.status == "finished"
    with pytest.raises(type(error), match=str(error)):
        list(handed)


@pytest.mark.parametrize(
    ("callers", "backend", "workers"),
    [
        ({"backend": "threading", "n_jobs": 3}, None, 3),
        ({"backend": "sequential"}, None, 0),
        ({"backend": "sequential"}, "loky", cpu_count()),
        ({"backend": "threading", "n_jobs": 3}, "sequential", 0),
        ({"n_jobs": 3}, None, 3),
    ],
)
def test_a_callers_backend_serves_unless_another_is_asked_for(
    callers: dict[str, Any], backend: str | None, workers: int
) -> None:
    with parallel_config(**callers):
        assert worker_count(None, 100, backend) == workers


def test_workers_are_never_more_than_runs_or_fewer_than_one() -> None:
    assert worker_count(8, runs=3) == 3
    assert worker_count(2, runs=100) == 2
    assert worker_count(None, runs=0) == 1


def _loaded() -> list[str]:
    import nnexp.sweep.pool.launch  # noqa: F401  what a worker imports

    return [name for name in HEAVY if name in sys.modules]


def test_a_worker_loads_neither_mlflow_nor_pandas_nor_hydra() -> None:
    assert Parallel(n_jobs=2)([(_loaded, (), {})]) == [[]]


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import pathlib
        from tests.sweep.samples import plan
        from tests.sweep.pool.test_launch import launched
        launched(plan({{}}, epochs=10**7), pathlib.Path({str(tmp_path / "data")!r}), workers=2)
    """)
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[3])
    board = tmp_path / "data" / "board"
    try:
        workers = _pids(board, wait=30)
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 10
    while any(map(_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    assert not any(map(_alive, workers))


def _pids(board: Path, wait: float) -> set[int]:
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        if (
            board.exists()
            and board.stat().st_size
            and (rows := np.fromfile(board).reshape(-1, len(COLUMNS))[:-1])[:, 0].all()
        ):
            return {int(pid) for pid in rows[:, 3]}
        time.sleep(0.05)
    return set()


def _alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False

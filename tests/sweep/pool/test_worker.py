"""A worker returns an outcome for each run, and one bad run costs only itself."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from nnexp.data import load, share
from nnexp.nn import Hyperparameters, Result, train
from nnexp.nn.kernels import blas_kernels
from nnexp.sweep.pool import worker
from nnexp.sweep.pool.premises import PremiseError, premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.worker import Outcome, train_stack
from nnexp.sweep.question.plan import Plan
from tests.sweep.samples import plan


@pytest.fixture
def made() -> Plan:
    return plan({"learning_rate": [0.1, 0.5, 1.0]}, seeds=[0])


@pytest.fixture
def place(made: Plan, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    share(load(made.runs[0].data), folder)
    return folder


def outcomes(made: Plan, place: Path, **changes: Any) -> list[Outcome]:
    board = Board(place / "board", len(made.runs))
    expected = replace(premises(made), **changes)
    return train_stack(Stack(made.runs, (0, 1, 2)), place, expected, board)


def test_a_run_in_a_worker_is_the_run_that_the_core_trains(made: Plan, place: Path) -> None:
    data = load(made.runs[0].data).data
    for outcome in outcomes(made, place):
        alone = train([outcome.run.hyperparameters], data)[0]
        assert outcome.result is not None
        assert outcome.result.history["training_cost"] == alone.history["training_cost"]
        assert all(np.array_equal(a, b) for a, b in zip(outcome.result.weights, alone.weights, strict=True))


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_a_run_trains_with_one_blas_thread_whatever_the_process_has(
    made: Plan, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two, the same products end in other bits."""
    seen: list[set[int]] = []

    def watched(*args: Any, **kwargs: Any) -> list[Result]:
        seen.append(blas_threads())
        return train(*args, **kwargs)

    monkeypatch.setattr(worker, "train", watched)
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads() == {2}
        outcomes(made, place)
    assert seen == [{1}]


@pytest.mark.parametrize("error", [RuntimeError("it broke"), SystemExit(3), MemoryError()])
def test_an_error_in_one_run_of_a_stack_fails_that_run_alone(
    made: Plan, place: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fails(runs: Sequence[Hyperparameters], *args: Any, **kwargs: Any) -> list[Result]:
        if any(run.learning_rate == 0.5 for run in runs):
            raise error
        return train(runs, *args, **kwargs)

    monkeypatch.setattr(worker, "train", fails)
    good, bad, other = outcomes(made, place)
    assert good.result is not None
    assert other.result is not None
    assert bad.result is None
    assert type(error).__name__ in str(bad.traceback)


def test_a_stop_is_not_a_failure_of_the_run(made: Plan, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> list[Result]:
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        outcomes(made, place)


def test_a_stop_ends_a_stack_after_its_epoch_and_lets_none_begin(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that has ended by itself has an outcome all the same."""
    made = plan({"learning_rate": [0.1, 1e300, 0.5]}, seeds=[0], epochs=3)
    board, trained = Board(place / "board", 3), []

    class Stopping(Board):
        def show(self, rows: Any, epoch: int, metrics: Any) -> None:
            super().show(rows, epoch, metrics)
            trained.append(epoch)
            if epoch == 2:
                board.ask_to_stop()

    stack, watching = Stack(made.runs, (0, 1, 2)), Stopping(place / "board", 3)
    [ended] = train_stack(stack, place, premises(made), watching)
    assert (ended.run, ended.status) == (made.runs[1], "diverged")
    assert train_stack(stack, place, premises(made), watching) == []
    assert trained == [1, 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"files": (), "code": {"nn/costs.py": "0" * 64}},
            "the code changed while the sweep ran: start again",
        ),
        (
            {"kernels": blas_kernels() | {"numpy": "another"}},
            "this worker's kernel of numpy's BLAS is .+, the parent's another",
        ),
        (
            {"kernels": blas_kernels() | {"scipy": "another"}},
            "this worker's kernel of scipy's BLAS is .+, the parent's another",
        ),
    ],
)
def test_a_worker_with_other_code_or_another_kernel_refuses_to_train(
    made: Plan, place: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PremiseError, match=message):
        outcomes(made, place, **changes)


def test_a_run_that_takes_too_long_is_timed_out_and_keeps_its_history(made: Plan, place: Path) -> None:
    for outcome in outcomes(made, place, max_seconds=1e-9):
        assert outcome.status == "timed_out"
        assert outcome.result is not None
        assert (outcome.result.epochs_done, outcome.result.history["epoch"]) == (1, [1])
    for outcome in outcomes(made, place, max_seconds=1e9):
        assert outcome.status == "finished"


def test_the_board_shows_the_last_epoch_and_who_trains(made: Plan, place: Path) -> None:
    seen: list[tuple[float, float]] = []
    board = Board(place / "board", 3)

    class Watching(Board):
        def show(self, rows: Any, epoch: int, metrics: Any) -> None:
            super().show(rows, epoch, metrics)
            seen.append((float(board.rows[2, 0]), float(board.rows[2, 3])))

    watching = Watching(place / "board", 3)
    result = train_stack(Stack(made.runs, (0, 1, 2)), place, premises(made), watching)
    assert seen == [(1, os.getpid()), (2, os.getpid())]
    assert not board.running.any()
    assert result[2].result is not None
    assert board.rows[2, 1] == result[2].result.history["training_cost"][-1]


def test_data_that_were_removed_are_no_runs_fault(made: Plan, place: Path) -> None:
    for path in place.glob("*.npy"):
        path.unlink()
    with pytest.raises(PremiseError, match="the temporary folder of the sweep was removed while it ran"):
        outcomes(made, place)


def test_a_traceback_can_be_written_to_every_file_and_store(
    made: Plan, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> list[Result]:
        raise RuntimeError("naïve \udcff")

    monkeypatch.setattr(worker, "train", fails)
    for outcome in outcomes(made, place):
        assert outcome.traceback is not None
        assert outcome.traceback.encode().endswith("RuntimeError: naïve \\udcff\n".encode())

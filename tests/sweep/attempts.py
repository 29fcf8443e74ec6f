"""Attempts to train a sweep in this process, each of which may be cut at any epoch."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nnexp.data import load
from nnexp.nn import Model
from nnexp.results.tables import make_tables
from nnexp.results.write_csv import write_tables
from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.premises import premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.worker import train_stack
from nnexp.sweep.question.identity import formulas
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.pruners import Floors
from nnexp.sweep.store.checkpoints import (
    FOLDER,
    Found,
    find_checkpoints,
    open_checkpoints,
    remove_checkpoints,
)
from nnexp.sweep.store.folder import Sweep, find_sweep
from nnexp.sweep.store.record import record_of
from tests.results.figures import figures_in

OFTEN = 1e-9  # seconds between two checkpoints: one after each epoch


class Killed(KeyboardInterrupt):
    """The process is gone, at the end of an epoch that it could not keep."""


class Cut(Board):
    """A board that stops all after so many epochs of whatever stacks, in good order or not at all."""

    def __init__(self, path: Path, runs: int, epochs: int | None = None, *, kill: bool = False) -> None:
        super().__init__(path, runs)
        self.epochs, self.kill = epochs, kill

    def show(self, rows: Any, epoch: int, metrics: Any) -> None:
        super().show(rows, epoch, metrics)
        if self.epochs is not None:
            self.epochs -= 1
            if self.epochs <= 0 and self.kill:
                raise Killed
            if self.epochs <= 0:
                self.ask_to_stop()


def found_now(plan: Plan, folder: Path, mode: str = "cached") -> Found:
    """What an attempt would go on with."""
    return find_checkpoints(find_sweep(folder, plan), mode, formulas().all_digest)


def attempt(
    plan: Plan,
    folder: Path,
    epochs: int | None = None,
    *,
    kill: bool = False,
    workers: int = 2,
    every: float = OFTEN,
    at_once: bool = False,
    floors: Mapping[str, Floors] | None = None,
) -> Board:
    """Train what is left of a sweep in its folder, for so many epochs; the board, as it was left.

    `at_once`: each stack trains for as many, as if there was a worker for each.
    """
    sweep, code = find_sweep(folder, plan), formulas().all_digest
    sweep.records_folder.mkdir(parents=True, exist_ok=True)
    rows, found = sweep.pending("cached"), find_checkpoints(sweep, "cached", code)
    checkpoints = open_checkpoints(sweep, code)
    expected = premises(plan, None, checkpoints, every, floors=floors)
    board = Cut(folder / "board", len(plan.runs), epochs, kill=kill)
    for stack in make_stacks(plan.runs, rows, workers, load, marks=found.marks):
        with suppress(Killed):
            _train(sweep, stack, expected, board)
        if at_once:
            board.path.unlink()
            board = Cut(folder / "board", len(plan.runs), epochs, kill=kill)
        elif board.epochs is not None and board.epochs <= 0:
            break
    board.path.unlink()
    remove_checkpoints(folder / FOLDER, sweep.records, found.marks, checkpoints.attempt)
    return board


def _train(sweep: Sweep, stack: Any, expected: Any, board: Board) -> None:
    for outcome in train_stack(stack, load(stack.data), expected, board):
        model = None
        if (result := outcome.result) is not None:
            model = Model(result.weights, result.biases, outcome.run.hyperparameters)
        sweep.add([(record_of(outcome, {}), model)])


def results(plan: Plan, folder: Path) -> dict[str, str]:
    """What a sweep's CSV files and weights say."""
    sweep = find_sweep(folder, plan)
    write_tables(make_tables(plan, sweep.records, {}), folder)
    weights = {path.name: path.read_bytes().hex() for path in sorted(sweep.records_folder.glob("*.npz"))}
    return figures_in(folder) | weights

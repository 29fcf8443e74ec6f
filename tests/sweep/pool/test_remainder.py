"""After a worker's death: its runs are tried alone, the others' stacks again, and who kills has failed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nnexp.sweep.pool.answers import leave
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.remainder import MOST_IN_VAIN, Remainder
from nnexp.sweep.pool.stacks import Mark, Stack
from tests.sweep.samples import plan

RUNS = plan({}, seeds=range(8)).runs
STACKS = [Stack(RUNS[first : first + 2], (first, first + 1)) for first in (0, 2, 4, 6)]


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path / "board", len(RUNS))


def dead(pid: int, status: int = -9) -> Any:
    """A worker process that has ended."""
    return SimpleNamespace(pid=pid, exitcode=status)


def begin(remainder: Remainder, board: Board, number: int) -> list[tuple[int, ...]]:
    """Hand out stacks, each to a worker of its own: the first to 1, the second to 2."""
    handing, rows = remainder.hand_out(board), []
    for pid in range(1, number + 1):
        stack = next(handing)
        board.rows[list(stack.rows), 3] = pid
        rows.append(stack.rows)
    return rows


def left(remainder: Remainder, board: Board) -> list[tuple[int, ...]]:
    return [stack.rows for stack in remainder.hand_out(board)]


def test_the_runs_of_the_dead_are_tried_alone_and_the_stacks_of_others_again(board: Board) -> None:
    remainder = Remainder(STACKS)
    begin(remainder, board, 2)
    assert list(remainder.after_death(dead(2), board, {})) == []
    assert left(remainder, board) == [(0, 1), (2,), (3,), (4, 5), (6, 7)]
    assert not board.running.any()


def test_they_go_on_from_what_was_kept_meanwhile(board: Board) -> None:
    """The runs of a stack that are at different epochs begin where it did."""
    remainder = Remainder(STACKS[:3])
    begin(remainder, board, 3)
    epochs = {0: 3, 1: 3, 2: 5, 3: 5, 4: 1, 5: 2}
    marks = {RUNS[row].run_id: Mark(epoch, Path()) for row, epoch in epochs.items()}
    assert list(remainder.after_death(dead(2), board, marks)) == []
    again = [(stack.rows, stack.epoch) for stack in remainder.hand_out(board)]
    assert again == [((0, 1), 3), ((2,), 5), ((3,), 5), ((4, 5), 0)]


@pytest.mark.parametrize(("status", "told"), [(-11, "signal 11"), (7, "exit status 7")])
def test_a_run_that_has_killed_two_workers_by_itself_has_failed(board: Board, status: int, told: str) -> None:
    remainder = Remainder(STACKS[:1])
    for together in (1, 2):
        begin(remainder, board, together)
        assert list(remainder.after_death(dead(1), board, {})) == []
    begin(remainder, board, 2)
    [lost] = remainder.after_death(dead(1, status), board, {})
    assert (lost.run, lost.status, lost.traceback) == (RUNS[0], "failed", f"the worker died ({told})")
    assert left(remainder, board) == [(1,)]


def test_a_run_that_gets_on_between_deaths_does_not_fail(board: Board) -> None:
    """As one that is ended for the memory that others take; one that stays where it was does."""
    remainder = Remainder([Stack(RUNS[:1], (0,))])
    for epoch in (1, 2, 3):
        begin(remainder, board, 1)
        marks = {RUNS[0].run_id: Mark(epoch, Path())}
        assert list(remainder.after_death(dead(1), board, marks)) == []
    begin(remainder, board, 1)
    [lost] = remainder.after_death(dead(1), board, marks)
    assert lost.run == RUNS[0]


def test_nobody_fails_while_it_cannot_be_told_who_died_first(board: Board) -> None:
    """Not even after three deaths. At last each is tried with no other beside it, and then it can be told."""
    remainder = Remainder(STACKS[:2])
    for together in (2, 4):
        begin(remainder, board, together)
        assert list(remainder.after_death(None, board, {})) == []
    assert left(remainder, board) == [(0,)]
    assert list(remainder.after_death(None, board, {})) == []
    assert left(remainder, board) == [(0,)]
    [lost] = remainder.after_death(None, board, {})
    assert (lost.run, lost.traceback) == (RUNS[0], "the worker died")


def test_a_worker_that_dies_between_its_last_epoch_and_its_answer_is_the_one(board: Board) -> None:
    remainder = Remainder(STACKS[:2])
    begin(remainder, board, 2)
    board.finish((0, 1))
    assert list(remainder.after_death(dead(1), board, {})) == []
    assert left(remainder, board) == [(0,), (1,), (2, 3)]


def test_the_death_of_a_worker_that_had_no_run_is_laid_to_nobody(board: Board) -> None:
    """However often: at the end of a sweep one worker trains, and the others have nothing to do."""
    remainder = Remainder(STACKS[:1])
    for _ in range(MOST_IN_VAIN - 1):
        begin(remainder, board, 1)
        assert list(remainder.after_death(dead(2), board, {})) == []
    assert begin(remainder, board, 1) == [(0, 1)]
    with pytest.raises(ChildProcessError, match=r"5 workers died that had nothing to train \(signal 9\)"):
        list(remainder.after_death(dead(2), board, {}))


def test_what_waits_is_not_suspect_because_it_was_begun_before(board: Board) -> None:
    """Nobody can tell who died, twice: the first stack was begun at the first time only."""
    remainder = Remainder(STACKS[:2])
    begin(remainder, board, 2)
    board.rows[:4, 0] = 1
    assert list(remainder.after_death(None, board, {})) == []
    handing = remainder.hand_out(board)
    assert [next(handing).rows for _ in range(2)] == [(0,), (1,)]
    board.start((1,))
    assert list(remainder.after_death(None, board, {})) == []
    assert left(remainder, board) == [(0,), (2,), (3,)], "the second is suspect for the second time"


def test_a_worker_that_dies_as_it_takes_a_stack_fails_its_runs_in_the_end(board: Board) -> None:
    remainder, failed = Remainder(STACKS[:1]), []
    while remainder:
        next(remainder.hand_out(board))
        failed += [lost.run for lost in remainder.after_death(dead(1), board, {})]
    assert failed == list(RUNS[:2])


def test_what_a_stack_has_left_is_taken_though_its_worker_has_died(board: Board) -> None:
    remainder, folder = Remainder(STACKS[:2]), board.path.parent
    begin(remainder, board, 2)
    leave([], (0, 1), folder)
    for rows in remainder.out:
        remainder.take(rows, folder)
    assert remainder.out == [(2, 3)]
    assert {path.name for path in folder.iterdir()} == {"board"}


def test_nothing_is_handed_out_once_the_board_asks_to_stop(board: Board) -> None:
    remainder = Remainder(STACKS)
    handing = remainder.hand_out(board)
    next(handing)
    board.ask_to_stop()
    assert list(handing) == []
    assert remainder

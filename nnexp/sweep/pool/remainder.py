"""What a sweep has still to train: stacks that wait or are handed out, and runs that have killed a worker."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

from nnexp.sweep.pool.answers import collect
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.pool.worker import Outcome

MOST_DEATHS = 2  # of workers, by one run


class Remainder:
    """Stacks without outcomes.

    A run whose worker died is tried alone in its stack. Where nobody can tell which worker was the first to
    die, every stack that had begun is suspect; a run that is so for the second time waits for the end, and is
    then handed out with no other beside it.
    """

    def __init__(self, stacks: Iterable[Stack]) -> None:
        self._waiting, self._suspect = deque(stacks), deque[Stack]()
        self._out: dict[tuple[int, ...], tuple[Stack, datetime]] = {}
        self._deaths, self._doubts = Counter[int](), Counter[int]()

    def __bool__(self) -> bool:
        return bool(self._waiting or self._suspect)

    def hand_out(self, board: Board) -> Iterator[Stack]:
        """The stacks to train next, until the board asks to stop; joblib takes them in its own thread."""
        queue = self._waiting or deque([self._suspect.popleft()])
        while queue and not board.stop_asked:
            stack = queue.popleft()
            self._out[stack.rows] = stack, datetime.now(UTC)
            yield stack

    @property
    def out(self) -> list[tuple[int, ...]]:
        """The rows of each stack that was handed out and is not back yet."""
        return list(self._out)

    def take(self, rows: tuple[int, ...], folder: Path) -> list[Outcome]:
        """What the stack with these rows has left in `folder`; if it left nothing, it is still out."""
        outcomes = collect(rows, folder)
        if outcomes is not None:
            del self._out[rows]
        return outcomes or []

    def after_death(
        self, worker: BaseProcess | None, board: Board, marks: Mapping[str, Mark]
    ) -> Iterator[Outcome]:
        """Put back what was handed out, now that `worker` has died (None: one of them) and all others have
        ended; yield the outcomes of runs that are not tried again. `marks`: run_id -> where a run goes on."""
        out, self._out = self._out, {}
        held = {rows for rows in out if worker and (board.rows[list(rows), 3] == worker.pid).any()}
        begun = {rows for rows in out if board.rows[list(rows)][:, [0, 3]].any()}
        sure, blamed = bool(held) or len(out) == 1, held or begun or set(out)
        for rows, (stack, began) in reversed(out.items()):
            board.finish(rows)
            if rows not in blamed:
                self._waiting.appendleft(stack.going_on(marks))
                continue
            for alone in (each.going_on(marks) for each in reversed(stack.apart())):
                [row] = alone.rows
                (self._deaths if sure else self._doubts)[row] += 1
                if self._deaths[row] == MOST_DEATHS:
                    yield lost(alone, began, worker)
                elif self._doubts[row] > 1:
                    self._suspect.appendleft(alone)
                else:
                    self._waiting.appendleft(alone)


def lost(stack: Stack, began: datetime, worker: BaseProcess | None) -> Outcome:
    """The outcome of a run whose worker died too often."""
    status = worker.exitcode if worker else None
    how = f" (signal {-status})" if status and status < 0 else f" (exit status {status})" if status else ""
    return Outcome(stack.runs[0], began, datetime.now(UTC), None, f"the worker died{how}")

"""What a sweep has still to train: stacks that wait or are handed out, and runs that have killed a worker."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

from nnexp.sweep.pool.answers import collect
from nnexp.sweep.pool.deaths import Deaths
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.pool.worker import Outcome

MOST_IN_VAIN = 5  # deaths of workers that had no run, with nothing trained between them


class Remainder:
    """Stacks without outcomes.

    The runs of a stack whose worker died are tried alone. Where nobody can tell which worker was the first to
    die, every stack that had begun is suspect, and where that one had begun none, those that it may just have
    taken. A run that is suspect for the second time waits for the end, and is then handed out with no other
    beside it.
    """

    def __init__(self, stacks: Iterable[Stack]) -> None:
        self._waiting, self._suspect = deque(stacks), deque[Stack]()
        self._out: dict[tuple[int, ...], tuple[Stack, datetime]] = {}
        self._deaths, self._doubts, self._in_vain = Deaths(), Counter[int](), 0

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
            self._in_vain = 0
        return outcomes or []

    def after_death(
        self, worker: BaseProcess | None, board: Board, marks: Mapping[str, Mark]
    ) -> Iterator[Outcome]:
        """Put back what was handed out, now that `worker` has died (None: one of them) and all others have
        ended; yield the outcomes of runs that are not tried again. `marks`: run_id -> where a run goes on.

        Raises:
            ChildProcessError: worker after worker dies that has no run.
        """
        out, self._out = self._out, {}
        holders = {rows: board.holder(rows) for rows in out}
        blamed, sure = _blame(holders, worker)
        self._in_vain += not blamed
        if self._in_vain == MOST_IN_VAIN:
            raise ChildProcessError(f"{MOST_IN_VAIN} workers died that had nothing to train{_how(worker)}")
        for rows, (stack, began) in reversed(out.items()):
            board.put_back(rows)
            if rows not in blamed:
                self._waiting.appendleft(stack.going_on(marks))
                continue
            alone = [each.going_on(marks) for each in stack.apart()]
            culprits = self._deaths.add(alone) if sure else []
            for each in reversed(alone):
                self._doubts[each.rows[0]] += not sure
                if each in culprits:
                    yield lost(each, began, worker)
                elif self._doubts[each.rows[0]] > 1:
                    self._suspect.appendleft(each)
                else:
                    self._waiting.appendleft(each)


def _blame(
    holders: Mapping[tuple[int, ...], int], worker: BaseProcess | None
) -> tuple[set[tuple[int, ...]], bool]:
    """Which stacks may have killed `worker` (None: nobody can tell which), and whether that is sure.

    `holders`: the pid of the process that began each stack, 0 for none.
    """
    held = {rows for rows, pid in holders.items() if worker and pid == worker.pid}
    free = {rows for rows, pid in holders.items() if not pid}
    if held:
        return held, True
    suspects = free if worker else holders.keys() - free or set(holders)
    return suspects, len(holders) == 1


def lost(stack: Stack, began: datetime, worker: BaseProcess | None) -> Outcome:
    """The outcome of a run whose worker died too often."""
    return Outcome(stack.runs[0], began, datetime.now(UTC), None, f"the worker died{_how(worker)}")


def _how(worker: BaseProcess | None) -> str:
    status = worker.exitcode if worker else None
    return f" (signal {-status})" if status and status < 0 else f" (exit status {status})" if status else ""

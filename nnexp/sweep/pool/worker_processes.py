"""Worker processes: how they begin, which of them died, how they end.

joblib says only that one died, and ends all others at once. Each announces itself by a file, for a notebook
may have other processes of joblib's, which are none of ours.
"""

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import active_children
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from nnexp.sweep.pool.stop import SIGNALS

BEAT = 0.1  # seconds between two looks for new workers
END_WITHIN = 10.0  # seconds that the system may take to end a killed process


def begin(parent: int, announcements: Path) -> None:
    """How a worker process begins: it announces itself, leaves signals to its parent, and ends within a
    second of the parent's end, so that no orphan trains on. One that is late, when all is over, ends now."""
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
    try:
        (announcements / str(os.getpid())).touch()
    except OSError:
        os._exit(0)
    threading.Thread(target=_exit_without, args=(parent,), daemon=True).start()


def _exit_without(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


class KeptProcesses:
    """Worker processes that go on from one round of a sweep to the next, so that none waits for new ones to
    start; they end with the `with`, as joblib would keep them for minutes."""

    def __init__(self, folder: Path) -> None:
        """`folder`: a temporary one, which lasts as long as the `with`."""
        self.folder, self._now = folder, ExitStack()
        self._processes: WorkerProcesses | None = None
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._now.close()

    @contextmanager
    def in_use(self, number: int) -> Iterator["WorkerProcesses"]:
        """So many: those that there are, or new ones. An error ends them, whatever they do.

        Another number takes new ones: where joblib adds to those that there are, they begin with signals.
        """
        if self._processes is None or self._number != number or not self._processes.are_whole:
            self._now.close()
            self._processes, self._number = self._now.enter_context(WorkerProcesses(self.folder)), number
        try:
            yield self._processes
        except BaseException:
            self._processes.end()
            raise


class WorkerProcesses:
    """The processes that `begin` with its `announcements`: watched from a thread inside its `with`, and ended
    at its end."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where the announcements get a folder of their own."""
        self.announcements = Path(mkdtemp(prefix="workers-", dir=folder))
        self._processes: dict[int, BaseProcess] = {}  # ours, and others of joblib's
        self._first: list[BaseProcess] = []
        self._seen, self._over = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, name="nnexp-workers", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End them all, and wait until they have ended; no other begins from now on."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        with suppress(OSError):  # somebody has removed the folder, and then none begins either
            self.announcements = self.announcements.rename(f"{self.announcements}.over")
        self._processes |= _processes()
        ours = self._ours()
        for worker in ours:
            end(worker)
        _wait_for(ours)

    @property
    def are_whole(self) -> bool:
        """Whether they go on, and none has died."""
        return not self._over.is_set() and not self._seen.is_set()

    def culprit(self) -> BaseProcess | None:
        """The worker that died before joblib ended the others; None where nobody can tell."""
        self._seen.wait(2 * BEAT)
        ended = (None, 0, -signal.SIGKILL)  # not, in good order, by joblib
        sure = [worker for worker in self._ours() if worker.exitcode not in ended] or self._first
        return sure[0] if len(sure) == 1 else None

    def _ours(self) -> list[BaseProcess]:
        there = self.announcements
        return [process for pid, process in self._processes.items() if (there / str(pid)).exists()]

    def _watch(self) -> None:
        while not self._over.is_set():
            self._processes |= _processes()
            by_sentinel = {process.sentinel: process for process in self._processes.values()}
            dead = [by_sentinel[sentinel] for sentinel in wait(list(by_sentinel), BEAT)]  # type: ignore[index]
            ours = self._ours() if dead else []
            self._first = [process for process in dead if process in ours and process.exitcode != 0]
            if self._first:
                self._seen.set()
                return
            for process in dead:  # it had nothing to do for long, or is none of ours
                del self._processes[process.pid or 0]


def _processes() -> dict[int, BaseProcess]:
    """The processes of joblib's loky that run now, by the name that it gives them."""
    children = [child for child in active_children() if child.name.startswith("LokyProcess")]
    return {child.pid: child for child in children if child.pid}


def _wait_for(workers: Iterable[BaseProcess]) -> None:
    deadline, left = time.monotonic() + END_WITHIN, [worker.sentinel for worker in workers]
    while left and (seconds := deadline - time.monotonic()) > 0:
        left = [sentinel for sentinel in left if sentinel not in wait(left, seconds)]


def end(process: BaseProcess) -> None:
    """End a child of this process now."""
    if process.pid and process.exitcode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)

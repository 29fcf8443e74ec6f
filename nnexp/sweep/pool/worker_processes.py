"""Worker processes: how they begin, which of them died, how they end."""

import os
import signal
import threading
import time
from multiprocessing import active_children
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Self

from nnexp.sweep.pool.stop import SIGNALS

BEAT = 0.1  # seconds between two looks for new workers


def begin(parent: int) -> None:
    """How a worker process begins: it leaves signals to its parent, and ends within a second of the parent's
    end, so that no orphan trains on."""
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
    threading.Thread(target=_exit_without, args=(parent,), daemon=True).start()


def _exit_without(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


class Deaths:
    """Watches joblib's worker processes from a thread, inside its `with`, and ends at its end those that are
    new: joblib would keep them for minutes."""

    def __init__(self) -> None:
        self._before = {worker.pid for worker in _workers()}
        self._workers: dict[int, BaseProcess] = {}
        self._first: list[BaseProcess] = []
        self._seen, self._over = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, name="nnexp-deaths", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for worker in _workers():
            if worker.pid not in self._before:
                end(worker)

    def culprit(self) -> BaseProcess | None:
        """The worker that died before joblib ended the others; None where nobody can tell."""
        self._seen.wait(2 * BEAT)
        ended = (None, 0, -signal.SIGKILL)  # not, in good order, by joblib
        told = [worker for worker in self._workers.values() if worker.exitcode not in ended] or self._first
        return told[0] if len(told) == 1 else None

    def _watch(self) -> None:
        while not self._over.is_set():
            self._workers |= {worker.pid: worker for worker in _workers() if worker.pid}
            by_sentinel = {worker.sentinel: worker for worker in self._workers.values()}
            dead = set(wait(list(by_sentinel), BEAT))
            for worker in [by_sentinel[sentinel] for sentinel in by_sentinel if sentinel in dead]:
                if worker.exitcode == 0:  # it had nothing to do for long
                    del self._workers[worker.pid or 0]
                else:
                    self._first.append(worker)
            if self._first:
                self._seen.set()
                return


def _workers() -> list[BaseProcess]:
    """The processes of joblib's loky that run now, by the name that it gives them."""
    return [process for process in active_children() if process.name.startswith("LokyProcess")]


def end(process: BaseProcess) -> None:
    """End a child of this process now."""
    if process.pid and process.exitcode is None:
        os.kill(process.pid, signal.SIGKILL)

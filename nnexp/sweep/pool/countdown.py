"""From the wish to stop to the end: runs stop after their epoch; what is too long inside one is ended."""

import os
import threading
from collections.abc import Callable, Collection
from multiprocessing import active_children
from typing import Self

from nnexp.sweep.pool.stop import asked, insist
from nnexp.sweep.pool.worker_processes import end

BEAT = 0.05  # seconds between two looks for a wish to stop


class Countdown:
    """Watches for a stop from a thread, inside its `with`. No signal may raise where joblib works.

    `ask`: lets runs stop, and says so; `pids`: the processes that train now. After `within` seconds those
    are ended: a worker by a signal, this process by what `insist` does.
    """

    def __init__(self, ask: Callable[[], None], pids: Callable[[], Collection[int]], within: float) -> None:
        self._ask, self._pids, self._within = ask, pids, within
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, name="nnexp-stop", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()  # what it says comes before what is said next

    def _watch(self) -> None:
        while not asked():
            if self._over.wait(BEAT):
                return
        self._ask()
        if not self._over.wait(self._within):
            workers = {process.pid: process for process in active_children()}
            for pid in self._pids():
                if pid == os.getpid():
                    insist()
                elif pid in workers:
                    end(workers[pid])

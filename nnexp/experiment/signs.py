"""Signs of life for other processes: while a sweep trains, a file in its folder says how far it is."""

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from nnexp.experiment.sweep_standing import Standing
from nnexp.sweep.store.sign import remove_sign, write_sign

EVERY, EVERY_TIMED = 1.0, 10.0  # seconds; where time is what is measured, signs are to take little of it
SAME = 5.0  # seconds that one stands while nothing but time passes: the disk may be a shared one


class Signs:
    """Gives them from a thread, inside its `with`. Where none can be written, training goes on without."""

    def __init__(self, folder: Path, standing: Standing) -> None:
        self._folder, self._standing = folder, standing
        self._every = EVERY_TIMED if standing.plan.timing else EVERY
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._give, name="nnexp-signs", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()
        remove_sign(self._folder)

    def _give(self) -> None:
        last, since = None, 0.0
        while not self._end.wait(self._every):
            sign = self._standing.sign()
            done = sign.statuses, sign.running, sign.share
            if done != last or time.monotonic() >= since + SAME:
                with suppress(OSError):  # a full disk
                    write_sign(self._folder, sign)
                    last, since = done, time.monotonic()

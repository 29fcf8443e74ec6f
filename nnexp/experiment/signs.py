"""Signs of life for other processes: while a sweep trains, a file in its folder says how far it is."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

from nnexp.experiment.sweep_standing import Standing
from nnexp.sweep.store.sign import Sign, remove_sign, write_sign

EVERY = 1.0  # seconds


class Signs:
    """Gives them from a thread, inside its `with`. Where none can be written, training goes on without."""

    def __init__(self, folder: Path, standing: Standing) -> None:
        self._folder, self._standing = folder, standing
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
        last: Sign | None = None
        while not self._end.wait(EVERY):
            sign = self._standing.sign()
            if sign != last:
                with suppress(OSError):  # a full disk
                    write_sign(self._folder, sign)
                    last = sign

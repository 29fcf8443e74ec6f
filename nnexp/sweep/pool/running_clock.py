"""A clock that stands while its process is stopped, as by Ctrl-Z: what a run may take is time to train."""

import threading
import time

BEAT = 0.2  # seconds between two looks at the time
LONGEST = 2.0  # seconds between two looks, at most, while a process runs, however busy the machine


class RunningClock:
    """Counts from its making, in a thread that ends with the `with` statement.

    No signal tells a process that it is about to be stopped. So the time is looked at again and again, and
    where two looks lie far apart, the process was not running in between.
    """

    def __init__(self) -> None:
        self._seconds, self._last = 0.0, time.monotonic()
        self._guard, self._ended = threading.Lock(), threading.Event()

    def __enter__(self) -> "RunningClock":
        threading.Thread(target=self._beat, name="nnexp-clock", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def seconds(self) -> float:
        """For how long this process ran since."""
        with self._guard:
            now = time.monotonic()
            passed, self._last = now - self._last, now
            self._seconds += passed if passed < LONGEST else BEAT
            return self._seconds

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            self.seconds()

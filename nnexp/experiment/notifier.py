"""A line of JSON to a web hook when a sweep ends, a run fails, or nothing has ended for long.

It never raises into the sweep, never delays a record, and tells nothing but what `_line` writes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPMessage
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import IO, Literal
from urllib.request import HTTPRedirectHandler, Request, build_opener

from rich.console import Console

from nnexp.config import Notify
from nnexp.sweep.store.record import FAILED, Record
from nnexp.text import count, duration

Event = Literal["finished", "stopped", "broken", "failure", "silence"]
TIMEOUT = 5.0  # seconds that an answer may take
LEAVING = 6.0  # seconds that the end of a sweep may wait for its line to be taken
WORDS = {
    "finished": "has finished",
    "stopped": "was stopped",
    "broken": "could not go on",
    "failure": "has its first failed run",
}


class Notifier:
    """Tells `notify.url`, in a thread of its own, from `with` on; without an address, nothing.

    `statuses`: how many runs have ended how, now; `answer`: the first line of the answer, once there is one.
    """

    def __init__(
        self,
        notify: Notify,
        name: str,
        runs: int,
        statuses: Callable[[], Counter[str]],
        answer: Callable[[], str],
        console: Console,
    ) -> None:
        self._notify, self._name, self._runs, self._console = notify, name, runs, console
        self._statuses, self._answer = statuses, answer
        self._news: Queue[Event | None] = Queue()  # None: a run has ended
        self._failed = False
        self._problem = ""
        self._thread = Thread(target=self._work, name="nnexp-notify", daemon=True)

    def __enter__(self) -> None:
        if self._notify.url:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._notify.url:
            return
        stopped = kind is not None and issubclass(kind, KeyboardInterrupt)
        self._news.put("finished" if kind is None else "stopped" if stopped else "broken")
        self._thread.join(LEAVING)
        if self._thread.is_alive() or self._problem:
            self._console.print(f"notify.url was not reached: {self._problem or 'it took too long'}")

    def ended(self, record: Record) -> None:
        """A run has ended."""
        if self._notify.url:
            fails = record.status in FAILED and not self._failed
            self._failed |= fails
            self._news.put("failure" if fails else None)

    def _work(self) -> None:
        said = False  # that nothing has ended for long
        while True:
            try:
                news = self._news.get(timeout=None if said else self._notify.after)
            except Empty:
                said = True
                self._post("silence")
                continue
            said = False
            if news:
                self._post(news)
            if news in ("finished", "stopped", "broken"):
                return

    def _post(self, event: Event) -> None:
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "nnexp"}
            request = Request(self._notify.url or "", self._line(event), headers, method="POST")
            with build_opener(NoRedirect).open(request, timeout=TIMEOUT):
                self._problem = ""
        except Exception as error:  # the network raises what it likes; its texts may hold the address
            self._problem = type(error).__name__

    def _line(self, event: Event) -> bytes:
        """All that leaves this machine."""
        statuses = self._statuses()
        told = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in statuses.items()) or "none ended"
        what = WORDS.get(event) or f"has had no run end for {duration(self._notify.after or 0)}"
        text = f"{self._name} {what}: {told} of {count(self._runs, 'run')}."
        if event == "finished" and (answer := self._answer()):
            text += f" {answer}"
        body = {"text": text, "event": event, "sweep": self._name, "runs": self._runs}
        body |= {"statuses": dict(statuses), "time": datetime.now(UTC).isoformat(timespec="seconds")}
        return json.dumps(body).encode() + b"\n"


class NoRedirect(HTTPRedirectHandler):
    """A line goes to the address that was given, and to no other."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None

"""A line of JSON to a web hook when a sweep ends, a run fails, or nothing has ended for long.

It never raises into the sweep, never delays a record, and tells nothing but what `_line` writes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPMessage
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import IO, Literal, Self
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


@dataclass(frozen=True)
class Subject:
    """The sweep that is told of, as it is whenever it is asked: a round may add runs.

    `statuses`: how many runs have ended how; `answer`: the first line of the answer, once there is one.
    """

    name: str
    runs: Callable[[], int]
    statuses: Callable[[], Counter[str]]
    answer: Callable[[], str]


class Notifier:
    """Tells `notify.url`, in a thread of its own, of what a command trains; without an address, nothing.

    Trials, stages and what rests on them are told as one: the end of the `with` is the end of them all.
    """

    def __init__(self, notify: Notify, console: Console) -> None:
        self._notify, self._console = notify, console
        self._subject: Subject | None = None  # none before the first run trains: nothing is told
        self._news: Queue[Event | None] = Queue()  # None: a run has ended
        self._failed = self._stopped = False
        self._problem = ""
        self._thread = Thread(target=self._work, name="nnexp-notify", daemon=True)

    def begin(self, subject: Subject, runs: int) -> None:
        """A sweep has so many runs to train: it is told of, as is one without that rests on trained ones."""
        if not self._notify.url or not (runs or self._subject):
            return
        first, self._subject = self._subject is None, subject
        if first:
            self._thread.start()

    def stop(self) -> None:
        """Somebody does not want what comes next."""
        self._stopped = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._subject:
            return
        if self._stopped or (kind is not None and issubclass(kind, KeyboardInterrupt)):
            self._news.put("stopped")
        else:
            self._news.put("finished" if kind is None else "broken")
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
        silence = False  # nothing has ended for long, and that is told
        while True:
            try:
                news = self._news.get(timeout=None if silence else self._notify.after)
            except Empty:
                silence = True
                self._post("silence")
                continue
            silence = False
            if news:
                self._post(news)
            if news in ("finished", "stopped", "broken"):
                return

    def _post(self, event: Event) -> None:
        assert self._subject
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "nnexp"}
            line = self._line(event, self._subject)
            request = Request(self._notify.url or "", line, headers, method="POST")
            with build_opener(NoRedirect).open(request, timeout=TIMEOUT):
                self._problem = ""
        except Exception as error:  # the network raises what it likes; its texts may hold the address
            self._problem = type(error).__name__

    def _line(self, event: Event, subject: Subject) -> bytes:
        """All that leaves this machine."""
        statuses, runs = subject.statuses(), subject.runs()
        counts = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in statuses.items())
        what = WORDS.get(event) or f"has had no run end for {duration(self._notify.after or 0)}"
        text = f"{subject.name} {what}: {counts or 'none ended'} of {count(runs, 'run')}."
        if event == "finished" and (answer := subject.answer()):
            text += f" {answer}"
        body = {"text": text, "event": event, "sweep": subject.name, "runs": runs}
        body |= {"statuses": dict(statuses), "time": datetime.now(UTC).isoformat(timespec="seconds")}
        return json.dumps(body).encode() + b"\n"


class NoRedirect(HTTPRedirectHandler):
    """A line goes to the address that was given, and to no other."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None

"""The thread that takes records to MLflow while training goes on, and never gets in its way."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from threading import Condition, Thread
from typing import Any, NamedTuple

from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from nnexp.tracking.address import SERVERS, public_uri, scheme, without_secrets
from nnexp.tracking.logged import Logged, append_logged, lines_of, read_logged
from nnexp.tracking.record_fields import Measurement
from nnexp.tracking.tracker import Submission, Tracker

FIRST_PAUSE = 0.5  # seconds after a failure; doubles with each one that follows
LONGEST_PAUSE = 60.0
# Once somebody waits for the end: shorter pauses, and no more attempts than these without any success.
LONGEST_PAUSE_AT_END = 2.0
ATTEMPTS_AT_END = 3
COUNTS_EVERY = 10.0  # seconds between updates of the parent's counts
GATHERING = 1.0  # seconds in which records may gather: those that are logged at once cost less
GRACE = 2.0  # seconds beyond the time limit, to end the parent


class Closing(NamedTuple):
    """How the sweep's page ends, and until when (monotonic seconds) that may take."""

    status: str
    counts: Mapping[str, int]
    files: Sequence[Path]
    tags: Mapping[str, str]
    best: Submission | None
    curves: Sequence[Measurement]
    deadline: float


class Report(NamedTuple):
    """What could not be logged: run_ids, and the last error (None: everything is in MLflow)."""

    unlogged: tuple[str, ...]
    error: str | None


class Logger:
    """Logs the records of one sweep in a thread of its own, from the moment it is made.

    Nothing here raises into the caller, delays a record, or touches one. A call that fails is made again
    after a pause that grows; what is not logged at the end is reported, and the next start logs it.
    It is the only writer of `logged.jsonl` in `folder`.

    Attributes:
        models: whose networks the store gets: all; none; best: that which `close` is given.
        note: what slows logging down, in one line; empty if nothing does.
    """

    def __init__(
        self, uri: str, plan: Plan, *, folder: Path, environment: Mapping[str, Any], models: str = "all"
    ) -> None:
        self.models = models
        self._uri, self._plan, self._folder, self._environment = uri, plan, folder, environment
        self._store = public_uri(uri)
        self._changed = Condition()  # guards the four that both threads use
        self._queue: deque[Submission] = deque()
        self._closing: Closing | None = None
        self._awaited = False  # whether the caller waits for the end
        self._given_up = False
        self._counts: Counter[str] = Counter()
        self._page = ""  # as written down
        self._portion = 0  # how many records are being logged
        self._alone = 0  # how many of the next to log one by one
        self.note = ""
        self._ended = False
        self._error = "MLflow took too long"
        self._thread = Thread(target=self._work, name="nnexp-mlflow", daemon=True)
        self._thread.start()

    @property
    def viewer(self) -> str:
        """What shows the store to people: our command, which names the pages of a server."""
        return f"nnexp ui tracking.uri={self._store}" if scheme(self._uri) in SERVERS else "nnexp ui"

    def submit(self, run: Run, record: Record, weights: Path | None) -> None:
        """Hand over a durable record; returns at once. One that is in MLflow already stays as it is there."""
        with self._changed:
            self._queue.append(Submission(run, record, weights if self.models == "all" else None))
            self._changed.notify_all()

    def follow(self, plan: Plan) -> None:
        """The sweep has got further runs."""
        self._plan = plan

    def drain(self, timeout: float, *, patient: bool = False) -> None:
        """Wait until every record handed over is in MLflow or given up.

        For `timeout` seconds at most, or, if `patient`, as long as none of them pass without a record logged.
        """
        with self._changed:
            self._awaited = True
            self._changed.notify_all()
            length, deadline = len(self._queue), time.monotonic() + timeout
            while self._queue and not self._given_up and time.monotonic() < deadline:
                self._changed.wait(deadline - time.monotonic())
                if patient and len(self._queue) < length:
                    length, deadline = len(self._queue), time.monotonic() + timeout

    def close(
        self,
        status: str,
        counts: Mapping[str, int],
        files: Sequence[Path] = (),
        timeout: float = 60.0,
        tags: Mapping[str, str] | None = None,
        best: Submission | None = None,
        curves: Sequence[Measurement] = (),
    ) -> Report:
        """Log what waits, attach `files`, `tags` and `curves` to the parent and end it with `status`.

        `best`: a run of which the network is logged, if it is not. All that takes `timeout` seconds at most.
        """
        with self._changed:
            self._awaited = True
            deadline = time.monotonic() + timeout
            self._closing = Closing(status, counts, files, tags or {}, best, curves, deadline)
            self._changed.notify_all()
        self._thread.join(timeout + GRACE)
        with self._changed:
            unlogged = {submission.record.run_id for submission in self._queue}
        if self._page and not lines_of(self._folder, self._store):
            self._ended, self._error = False, "the store was removed or replaced while runs were logged"
            unlogged |= {line.run_id for line in read_logged(self._folder) if line.store == self._store}
        missing = tuple(run.run_id for run in self._plan.runs if run.run_id in unlogged)
        return Report(missing, None if self._ended and not missing else self._error)

    def _work(self) -> None:
        pause, attempts = FIRST_PAUSE, ATTEMPTS_AT_END
        while attempts > 0 and self._time_left() > 0:
            logged = self._counts.total()
            if self._succeeds(self._log_all):
                return
            with self._changed:
                self._step_aside()
                if self._counts.total() > logged:
                    pause, attempts = FIRST_PAUSE, ATTEMPTS_AT_END
                else:
                    pause, attempts = min(2 * pause, LONGEST_PAUSE), attempts - self._awaited
                if attempts > 0:
                    self._rest(pause)
        with self._changed:
            self._given_up = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closing is not None)
        self._succeeds(self._only_end)

    def _succeeds(self, step: Callable[[Tracker], None]) -> bool:
        """Open the store and do `step` there; False, and the error kept, if anything fails."""
        try:
            with Tracker(
                self._uri, self._plan, folder=self._folder, environment=self._environment
            ) as tracker:
                step(tracker)
        except Exception as error:  # MLflow, its database driver and the network raise what they like
            self._error = _one_line(error, self._uri)
            return False
        return True

    def _log_all(self, tracker: Tracker) -> None:
        """Log whatever comes, and end the parent when no more will come."""
        self._note_page(tracker)
        counts_logged = time.monotonic()
        while portion := self._next(tracker.most):
            self._portion = len(portion)
            self._log(tracker, portion)
            with self._changed:
                for _ in portion:
                    self._queue.popleft()
                self._changed.notify_all()
            self._alone = max(0, self._alone - len(portion))
            self._counts.update(submission.record.status for submission in portion)
            if time.monotonic() - counts_logged > COUNTS_EVERY:
                tracker.log_counts(self._counts)
                counts_logged = time.monotonic()
        self._only_end(tracker)

    def _log(self, tracker: Tracker, portion: Sequence[Submission]) -> None:
        ids = tracker.log(portion)
        self.note = tracker.note
        self._note_page(tracker)
        lines = (
            Logged(record.run_id, self._store, mlflow_run_id, record.timings["started"])
            for (_, record, _), mlflow_run_id in zip(portion, ids, strict=True)
        )
        append_logged(self._folder, *lines)

    def _step_aside(self) -> None:
        """A record that cannot be logged must not hold up the others: each is tried alone, then it waits."""
        if self._portion > 1:
            self._alone = self._portion
        else:
            self._queue.rotate(-1)
        self._portion = 0

    def _note_page(self, tracker: Tracker) -> None:
        """Write down, once, which run of MLflow stands for the sweep."""
        if tracker.page not in ("", self._page):
            append_logged(self._folder, Logged(self._plan.sweep_id, self._store, tracker.page, ""))
            self._page = tracker.page

    def _only_end(self, tracker: Tracker) -> None:
        if self._closing is not None:
            status, counts, files, tags, best, curves, _ = self._closing
            if best:
                tracker.log_model(best)
            tracker.log_curves(self._plan, curves)
            tracker.finish(status, counts, files, tags)
            if tracker.page:
                end = Logged(self._plan.sweep_id, self._store, tracker.page, "", status)
                append_logged(self._folder, end)
            self._ended = True

    def _next(self, most: int) -> list[Submission]:
        """The records to log next, waited for; none when no more will come, or no time is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing is not None)
            if self._alone:
                most = 1
            self._changed.wait_for(lambda: len(self._queue) >= most or self._awaited, GATHERING)
            return list(islice(self._queue, most)) if self._time_left() > 0 else []

    def _time_left(self) -> float:
        return float("inf") if self._closing is None else self._closing.deadline - time.monotonic()

    def _rest(self, pause: float) -> None:
        """Wait before the next attempt; whoever starts to wait for the end cuts a long pause short."""
        if self._awaited:
            self._changed.wait(min(pause, LONGEST_PAUSE_AT_END))
        else:
            self._changed.wait_for(lambda: self._awaited, pause)


def _one_line(error: Exception, uri: str) -> str:
    """The error in one line, without the store's password."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {without_secrets(first, uri)}"

"""A sweep that is looked at while it trains: how far it is, and its page, from its files alone."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnexp.experiment.followed import answer_on, trained_now
from nnexp.experiment.html_report import note_look_at, report_page
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.experiment.messages import ending
from nnexp.pages.render import html
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.stages import is_part
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.lock import holder_of
from nnexp.sweep.store.plan_file import FILE, read_plan
from nnexp.sweep.store.record import FAILED, Record
from nnexp.sweep.store.rounds_file import FILE as ROUNDS
from nnexp.sweep.store.rounds_file import awaited
from nnexp.sweep.store.sign import Sign, read_sign
from nnexp.text import percent

MOST_FAILURES = 10  # lines
QUIET = 5.0  # seconds from one stage to the next, with time to spare
LEAST_PAUSE, PAUSE = 5.0, 4.0  # seconds between pages, and how many times as long as one takes to make


class Watched:
    """A sweep in its folder, or what trains now of those that a name means. Its methods may be called from
    several threads.

    Verdicts are left out until all runs have ended and no round may follow: each time they are shown is a
    look.
    """

    def __init__(self, folder: Path, sweeps_dir: str, name: str = "", data: str | None = None) -> None:
        """`folder`: what is seen first; `name`: NAME or NAME/ID whose stages and answer are seen, too; with
        `data`, of what trains that on this data set."""
        self.folder, self.sweeps_dir, self.name, self.data = folder, sweeps_dir, name, data
        self._trained = -QUIET  # when somebody was seen to train it
        self._lock = threading.Lock()
        self._records: dict[str, tuple[tuple[int, int], Record]] = {}  # run_id -> state of its file, record
        self._plan: tuple[object, Plan] | None = None
        self._page: tuple[str, bytes] = ("", b"")
        self._pause = LEAST_PAUSE

    def state(self) -> dict[str, Any]:
        """How far it is: texts, `share` of the work that is done, `version` of what is known."""
        with self._lock:
            self._follow()
            return self._state()

    def page(self) -> bytes:
        """The report as it is now; the last one, unless more is known."""
        with self._lock:
            self._follow()
            state = self._state()
            if self._page[0] != state["version"]:
                began = time.monotonic()
                self._page = (state["version"], self._render(state))
                self._pause = max(LEAST_PAUSE, PAUSE * (time.monotonic() - began))
            return self._page[1]

    def _follow(self) -> None:
        """See what trains now; if nothing does for a while, for stages follow at once, what rests on that."""
        if not self.name or holder_of(self.folder):
            self._trained = time.monotonic()
            return
        folder = trained_now(self.name, self.sweeps_dir, self.data)
        quiet = folder is None and time.monotonic() > self._trained + QUIET
        if quiet and is_part(self._plan_now()):
            folder = answer_on(self.folder, self.name, self.sweeps_dir)
        if folder and folder != self.folder:
            self.folder, self._records, self._plan = folder, {}, None

    def _state(self) -> dict[str, Any]:
        plan, sign = self._read(), read_sign(self.folder)
        ended = [self._records[run.run_id][1] for run in plan.runs if run.run_id in self._records]
        bad = [record for record in ended if record.status in FAILED]
        labels = {run.run_id: plan.label(run) for run in plan.runs}
        to_come = awaited(self.folder)
        return {
            "name": self._shown,
            "version": self._version(plan),
            "share": sign.share if sign else len(ended) / len(plan.runs),
            "text": self._text(ended, len(plan.runs), to_come, sign),
            "left": sign.time_left(to_come) if sign else "",
            "running": sign.lines if sign else (),
            "best": _best(plan, ended, labels),
            "failures": [f"{labels[each.run_id]}: {ending(each)}" for each in bad[:MOST_FAILURES]],
            "pause": self._pause,
        }

    @property
    def _shown(self) -> str:
        """NAME/ID."""
        return self.folder.relative_to(self.sweeps_dir).as_posix()

    def _text(self, ended: list[Record], runs: int, to_come: str, sign: Sign | None) -> str:
        """`12 of 35 runs have ended: 11 finished, 1 diverged; 4 running, 19 to do`."""
        statuses = Counter(sign.statuses if sign else (record.status for record in ended))
        by_status = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in statuses.items())
        more = f", more {to_come}" * bool(to_come)
        counts = f"{statuses.total()} of {runs} runs have ended{f': {by_status}' if by_status else ''}{more}"
        now = sign.runs(runs) if sign else self._now(over=len(ended) == runs and not to_come)
        return f"{counts}{f'; {now}' if now else ''}"

    def _now(self, *, over: bool) -> str:
        """What is done where no run trains at this moment; `over`: nor is one to come."""
        if holder_of(self.folder) is None:
            return "" if over else "nobody trains it now"
        return "its answer is being made" if over else "training"

    def _render(self, state: Mapping[str, Any]) -> bytes:
        sweep = load_folder(self.folder, self.sweeps_dir)
        if len(sweep.runs) < len(sweep.plan.runs) or awaited(self.folder):
            sweep = replace(sweep, verdicts=sweep.verdicts.iloc[:0])
        else:
            note_look_at(self.folder, sweep.results)
        return html(replace(report_page(self.folder, sweep.results, self.sweeps_dir), live=state))

    def _read(self) -> Plan:
        """The plan, and whatever records are new."""
        plan = self._plan_now()
        present: dict[str, tuple[tuple[int, int], Record]] = {}
        for path in (self.folder / "records").glob("*.json"):
            with suppress(OSError, ValueError, TypeError, KeyError):  # torn, or gone
                state, before = _state(path), self._records.get(path.stem)
                same = before is not None and before[0] == state
                present[path.stem] = before if before and same else (state, records.read(path))
        self._records = present
        return plan

    def _plan_now(self) -> Plan:
        """The plan, read anew where its files differ."""
        state = [_state(self.folder / name) for name in (FILE, ROUNDS)]
        if self._plan is None or self._plan[0] != state:
            self._plan = (state, read_plan(self.folder))
        return self._plan[1]

    def _version(self, plan: Plan) -> str:
        ended = sum(run.run_id in self._records for run in plan.runs)
        newest = max((state[0] for state, _ in self._records.values()), default=0)
        return json.dumps([self._shown, len(plan.runs), ended, newest, awaited(self.folder)])


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _best(plan: Plan, ended: list[Record], labels: dict[str, str]) -> str:
    """The run with the highest validation accuracy so far."""
    keeps_best = all(run.hyperparameters.keeps_best for run in plan.runs)
    name = f"{'best' if keeps_best else 'final'}_validation_accuracy"
    accuracies = {
        record.run_id: value
        for record in ended
        if record.status == "finished" and (value := record.metrics.get(name)) is not None
    }
    if not accuracies:
        return ""
    best = max(accuracies, key=lambda run_id: accuracies[run_id])
    return f"Best run so far: {percent(accuracies[best])} on validation, {labels[best]}."

"""A sweep that is looked at while it trains: how far it is, and its page, from its files alone."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nnexp.experiment.html_report import note_look_at, report_page
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.experiment.messages import ending
from nnexp.pages.render import html
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.lock import held_since, holder_of
from nnexp.sweep.store.plan_file import FILE, read_plan
from nnexp.sweep.store.record import FAILED, Record
from nnexp.sweep.store.rounds_file import FILE as ROUNDS
from nnexp.sweep.store.rounds_file import awaited
from nnexp.text import duration, percent

PACE_OF = 60  # records that ended last: the time left is by their pace
MOST_FAILURES = 10  # lines
LEAST_PAUSE, PAUSE = 5.0, 4.0  # seconds between pages, and how many times as long as one takes to make


class Watched:
    """A sweep in its folder. Its methods may be called from several threads.

    Verdicts are left out until all runs have ended and no round may follow: each time they are shown is a
    look.
    """

    def __init__(self, folder: Path, sweeps_dir: str) -> None:
        self.folder, self.sweeps_dir = folder, sweeps_dir
        self._lock = threading.Lock()
        self._records: dict[str, tuple[tuple[int, int], Record]] = {}  # run_id -> state of its file, record
        self._plan: tuple[object, Plan] | None = None
        self._page: tuple[str, bytes] = ("", b"")
        self._pause = LEAST_PAUSE

    def state(self) -> dict[str, Any]:
        """How far it is: texts, `share` of the runs that have ended, `version` of what is known."""
        with self._lock:
            plan = self._read()
            ended = [self._records[run.run_id][1] for run in plan.runs if run.run_id in self._records]
            bad = [record for record in ended if record.status in FAILED]
            labels = {run.run_id: plan.label(run) for run in plan.runs}
            training = holder_of(self.folder) is not None
            missing, since = len(plan.runs) - len(ended), held_since(self.folder)
            return {
                "version": self._version(plan),
                "share": len(ended) / len(plan.runs),
                "text": _counts(ended, len(plan.runs), training, awaited(self.folder)),
                "left": _time_left(ended, missing, since) if training and since else "",
                "best": _best(plan, ended, labels),
                "failures": [f"{labels[each.run_id]}: {ending(each)}" for each in bad[:MOST_FAILURES]],
                "pause": self._pause,
            }

    def page(self) -> bytes:
        """The report as it is now; the last one, unless more is known."""
        with self._lock:
            version = self._version(self._read())
            if self._page[0] != version:
                began = time.monotonic()
                self._page = (version, self._render(version))
                self._pause = max(LEAST_PAUSE, PAUSE * (time.monotonic() - began))
            return self._page[1]

    def _render(self, version: str) -> bytes:
        sweep = load_folder(self.folder, self.sweeps_dir)
        if len(sweep.runs) < len(sweep.plan.runs) or awaited(self.folder):
            sweep = replace(sweep, verdicts=sweep.verdicts.iloc[:0])
        else:
            note_look_at(self.folder, sweep.results)
        return html(replace(report_page(self.folder, sweep.results, self.sweeps_dir), version=version))

    def _read(self) -> Plan:
        """The plan, and whatever records are new."""
        plan_state = [_state(self.folder / name) for name in (FILE, ROUNDS)]
        if self._plan is None or self._plan[0] != plan_state:
            self._plan = (plan_state, read_plan(self.folder))
        present: dict[str, tuple[tuple[int, int], Record]] = {}
        for path in (self.folder / "records").glob("*.json"):
            with suppress(OSError, ValueError, TypeError, KeyError):  # torn, or gone
                state, before = _state(path), self._records.get(path.stem)
                same = before is not None and before[0] == state
                present[path.stem] = before if before and same else (state, records.read(path))
        self._records = present
        return self._plan[1]

    def _version(self, plan: Plan) -> str:
        ended = sum(run.run_id in self._records for run in plan.runs)
        newest = max((state[0] for state, _ in self._records.values()), default=0)
        return json.dumps([len(plan.runs), ended, newest, awaited(self.folder)])


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _counts(ended: list[Record], runs: int, training: bool, to_come: str) -> str:
    """`12 of 35 runs have ended: 11 finished, 1 diverged; training`."""
    statuses = Counter(record.status.replace("_", " ") for record in ended)
    by_status = ", ".join(f"{number} {status}" for status, number in statuses.items())
    over = len(ended) == runs and not to_come
    state = "training" if training else "all have ended" if over else "nobody trains it now"
    more = f", more {to_come}" * bool(to_come)
    return f"{len(ended)} of {runs} runs have ended{f': {by_status}' if by_status else ''}{more}; {state}"


def _time_left(ended: list[Record], missing: int, since: float) -> str:
    """By the pace of the last runs that ended `since` the training began or went on; empty while there is
    none."""
    times = sorted(datetime.fromisoformat(str(record.timings["ended"])).timestamp() for record in ended)
    last = [time for time in times if time >= since][-PACE_OF:]
    if len(last) < 2 or not missing:
        return ""
    seconds = (last[-1] - last[0]) / (len(last) - 1) * missing
    return f"about {duration(seconds)} left"


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

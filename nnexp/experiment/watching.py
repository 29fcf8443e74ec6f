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

from nnexp.experiment.html_report import made_from, report_page
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.experiment.messages import ending
from nnexp.pages.render import html
from nnexp.results.tables import Results
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store import record as records
from nnexp.sweep.store.lock import holder_of
from nnexp.sweep.store.looks import note_look
from nnexp.sweep.store.plan_file import FILE, read_plan
from nnexp.sweep.store.record import FAILED, Record
from nnexp.sweep.store.rounds_file import FILE as ROUNDS
from nnexp.text import duration, percent

PACE_OF = 60  # records that ended last: the time left is by their pace
MOST_FAILURES = 10  # lines
LEAST_PAUSE, PAUSE = 5.0, 4.0  # seconds between pages, and how many times as long as one takes to make


class Watched:
    """A sweep in its folder. Its methods may be called from several threads.

    Verdicts are left out until all runs have ended: each time they are shown is a look.
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
            missing = len(plan.runs) - len(ended)
            return {
                "version": self._version(plan),
                "share": len(ended) / len(plan.runs),
                "text": _counts(ended, len(plan.runs), training),
                "left": _time_left(ended, missing) if training else "",
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
                self._page = (version, self._made(version))
                self._pause = max(LEAST_PAUSE, PAUSE * (time.monotonic() - began))
            return self._page[1]

    def _made(self, version: str) -> bytes:
        results = load_folder(self.folder, self.sweeps_dir).results
        page = report_page(self.folder, results, self.sweeps_dir)
        first, *others = page.sections
        if len(results.tables.runs) < len(results.plan.runs):
            first = replace(first, answer=replace(first.answer, verdicts=()))
        else:
            _note(self.folder, results, {verdict.id: verdict.verdict for verdict in first.answer.verdicts})
        made = made_from(first.answer.name)
        return html(replace(page, sections=(first, *others), version=version, made=made))

    def _read(self) -> Plan:
        """The plan, and whatever records are new."""
        plan_state = [_state(self.folder / name) for name in (FILE, ROUNDS)]
        if self._plan is None or self._plan[0] != plan_state:
            self._plan = (plan_state, read_plan(self.folder))
        for path in (self.folder / "records").glob("*.json"):
            known = self._records.get(path.stem)
            with suppress(OSError, ValueError, TypeError, KeyError):  # torn, or gone
                if known is None or known[0] != _state(path):
                    self._records[path.stem] = (_state(path), records.read(path))
        return self._plan[1]

    def _version(self, plan: Plan) -> str:
        ended = sum(run.run_id in self._records for run in plan.runs)
        newest = max((state[0] for state, _ in self._records.values()), default=0)
        return json.dumps([len(plan.runs), ended, newest])


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _note(folder: Path, results: Results, verdicts: dict[str, str]) -> None:
    note_look(folder, results.plan, len(results.tables.runs), verdicts)


def _counts(ended: list[Record], runs: int, training: bool) -> str:
    """`12 of 35 runs have ended: 11 finished, 1 diverged; training`."""
    statuses = Counter(record.status.replace("_", " ") for record in ended)
    told = ", ".join(f"{number} {status}" for status, number in statuses.items())
    doing = "training" if training else "nobody trains it now" if len(ended) < runs else "all have ended"
    return f"{len(ended)} of {runs} runs have ended{f': {told}' if told else ''}; {doing}"


def _time_left(ended: list[Record], missing: int) -> str:
    """By the pace of the last runs; nothing while there is none."""
    ends = sorted(datetime.fromisoformat(str(record.timings["ended"])) for record in ended)[-PACE_OF:]
    if len(ends) < 2 or not missing:
        return ""
    seconds = (ends[-1] - ends[0]).total_seconds() / (len(ends) - 1) * missing
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

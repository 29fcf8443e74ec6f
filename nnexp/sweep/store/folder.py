"""A sweep as it stands on disk: `SWEEPS_DIR/NAME/ID/`, with its frozen plan and its records."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnexp.errors import UserError
from nnexp.files import replacing
from nnexp.nn import Model
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.plan_file import read_plan, write_plan
from nnexp.sweep.store.record import DONE, FAILED, Record, Status

SETTLED: dict[str, tuple[Status, ...]] = {
    "cached": (*DONE, "pruned", *FAILED),
    "retry": (*DONE, "pruned"),
    "force": (),
}


@dataclass(frozen=True)
class Sweep:
    """A plan, its folder, the records of the runs that ended, and the files where they were found.

    `damaged`: run_id -> what is wrong with its record.
    `failed_again`: run_id -> how a run that was done failed when it was trained again.
    """

    plan: Plan
    folder: Path
    records: dict[str, Record]
    files: Mapping[str, Path] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
    failed_again: dict[str, Record] = field(default_factory=dict)

    @property
    def records_folder(self) -> Path:
        return self.folder / "records"

    @property
    def statuses(self) -> Counter[str]:
        """How many runs ended in which way."""
        return Counter(record.status for record in self.records.values())

    @property
    def failed(self) -> bool:
        """Whether a run failed or timed out, and be it one that was done before."""
        return any(self.statuses[status] for status in FAILED) or bool(self.failed_again)

    def pending(self, mode: str) -> list[int]:
        """Rows of the plan to be trained: `cached` none that ended, `retry` failed ones, `force` all."""
        return [
            row
            for row, run in enumerate(self.plan.runs)
            if run.run_id not in self.records or self.records[run.run_id].status not in SETTLED[mode]
        ]

    def add(self, ended: Sequence[tuple[Record, Model | None]]) -> set[str]:
        """Make the records of runs that have just ended durable; the ids of those that are now the sweep's.

        A run that was done, is trained again and fails leaves what it had, and its traceback beside it.
        """
        better = [pair for pair in ended if not self._keeps_earlier(pair[0])]
        records.write_all(self.records_folder, better)
        for record, _ in better:
            self.records[record.run_id] = record
            self._failure(record).unlink(missing_ok=True)
        return {record.run_id for record, _ in better}

    def _keeps_earlier(self, record: Record) -> bool:
        """Whether a better record of the run is there; then this one's traceback is laid beside it."""
        failure = self._failure(record)
        # What lies there, not `records`: these lack runs whose seconds are of no use to a sweep about time.
        if record.status in DONE or records.status_in(failure.with_suffix(".json")) not in DONE:
            return False
        self.failed_again[record.run_id] = record
        with replacing(failure) as file:
            file.write((record.traceback or record.status).encode())
        return True

    def _failure(self, record: Record) -> Path:
        return self.records_folder / f"{record.run_id}.failed"

    def weights(self, run_id: str) -> Path | None:
        """The file of the weights that a run kept, if any, compared with its checksum.

        Raises:
            UserError: they are damaged; the record is set aside.
        """
        return records.kept_weights(self.records_folder, run_id)


def sweep_folder(sweeps_dir: str | Path, plan: Plan) -> Path:
    """Where the sweep lives; the same sweep again leads to the same folder."""
    return Path(sweeps_dir) / plan.name / plan.sweep_id


def find_sweep(folder: Path, plan: Plan) -> Sweep:
    """The sweep as earlier commands left it. Runs trained by another sweep of its name count, too.

    Where time is measured, only runs count that trained alone.
    """
    sweep = _sweep_in(folder, plan)
    whole, files = sweep.records, dict(sweep.files)
    for place in sorted(folder.parent.glob("*/records")):
        done = {run_id for run_id, record in whole.items() if _counts(record, plan)}
        missing = {run.run_id for run in plan.runs} - done
        if not missing:
            break
        others = {path.stem: path for path in place.glob("*.json") if path.stem in missing}
        for run_id, record in records.read_all(others)[0].items():
            if _counts(record, plan) and _is_whole(others[run_id]):
                whole[run_id], files[run_id] = record, others[run_id]
    if plan.timing:
        whole = {run_id: record for run_id, record in whole.items() if record.timings.get("alone")}
    return Sweep(plan, folder, whole, files, sweep.damaged)


def open_sweep(folder: Path) -> Sweep:
    """The sweep in `folder`, from its files alone.

    Raises:
        UserError: there is none, or its plan cannot be read.
    """
    return _sweep_in(folder, read_plan(folder))


def _sweep_in(folder: Path, plan: Plan) -> Sweep:
    wanted = {run.run_id for run in plan.runs}
    files = {path.stem: path for path in (folder / "records").glob("*.json") if path.stem in wanted}
    whole, damaged = records.read_all(files)
    return Sweep(plan, folder, whole, files, damaged)


def _is_whole(path: Path) -> bool:
    """Whether a record that is about to be copied, and its weights, are what was written."""
    try:
        records.whole_weights(path)
    except (ValueError, OSError):  # damaged, or removed meanwhile: its run is trained again
        return False
    return True


def _counts(record: Record, plan: Plan) -> bool:
    return record.status in DONE and (not plan.timing or record.timings.get("alone", False))


def settle(sweep: Sweep, environment: Mapping[str, Any]) -> bool:
    """Make the sweep's folder whole: its rounds and plan, all its records, and damaged ones set aside.

    Returns whether the plan is new, or has other seeds, claims or words than before.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        sweep.folder.mkdir(parents=True, exist_ok=True)
        changed = write_plan(sweep.plan, environment, sweep.folder)
        sweep.records_folder.mkdir(exist_ok=True)
        for leftover in sweep.records_folder.glob(".*.tmp"):  # of a process that was killed
            leftover.unlink()
        for run_id in sweep.damaged:
            records.set_aside(sweep.records_folder / f"{run_id}.json")
        for run_id in sweep.records:
            _adopt(sweep.files[run_id], sweep.records_folder)
    except OSError as error:
        raise UserError(
            f"sweeps_dir must be a folder that can be written: {error.strerror}: {sweep.folder}"
        ) from error
    return changed


def _adopt(path: Path, folder: Path) -> None:
    """Copy a record that another sweep made: weights first, as when it was written."""
    if path.parent == folder:
        return
    for file in (records.weights_path(path.parent, path.stem), path):
        if file.exists():
            with replacing(folder / file.name) as copy, file.open("rb") as original:
                shutil.copyfileobj(original, copy)

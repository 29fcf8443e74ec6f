"""A store is brought up to date with what it lacks, and with nothing else."""

from collections import Counter
from pathlib import Path

from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.record import Record
from nnexp.tracking import final_status, is_up_to_date, open_logger, read_logged
from tests.tracking.samples import a_failure, a_plan, a_record, children, parent


def recorded(plan: Plan, folder: Path, *records: Record) -> Sweep:
    sweep = Sweep(plan, folder, {})
    sweep.records_folder.mkdir()
    sweep.add([(record, None) for record in records])
    return sweep


def test_a_store_gets_what_it_lacks_until_it_is_up_to_date(store: str, tmp_path: Path) -> None:
    plan = a_plan("upload")
    first, *others = plan.runs
    sweep = recorded(plan, tmp_path, a_failure(first), *map(a_record, others))
    assert not is_up_to_date(sweep, store)
    logger = open_logger(store, sweep, {})
    assert not is_up_to_date(sweep, store)
    assert logger.close(final_status(sweep), sweep.statuses) == ((), None)
    assert is_up_to_date(sweep, store)
    assert parent(store, "upload").info.status == "FINISHED"

    sweep.add([(a_record(first), None)])  # trained again
    assert not is_up_to_date(sweep, store)
    assert open_logger(store, sweep, {}).close(final_status(sweep), sweep.statuses) == ((), None)
    assert is_up_to_date(sweep, store)
    times = Counter(line.run_id for line in read_logged(tmp_path) if line.started)
    assert times == {first.run_id: 2} | {run.run_id: 1 for run in others}
    assert [child.info.status for child in children(store, "upload")] == ["FINISHED"] * 4


def test_a_sweep_with_runs_left_leaves_its_parent_killed(store: str, tmp_path: Path) -> None:
    plan = a_plan("left")
    sweep = recorded(plan, tmp_path, a_record(plan.runs[0]))
    assert open_logger(store, sweep, {}).close(final_status(sweep), sweep.statuses) == ((), None)
    assert parent(store, "left").info.status == "KILLED"
    assert is_up_to_date(sweep, store)
    sweep.records.update({run.run_id: a_record(run) for run in plan.runs})
    assert not is_up_to_date(sweep, store)

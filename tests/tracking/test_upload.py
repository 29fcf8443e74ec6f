"""A store is brought up to date with what it lacks, and with nothing else."""

from collections import Counter
from pathlib import Path

from nnexp.sweep.store.folder import Sweep
from nnexp.tracking import final_status, open_logger, read_logged, up_to_date
from tests.tracking.samples import a_failure, a_plan, a_record, children, parent


def test_a_store_gets_what_it_lacks_until_it_is_up_to_date(store: str, tmp_path: Path) -> None:
    plan = a_plan("upload")
    first, *others = plan.runs
    records = {first.run_id: a_failure(first)} | {run.run_id: a_record(run) for run in others}
    sweep = Sweep(plan, tmp_path, records)
    assert not up_to_date(sweep, store)
    logger = open_logger(store, sweep, {})
    assert not up_to_date(sweep, store)
    assert logger.close(final_status(sweep), sweep.statuses) == ((), None)
    assert up_to_date(sweep, store)
    assert parent(store, "upload").info.status == "FINISHED"

    sweep.records[first.run_id] = a_record(first)  # trained again
    assert not up_to_date(sweep, store)
    assert open_logger(store, sweep, {}).close(final_status(sweep), sweep.statuses) == ((), None)
    assert up_to_date(sweep, store)
    times = Counter(line.run_id for line in read_logged(tmp_path) if line.started)
    assert times == {first.run_id: 2} | {run.run_id: 1 for run in others}
    assert [child.info.status for child in children(store, "upload")] == ["FINISHED"] * 4


def test_a_sweep_with_runs_left_leaves_its_parent_killed(store: str, tmp_path: Path) -> None:
    plan = a_plan("left")
    sweep = Sweep(plan, tmp_path, {plan.runs[0].run_id: a_record(plan.runs[0])})
    assert open_logger(store, sweep, {}).close(final_status(sweep), sweep.statuses) == ((), None)
    assert parent(store, "left").info.status == "KILLED"
    assert up_to_date(sweep, store)
    sweep.records.update({run.run_id: a_record(run) for run in plan.runs})
    assert not up_to_date(sweep, store)

"""Whenever the process that logs is killed, each run is in the store once and whole, or not at all."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nnexp.tracking import mlflow_run_ids, read_logged
from nnexp.tracking.record_fields import measurements, params
from tests.field.clusters import Cluster
from tests.tracking.conftest import copy_store
from tests.tracking.samples import a_record, children, many, save_weights

RUNS, KILLS, MOST = 600, 6, 40
LOG = f"""
import sys
from pathlib import Path
from nnexp.tracking import Logger, runs_to_log, public_uri, tracker
from tests.tracking.samples import many, a_record
tracker.MOST_AT_ONCE = {MOST}
uri, folder = sys.argv[1], Path.cwd()
plan = many("killed", {RUNS})
records = {{run.run_id: a_record(run) for run in plan.runs}}
left = set(runs_to_log(folder, public_uri(uri), records))
logger = Logger(uri, plan, folder=folder, environment={{"host": "laptop"}})
for run in plan.runs:
    if run.run_id in left:
        logger.submit(run, records[run.run_id], folder / "weights.npz")
report = logger.close("FINISHED", {{}}, timeout=300)
assert report == ((), None), report
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_process_that_is_killed_leaves_no_run_half_twice_or_lost(
    kind: str, store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        uri = copy_store(store, tmp_path / "mlflow.db")
    else:
        cluster: Cluster = request.getfixturevalue("postgresql")
        uri = cluster.create("killed", "mlflow")
    save_weights(tmp_path / "weights.npz")
    rng, kills = random.Random(7), 0
    while (process := start(uri, tmp_path)).poll() is None:
        if kills < KILLS and grows(tmp_path, process):
            time.sleep(rng.uniform(0, 0.4))
            kills += process.poll() is None
            process.send_signal(signal.SIGKILL)
        if process.wait(300) == 0:
            break
    assert kills >= KILLS // 2
    logged = children(uri, "killed")
    assert Counter(run.data.tags["nnexp.run_id"] for run in logged) == Counter(
        run.run_id for run in many("killed", RUNS).runs
    )
    assert {run.info.run_id for run in logged} == set(mlflow_run_ids(tmp_path).values())
    check_whole(uri, logged)


def start(uri: str, folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", LOG, uri], cwd=folder, env=environment)


def grows(folder: Path, process: subprocess.Popen[bytes]) -> bool:
    """Wait until something is logged; False if the process ends before."""
    before = len(read_logged(folder))
    while process.poll() is None:
        if len(read_logged(folder)) > before:
            return True
        time.sleep(0.01)
    return False


def check_whole(uri: str, logged: list[Any]) -> None:
    """Every run has all its rows, and a model with all its files."""
    from sqlalchemy import create_engine, text

    record = a_record(many("killed", 1).runs[0])
    rows = {"params": len(params(record)), "metrics": len(measurements(record, 0))}
    engine, ids = create_engine(uri), {run.info.run_id for run in logged}
    with engine.connect() as connection:
        for table, expected in rows.items():
            found = connection.execute(text(f"SELECT run_uuid, count(*) FROM {table} GROUP BY run_uuid"))
            assert {run: n for run, n in found if run in ids} == dict.fromkeys(ids, expected)
        columns = "source_run_id, status, artifact_location"
        which = f"SELECT {columns} FROM logged_models WHERE lifecycle_stage = 'active'"
        models = [row for row in connection.execute(text(which)) if row.source_run_id in ids]
    engine.dispose()
    assert Counter(run for run, _, _ in models) == Counter(ids)
    assert {status for _, status, _ in models} == {2}
    for _, _, place in models:
        assert len([path for path in Path(place.removeprefix("file://")).rglob("*") if path.is_file()]) == 6

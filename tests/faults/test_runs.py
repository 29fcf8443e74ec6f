"""Faults of a run or of its worker: it fails alone, or is trained again. Real processes, real signals."""

import json
import os
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.faults.driving import (
    QUIET,
    RUNS,
    descendants,
    records,
    run,
    start,
    store,
    tables,
    wait_for,
)

pytestmark = pytest.mark.slow


IN_THE_RUN = {
    "raises batch_size=5 seed=0": "failed: RuntimeError: it broke",
    "exits batch_size=6 seed=1": "failed: SystemExit: 3",
    "unpicklable batch_size=8 seed=2": "LocalError: <unlocked _thread.lock",
}
OF_THE_WORKER = {
    "killed batch_size=6 seed=1": "failed: the worker died (signal 9)",
    "leaves batch_size=8 seed=2": "failed: the worker died (exit status 7)",
}


@pytest.mark.parametrize("faults", [IN_THE_RUN, OF_THE_WORKER], ids=["in the run", "of the worker"])
def test_bad_runs_fail_alone_and_retry_makes_the_sweep_whole(
    tmp_path: Path, undisturbed: dict[str, str], faults: dict[str, str]
) -> None:
    ended = run(QUIET, tmp_path, NNEXP_FAULT=";".join(faults))
    assert ended.status == 1, ended.shown
    assert re.search(r"To train again what failed: nnexp retry multirun/\w{8}", ended.shown)
    for fault, told in faults.items():
        _, batch, seed = fault.split()
        assert re.search(rf"{batch} {seed} .*{re.escape(told)}", ended.shown), ended.shown
    bad, good = len(faults), RUNS - len(faults)
    statuses = [line.split(",")[1] for line in tables(tmp_path)["runs.csv"].splitlines()[1:]]
    assert sorted(statuses) == ["failed"] * bad + ["finished"] * good
    again = run([*QUIET, "mode=retry"], tmp_path)
    assert again.status == 0, again.shown
    assert f"{good} done, {bad} to train" in again.shown
    assert tables(tmp_path) == undisturbed


@pytest.mark.parametrize("kind", ["killed", "tears"])
def test_a_worker_that_dies_once_costs_its_own_runs_a_second_training(
    tmp_path: Path, undisturbed: dict[str, str], kind: str
) -> None:
    once, trained = tmp_path / "once", tmp_path / "trained"
    fault = {"NNEXP_FAULT": f"{kind} batch_size=6 seed=1", "NNEXP_FAULT_ONCE": str(once)}
    ended = run(QUIET, tmp_path, **fault, NNEXP_TRAINED=str(trained))
    assert once.exists()
    assert ended.status == 0, ended.shown
    assert tables(tmp_path) == undisturbed
    times = Counter(trained.read_text().splitlines())
    assert len(times) == RUNS
    assert times["6 1"] == 2
    twice = [name for name, number in times.items() if number > 1]
    assert len(twice) <= 6  # its stack, and the one that the other worker trained
    assert max(times.values()) == 2


def test_a_run_that_always_kills_its_worker_never_kills_the_sweep(tmp_path: Path) -> None:
    fault = {"NNEXP_FAULT": "killed batch_size=6 seed=1"}
    assert run(QUIET, tmp_path, **fault).status == 1
    again = run([*QUIET, "mode=retry"], tmp_path, **fault)  # the only one left
    assert again.status == 1, again.shown
    assert "the worker died (signal 9)" in again.shown


@pytest.mark.parametrize("seed", range(3))
def test_a_worker_killed_at_any_moment_costs_nothing(
    tmp_path: Path, undisturbed: dict[str, str], seed: int
) -> None:
    rng = random.Random(seed)
    with start(QUIET, tmp_path) as process:
        assert wait_for(lambda: len(descendants(process.pid)) == 2, 60)
        time.sleep(rng.uniform(0, 1))
        workers = descendants(process.pid)
        for victim in rng.sample(workers, min(len(workers), rng.choice([1, 2]))):
            os.kill(victim, signal.SIGKILL)
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


def test_a_failed_run_leaves_its_traceback_in_the_record_in_mlflow_and_on_its_page(home: Path) -> None:
    words = ["data=synthetic", "epochs=2", "n_jobs=2", "pictures=false", "-m"]
    words += ["learning_rate=0.5", "seed=0,1,2"]
    ended = run(words, home, NNEXP_FAULT="raises learning_rate=0.5 seed=1")
    assert ended.status == 1, ended.shown
    [failed] = [body for body in bodies(home) if body["status"] == "failed"]
    traceback = failed["traceback"]
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert "in misbehave" in traceback
    assert traceback.endswith("\nRuntimeError: it broke\n")
    [artifact] = (home / "mlartifacts").rglob("traceback.txt")
    assert artifact.read_text() == traceback
    kept = store(home)
    assert kept.parent == "FINISHED"
    assert sorted(kept.children) == [["FAILED"], ["FINISHED"], ["FINISHED"]]
    page = run(["show", failed["run_id"]], home)
    assert page.status == 0, page.shown
    assert traceback in page.shown


def bodies(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(records(folder))]


LINEAR = ["data=synthetic", "hidden_layers=0", "output=identity", "cost=quadratic", "batch_size=300"]
LINEAR += ["n_jobs=2", "tracking=none", "pictures=false", "-m", "seed=0,1,2"]


def test_divergence_keeps_the_history_before_it_and_disturbs_no_stack_mate(tmp_path: Path) -> None:
    both, tame, short = tmp_path / "both", tmp_path / "tame", tmp_path / "short"
    ended = run([*LINEAR, "epochs=60", "learning_rate=0.05,0.3"], both)
    assert ended.status == 0, ended.shown  # a diverged run is a result
    assert "3 diverged" in ended.shown
    assert "To train again" not in ended.shown
    found = {(b["settings"]["learning_rate"], b["settings"]["seed"]): b for b in bodies(both)}
    wild = [found[0.3, seed] for seed in range(3)]
    assert [body["status"] for body in wild] == ["diverged"] * 3
    assert all(f"seed={seed}  diverged after" in ended.shown for seed in range(3))

    assert run([*LINEAR, "epochs=60", "learning_rate=0.05"], tame).status == 0
    for body in bodies(tame):
        mate = found[0.05, body["settings"]["seed"]]
        assert figures(mate) == figures(body)
        assert mate["weights_sha256"] == body["weights_sha256"]
    stacked = [found[0.05, seed]["timings"]["shared_by"] > 1 for seed in range(3)]
    assert any(stacked), "some must have been stack mates of runs that diverged"

    [last] = {body["history"]["epoch"][-1] for body in wild}
    assert 1 < last < 60, "the case must grow for a while"
    assert run([*LINEAR, f"epochs={last}", "learning_rate=0.3"], short).status == 0
    for body in bodies(short):
        assert body["status"] == "finished"
        assert figures(wild[body["settings"]["seed"]])["history"] == figures(body)["history"]


def figures(body: dict[str, Any]) -> dict[str, Any]:
    """What of a record must be the same whenever its run is trained."""
    history = {column: values for column, values in body["history"].items() if column != "seconds"}
    return {"status": body["status"], "metrics": body["metrics"], "history": history}

"""Faults, really caused, in real processes: nothing that finished is lost, and the sweep ends whole."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.faults.driving import (
    ROOT,
    SWEEP,
    all_end,
    descendants,
    read_until,
    run,
    start,
    store,
    sweep_folder,
    tables,
    wait_for,
)
from tests.tracking.conftest import free_port, serving

pytestmark = pytest.mark.slow

QUIET = [*SWEEP, "tracking=none"]
RUNS = 12


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The tables of the same sweep when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("undisturbed")
    ended = run(QUIET, folder)
    assert ended.status == 0, ended.shown
    return tables(folder)


def records(folder: Path) -> set[Path]:
    return set((sweep_folder(folder) / "records").glob("*.json"))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("raises", "failed: RuntimeError: it broke"),
        ("exits", "failed: SystemExit: 3"),
        ("unpicklable", "LocalError: <unlocked _thread.lock"),
        ("killed", "failed: the worker died (signal 9)"),
        ("leaves", "failed: the worker died (exit status 7)"),
    ],
)
def test_a_bad_run_fails_alone_and_retry_makes_the_sweep_whole(
    tmp_path: Path, undisturbed: dict[str, str], kind: str, told: str
) -> None:
    ended = run(QUIET, tmp_path, NNEXP_FAULT=f"{kind} learning_rate=0.5 seed=1")
    assert ended.status == 1, ended.shown
    assert re.search(r"To train again what failed: nnexp retry multirun/\w{8}", ended.shown)
    assert told in ended.shown
    statuses = [line.split(",")[1] for line in tables(tmp_path)["runs.csv"].splitlines()[1:]]
    assert sorted(statuses) == ["failed"] + ["finished"] * (RUNS - 1)
    again = run([*QUIET, "mode=retry"], tmp_path)
    assert again.status == 0, again.shown
    assert "11 done, 1 to train" in again.shown
    assert tables(tmp_path) == undisturbed


@pytest.mark.parametrize("kind", ["killed", "tears"])
def test_a_worker_that_dies_once_costs_its_own_runs_a_second_training(
    tmp_path: Path, undisturbed: dict[str, str], kind: str
) -> None:
    once, trained = tmp_path / "once", tmp_path / "trained"
    fault = {"NNEXP_FAULT": f"{kind} learning_rate=0.5 seed=1", "NNEXP_FAULT_ONCE": str(once)}
    ended = run(QUIET, tmp_path, **fault, NNEXP_TRAINED=str(trained))
    assert once.exists()
    assert ended.status == 0, ended.shown
    assert tables(tmp_path) == undisturbed
    times = Counter(trained.read_text().splitlines())
    assert len(times) == RUNS
    assert times["0.5 1"] == 2
    twice = [name for name, number in times.items() if number > 1]
    assert len(twice) <= 6  # its stack
    assert max(times.values()) == 2


def test_a_run_that_always_kills_its_worker_never_kills_the_sweep(tmp_path: Path) -> None:
    fault = {"NNEXP_FAULT": "killed learning_rate=0.5 seed=1"}
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
        assert wait_for(lambda: len(descendants(process.pid)) == 2, 20)
        time.sleep(rng.uniform(0, 1))
        workers = descendants(process.pid)
        for victim in rng.sample(workers, min(len(workers), rng.choice([1, 2]))):
            os.kill(victim, signal.SIGKILL)
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_what_finished_and_leaves_no_worker(
    tmp_path: Path, undisturbed: dict[str, str], signum: int
) -> None:
    with start(SWEEP, tmp_path) as process:
        read_until(process, "[")
        workers = descendants(process.pid)
        process.send_signal(signum)
        assert all_end(workers, 3)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + signum
    assert workers
    done = len(records(tmp_path))
    assert (
        f"Stopped: {done} of {RUNS} runs are recorded. The same command again trains the rest, or nnexp retry"
        in shown
    )
    assert "Traceback" not in shown
    assert not list((tmp_path / "scratch").iterdir())
    assert store(tmp_path).parent == "KILLED"
    again = run(SWEEP, tmp_path)
    assert f"{done} done, {RUNS - done} to train" in again.shown
    assert tables(tmp_path) == undisturbed
    kept = store(tmp_path)
    assert kept.parent == "FINISHED"
    assert list(kept.children.values()) == [["FINISHED"]] * RUNS


def test_a_stop_after_the_last_run_is_told_and_loses_nothing(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with start(SWEEP, tmp_path) as process:
        read_until(process, "[12/12]")
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 143, shown
    assert "Stopped: all runs are recorded." in shown
    assert run(SWEEP, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed
    kept = store(tmp_path)
    assert kept.parent == "FINISHED"
    assert list(kept.children.values()) == [["FINISHED"]] * RUNS


def test_one_wish_told_twice_in_a_moment_is_one_stop(tmp_path: Path) -> None:
    with start(QUIET, tmp_path) as process:
        read_until(process, "[")
        process.send_signal(signal.SIGTERM)  # as `timeout` does: to the process, then to its group
        time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 143
    assert "Stopped: " in shown
    assert (sweep_folder(tmp_path) / "summary.csv").exists()


def test_ctrl_c_on_a_terminal_reaches_no_worker(tmp_path: Path) -> None:
    """There the signal goes to every process of the group."""
    with start(QUIET, tmp_path, own_group=True) as process:
        read_until(process, "[")
        os.killpg(process.pid, signal.SIGINT)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert "Stopped: " in shown
    assert "Traceback" not in shown


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with start(SWEEP, tmp_path) as process:
        read_until(process, "[")
        workers = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        read_until(process, "Stopping")
        time.sleep(0.6)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=1)
    assert process.returncode == 130
    assert all_end(workers, 3)


@pytest.mark.parametrize("seed", range(4))
def test_a_parent_killed_at_any_moment_loses_nothing_and_logs_nothing_twice(
    tmp_path: Path, undisturbed: dict[str, str], seed: int
) -> None:
    rng, before = random.Random(seed), set[Path]()
    for _ in range(2):
        with start(SWEEP, tmp_path) as process:
            read_until(process, "[" if seed % 2 else "multirun:")
            time.sleep(rng.uniform(0, 3))
            workers = descendants(process.pid)
            process.kill()
        assert all_end(workers, 2)
        now = records(tmp_path) if (tmp_path / "sweeps").exists() else set[Path]()
        assert before <= now
        before = now
    ended = run(SWEEP, tmp_path)
    assert ended.status == 0, ended.shown
    assert tables(tmp_path) == undisturbed
    assert not list((tmp_path / "scratch").glob("nnexp-*"))
    kept = store(tmp_path)
    assert kept.parent == "FINISHED"
    assert list(kept.children.values()) == [["FINISHED"]] * RUNS


def test_a_store_locked_for_half_a_minute_delays_nothing_and_misses_nothing(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    assert run(["data=synthetic", "epochs=1"], tmp_path).status == 0  # makes the store
    holder = (
        "import sqlite3, sys, time; d = sqlite3.connect('mlflow.db'); print('free', flush=True); input(); "
    )
    holder += "d.execute('BEGIN EXCLUSIVE'); print('held', flush=True); time.sleep(30); d.rollback()"
    with (
        subprocess.Popen(
            [sys.executable, "-c", holder],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other,
        start(SWEEP, tmp_path) as process,
    ):
        assert other.stdin is not None
        read_until(other, "free")
        read_until(process, "[ 1/12]")
        other.stdin.write("\n")
        other.stdin.flush()
        read_until(other, "held")
        began = time.monotonic()
        read_until(process, "[12/12]")
        assert time.monotonic() - began < 20  # training and records did not wait for the store
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    assert "MLflow: nnexp ui shows" in shown
    assert tables(tmp_path) == undisturbed
    assert list(store(tmp_path).children.values()) == [["FINISHED"]] * RUNS


def test_a_server_that_goes_away_costs_no_run_and_gets_each_once_when_it_is_back(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    port = free_port()
    words = [*SWEEP, "tracking=server", f"tracking.uri=http://127.0.0.1:{port}"]
    refused = run(words, tmp_path)
    assert refused.status == 2
    assert "must be a running MLflow server" in refused.shown
    assert not (tmp_path / "sweeps").exists()
    with serving(tmp_path, port):
        process = start(words, tmp_path)
        read_until(process, "[ 1/12]")
    with process:
        shown = process.communicate(timeout=180)[0]
    assert process.returncode == 0, shown
    assert "not logged yet" in shown
    assert tables(tmp_path) == undisturbed
    with serving(tmp_path, port):
        synced = run(["sync", "multirun", *words[-2:]], tmp_path)
        assert synced.status == 0, synced.shown
        held = store(tmp_path)
        again = run(words, tmp_path)
    assert "all done" in again.shown
    assert held == store(tmp_path)
    assert held.parent == "FINISHED"
    assert list(held.children.values()) == [["FINISHED"]] * RUNS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_told_and_harms_no_record(
    tmp_path: Path, small_disk: Path, undisturbed: dict[str, str]
) -> None:
    words = [*QUIET, f"sweeps_dir={small_disk}"]
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 900_000)
    ended = run(words, tmp_path)
    assert ended.status == 1, ended.shown
    assert "No space left on device" in ended.shown
    assert "Traceback" not in ended.shown
    (folder,) = (small_disk / "multirun").iterdir()
    recorded = sorted((folder / "records").glob("*.json"))
    assert 0 < len(recorded) < RUNS
    assert not [path for path in folder.rglob("*.tmp")]
    before = {path: path.read_bytes() for path in recorded}
    filler.unlink()
    again = run(words, tmp_path)
    assert again.status == 0, again.shown
    assert f"{len(recorded)} done, {RUNS - len(recorded)} to train" in again.shown
    assert {path: path.read_bytes() for path in recorded} == before
    shutil.copytree(small_disk / "multirun", tmp_path / "sweeps" / "multirun")
    assert tables(tmp_path) == undisturbed


def test_a_read_only_folder_is_told_before_training_and_still_gives_its_answer(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a disk here")
    try:
        words = [*QUIET, f"sweeps_dir={place}"]
        assert run(words, tmp_path).status == 0
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        answered = run(words, tmp_path)
        assert answered.status == 0, answered.shown
        assert "*best" in answered.shown
        refused = run([*words, "mode=force"], tmp_path)
        assert refused.status == 2, refused.shown
        assert "got a read-only one" in refused.shown
        assert "Traceback" not in refused.shown
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_records_are_set_aside_and_trained_again(
    tmp_path: Path, undisturbed: dict[str, str], seed: int
) -> None:
    assert run(QUIET, tmp_path).status == 0
    rng = random.Random(seed)
    *victims, weightless = rng.sample(sorted(records(tmp_path)), 4)
    weightless.with_suffix(".npz").write_bytes(b"")
    for victim, how in zip(victims, ("cut", "flip", "empty"), strict=True):
        content = bytearray(victim.read_bytes())
        if how == "flip":
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        victim.write_bytes(content[: rng.randrange(1, len(content))] if how == "cut" else content)
        if how == "empty":
            victim.write_bytes(b"")
    again = run(QUIET, tmp_path)
    assert again.status == 0, again.shown
    for victim in [*victims, weightless]:
        assert f"The record of run {victim.stem} is damaged" in again.shown
        assert victim.with_suffix(".damaged").exists()
    assert "8 done, 4 to train" in again.shown
    assert tables(tmp_path) == undisturbed


def test_a_sweep_file_edited_meanwhile_changes_nothing_of_what_was_planned(tmp_path: Path) -> None:
    file = tmp_path / "conf" / "sweep" / "mine.yaml"
    file.parent.mkdir(parents=True)
    body = {"epochs": 60, "batch_size": 5, "sweep": {"axes": {"learning_rate": [0.1, 0.5]}, "seeds": 4}}
    file.write_text("# @package _global_\n" + yaml.safe_dump(body))
    words = ["+sweep=mine", "data=synthetic", "tracking=none", "n_jobs=2", "pictures=false"]
    with start(words, tmp_path) as process:
        read_until(process, "mine:")
        file.write_text("# @package _global_\n" + yaml.safe_dump(body | {"epochs": 1}))
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    frozen = yaml.safe_load((sweep_folder(tmp_path, "mine") / "sweep.yaml").read_text())
    assert frozen["settings"]["epochs"] == 60
    assert len(tables(tmp_path, "mine")["history.csv"].splitlines()) == 1 + 8 * 60


def test_code_edited_meanwhile_ends_the_sweep_and_what_was_recorded_stays(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "nnexp", tmp_path / "code" / "nnexp")
    shutil.copytree(ROOT / "conf", tmp_path / "code" / "conf")
    costs = tmp_path / "code" / "nnexp" / "nn" / "costs.py"
    words = [word.replace("epochs=60", "epochs=100") for word in QUIET]
    with start(words, tmp_path, PYTHONPATH=str(tmp_path / "code")) as process:
        read_until(process, "[")
        costs.write_text(costs.read_text() + "\nEXTRA = 1\n")
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 1, shown
    assert "the code changed while the sweep ran: start again" in shown
    assert "Traceback" not in shown
    done = len(records(tmp_path))
    assert 0 < done < RUNS
    costs.write_text(costs.read_text().replace("EXTRA = 1", "# a comment changes nothing"))
    again = run(words, tmp_path, PYTHONPATH=str(tmp_path / "code"))
    assert again.status == 0, again.shown
    assert f"{done} done" in again.shown


def test_code_saved_by_half_fails_no_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "nnexp", tmp_path / "code" / "nnexp")
    shutil.copytree(ROOT / "conf", tmp_path / "code" / "conf")
    costs = tmp_path / "code" / "nnexp" / "nn" / "costs.py"
    words = [word.replace("epochs=60", "epochs=100") for word in QUIET]
    with start(words, tmp_path, PYTHONPATH=str(tmp_path / "code")) as process:
        read_until(process, "[")
        costs.write_text(costs.read_text() + "\ndef half(")
        os.kill(descendants(process.pid)[0], signal.SIGKILL)  # the worker in its place cannot import the core
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 1, shown
    assert "the code changed while the sweep ran: start again" in shown
    assert "failed" not in shown
    assert "Traceback" not in shown


def test_the_same_sweep_started_twice_at_once_is_trained_once(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with start(QUIET, tmp_path) as first:
        read_until(first, "multirun:")
        second = run(QUIET, tmp_path)
        assert second.status == 2
        assert f"is being trained by process {first.pid} on" in second.shown
        shown = first.communicate(timeout=120)[0]
    assert first.returncode == 0, shown
    assert tables(tmp_path) == undisturbed
    assert "all done" in run(QUIET, tmp_path).shown


def test_two_sweeps_on_one_store_both_finish(tmp_path: Path) -> None:
    other = [word.replace("0.1,0.5,1,2", "0.2,0.3") for word in SWEEP] + ["sweep.name=other"]
    with start(SWEEP, tmp_path) as first, start(other, tmp_path) as second:
        ended = [process.communicate(timeout=180)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), ended
    for name, runs in (("multirun", 12), ("other", 6)):
        held = store(tmp_path, name)
        assert held.parent == "FINISHED"
        assert list(held.children.values()) == [["FINISHED"]] * runs
    assert all("MLflow: nnexp ui shows" in shown for shown in ended)

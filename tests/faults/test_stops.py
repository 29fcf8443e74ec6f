"""Stops: Ctrl-C, SIGTERM, SIGKILL at any moment; nothing that finished is lost, nothing is logged twice."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.faults.driving import (
    ENDLESS,
    QUIET,
    RUNS,
    SWEEP,
    WAITS,
    WHOLE,
    Store,
    all_end,
    descendants,
    locked,
    parent_is_open,
    read_until,
    records,
    run,
    start,
    store,
    sweep_folder,
    tables,
    wait_for,
)
from tests.tracking.conftest import copy_store

pytestmark = pytest.mark.slow

ONE_WISH = 0.5  # seconds: a second signal that comes sooner says the same again


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_what_finished_and_leaves_no_worker(
    home: Path, undisturbed: dict[str, str], signum: int
) -> None:
    with start(SWEEP, home, NNEXP_FAULT=ENDLESS) as process:
        read_until(process, "[")
        assert wait_for(lambda: parent_is_open(home), 60)
        workers = descendants(process.pid)
        process.send_signal(signum)
        assert all_end(workers, 3)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + signum
    assert workers
    done = len(records(home))
    assert 0 < done < RUNS
    assert (
        f"Stopped: {done} of {RUNS} runs are recorded. The same command again trains the rest, or nnexp retry"
        in shown
    )
    assert "Traceback" not in shown
    assert not list((home / "scratch").iterdir())
    assert store(home) == Store("KILLED", [["FINISHED"]] * done)
    again = run(SWEEP, home)
    assert f"{done} done, {RUNS - done} to train" in again.shown
    assert tables(home) == undisturbed
    assert store(home) == WHOLE


@pytest.mark.parametrize("signals", [1, 2])
def test_a_stop_while_the_store_is_being_made_loses_nothing(
    tmp_path: Path, undisturbed: dict[str, str], signals: int
) -> None:
    """The second signal ends the process while MLflow makes its tables; the first does on a slow machine.

    Without a cache folder that has an empty store already.
    """
    with start(SWEEP, tmp_path, NNEXP_FAULT=ENDLESS, XDG_CACHE_HOME=str(tmp_path / "cache")) as process:
        read_until(process, "[")
        assert wait_for((tmp_path / ".mlflow.db.new").exists, 60)
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(1.2 * ONE_WISH)
        process.communicate(timeout=60)
    assert process.returncode == 143
    done = len(records(tmp_path))
    assert 0 < done < RUNS
    again = run(SWEEP, tmp_path)
    assert again.status == 0, again.shown
    assert f"{done} done, {RUNS - done} to train" in again.shown
    assert tables(tmp_path) == undisturbed
    assert store(tmp_path) == WHOLE


def test_a_stop_after_the_last_run_is_told_and_loses_nothing(home: Path, undisturbed: dict[str, str]) -> None:
    with start(SWEEP, home) as process:
        read_until(process, "[ 1/12]")
        with locked(home):  # so that something is left to do after the last run
            read_until(process, "CSV files")
            process.send_signal(signal.SIGTERM)
            read_until(process, "Stopping")
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 143, shown
    assert "Stopped: all runs are recorded." in shown
    assert run(SWEEP, home).status == 0
    assert tables(home) == undisturbed
    assert store(home) == WHOLE


def test_one_wish_told_twice_in_a_moment_is_one_stop(tmp_path: Path) -> None:
    with start(QUIET, tmp_path, NNEXP_FAULT=ENDLESS) as process:
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
    with start(QUIET, tmp_path, own_group=True, NNEXP_FAULT=ENDLESS) as process:
        read_until(process, "[")
        os.killpg(process.pid, signal.SIGINT)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert "Stopped: " in shown
    assert "Traceback" not in shown


def test_a_second_ctrl_c_ends_at_once_whatever_mlflow_does(home: Path) -> None:
    with start(SWEEP, home, NNEXP_FAULT=ENDLESS) as process:
        read_until(process, "[")
        workers = descendants(process.pid)
        with locked(home):  # so that the first Ctrl-C has to wait for MLflow
            process.send_signal(signal.SIGINT)
            read_until(process, "CSV files")
            time.sleep(1.2 * ONE_WISH)
            process.send_signal(signal.SIGINT)
            shown = process.communicate(timeout=3)[0]
    assert process.returncode == 130
    assert "Stopped" not in shown
    assert all_end(workers, 3)


@pytest.mark.parametrize("delay", [0.0, 0.2, 0.5])
def test_a_stop_while_workers_start_is_told_and_leaves_none(
    tmp_path: Path, undisturbed: dict[str, str], delay: float
) -> None:
    with start(QUIET, tmp_path, own_group=True) as process:
        assert wait_for(lambda: descendants(process.pid), 60)
        workers = descendants(process.pid)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 130, shown
    assert "Stopped: " in shown
    assert "Traceback" not in shown
    assert all_end(workers, 2)
    assert run(QUIET, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed


@pytest.mark.parametrize("how", ["n_jobs=2", "n_jobs=1", "backend=threading"])
def test_a_run_that_is_long_inside_an_epoch_is_ended_and_what_finished_is_kept(
    tmp_path: Path, undisturbed: dict[str, str], how: str
) -> None:
    with start([*QUIET, how, "stop_within=0.5"], tmp_path, NNEXP_FAULT=WAITS, NNEXP_GATE="never") as process:
        read_until(process, "[")
        process.send_signal(signal.SIGINT)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 130, shown
    done = len(records(tmp_path))
    assert 0 < done < RUNS
    assert f"Stopped: {done} of {RUNS} runs are recorded." in shown
    assert "Traceback" not in shown
    assert run(QUIET, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed


@pytest.mark.parametrize("seed", range(4))
def test_a_parent_killed_at_any_moment_loses_nothing_and_logs_nothing_twice(
    tmp_path: Path, undisturbed: dict[str, str], made_store: str, seed: int
) -> None:
    rng, before = random.Random(seed), set[Path]()
    if seed % 2:  # killed while runs are logged; else while the store is being made
        copy_store(made_store, tmp_path / "mlflow.db")
    for _ in range(2):
        with start(SWEEP, tmp_path) as process:
            read_until(process, "[" if seed % 2 and len(before) < RUNS else "multirun:")
            time.sleep(rng.uniform(0, 3))
            workers = descendants(process.pid)
            process.kill()
        assert all_end(workers, 2)
        now = records(tmp_path)
        assert before <= now
        before = now
    ended = run(SWEEP, tmp_path)
    assert ended.status == 0, ended.shown
    assert tables(tmp_path) == undisturbed
    assert not list((tmp_path / "scratch").glob("nnexp-*"))
    assert store(tmp_path) == WHOLE


def test_time_in_which_the_processes_are_stopped_does_not_count(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    """As after Ctrl-Z and fg: 20 s for stacks of at most 3 runs, of which each may take 5 s."""
    with start([*QUIET, "max_seconds=5"], tmp_path, own_group=True) as process:
        read_until(process, "[")
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(20)
        os.killpg(process.pid, signal.SIGCONT)
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


def test_a_terminal_that_is_closed_ends_in_good_order(home: Path, undisturbed: dict[str, str]) -> None:
    """The sweep hears SIGHUP, and what it prints from then on goes nowhere."""
    ours, its = os.openpty()
    with start(SWEEP, home, terminal=its, NNEXP_FAULT=ENDLESS) as process:
        os.close(its)
        assert wait_for(lambda: len(records(home)) > 3 and parent_is_open(home), 60)
        workers = descendants(process.pid)
        os.close(ours)
        assert process.wait(timeout=60) == 128 + signal.SIGHUP
        assert all_end(workers, 3)
    done = len(records(home))
    assert len(tables(home)["runs.csv"].splitlines()) == 1 + done
    assert store(home) == Store("KILLED", [["FINISHED"]] * done)
    assert run(SWEEP, home).status == 0
    assert tables(home) == undisturbed
    assert store(home) == WHOLE

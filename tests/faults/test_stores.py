"""MLflow locked, away, back again: training goes on, and every run is logged once."""

import time
from pathlib import Path

import pytest

from tests.faults.driving import (
    RUNS,
    SWEEP,
    WAITS,
    WHOLE,
    Process,
    Store,
    locked,
    read_until,
    records,
    run,
    start,
    store,
    tables,
    wait_for,
)
from tests.tracking.conftest import free_port, serving

pytestmark = pytest.mark.slow


def test_a_store_locked_for_half_a_minute_delays_nothing_and_misses_nothing(
    home: Path, undisturbed: dict[str, str]
) -> None:
    with start(SWEEP, home) as process:
        read_until(process, "[ 1/12]")
        with locked(home):
            began = time.monotonic()
            read_until(process, "[12/12]")
            left = 30 - (time.monotonic() - began)
            assert left > 0  # training and records did not wait for the store
            time.sleep(left)
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    assert "MLflow: nnexp ui shows" in shown
    assert tables(home) == undisturbed
    assert store(home) == WHOLE


def served(folder: Path, port: int, gate: Path) -> Process:
    """The sweep, one run of which waits for `gate`, logging to a server that was killed after some runs."""
    with serving(folder, port):
        process = start(words_for(port), folder, NNEXP_FAULT=WAITS, NNEXP_GATE=str(gate))
        read_until(process, "[ 1/12]")
    return process


def words_for(port: int) -> list[str]:
    return [*SWEEP, "tracking=server", f"tracking.uri=http://127.0.0.1:{port}"]


def test_a_server_that_goes_away_costs_no_run_and_gets_each_once_when_it_is_back(
    home: Path, undisturbed: dict[str, str]
) -> None:
    port, gate = free_port(), home / "gate"
    words = words_for(port)
    refused = run(words, home)
    assert refused.status == 2
    assert "must be a running MLflow server" in refused.shown
    assert not (home / "sweeps").exists()
    with served(home, port, gate) as process:
        gate.touch()
        shown = process.communicate(timeout=180)[0]
    assert process.returncode == 0, shown
    assert "not logged yet" in shown
    assert tables(home) == undisturbed
    with serving(home, port):
        synced = run(["sync", "multirun", *words[-2:]], home)
        assert synced.status == 0, synced.shown
        assert store(home) == WHOLE
        again = run(words, home)
    assert "all done" in again.shown
    assert store(home) == WHOLE


def test_a_server_that_comes_back_in_mid_sweep_gets_every_run_once(
    home: Path, undisturbed: dict[str, str]
) -> None:
    port, gate = free_port(), home / "gate"
    with served(home, port, gate) as process:
        assert wait_for(lambda: len(records(home)) > RUNS / 2, 60)  # training goes on without the server
        with serving(home, port):
            gate.touch()
            shown = process.communicate(timeout=180)[0]
    assert process.returncode == 0, shown
    assert "not logged yet" not in shown
    assert tables(home) == undisturbed
    assert store(home) == WHOLE


def test_two_sweeps_on_one_store_both_finish(tmp_path: Path) -> None:
    other = [word.replace("5,6,7,8", "9,10") for word in SWEEP] + ["sweep.name=other"]
    with start(SWEEP, tmp_path) as first, start(other, tmp_path) as second:
        ended = [process.communicate(timeout=180)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), ended
    assert store(tmp_path) == WHOLE
    assert store(tmp_path, "other") == Store("FINISHED", [["FINISHED"]] * 6)
    assert all("MLflow: nnexp ui shows" in shown for shown in ended)

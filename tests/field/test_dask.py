"""Sweeps on a Dask cluster of processes on this machine: the same bits, whatever dies on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.driving import INJECT, QUIET, ROOT, RUNS, WAITS, read_until, records, run, start, tables
from tests.tracking.conftest import free_port

pytest.importorskip("distributed")
pytestmark = pytest.mark.field

LOCAL = [*QUIET, "backend=dask"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    ended = run([*QUIET, "n_jobs=1"], folder)
    assert ended.status == 0, ended.shown
    return tables(folder)


@contextmanager
def process(*words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A part of Dask, until the end of the `with`."""
    path = os.pathsep.join([str(ROOT), str(INJECT)])
    part = subprocess.Popen(
        [sys.executable, "-m", *words],
        env=os.environ | {"PYTHONPATH": path} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield part
    finally:
        part.kill()
        part.wait()


@contextmanager
def cluster(folder: Path, **environment: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its process and those of its two workers."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    worker = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    worker += ["--local-directory", str(folder / "dask")]
    with ExitStack() as at_the_end:
        scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
        parts = [at_the_end.enter_context(process(*scheduler, "--no-dashboard"))]
        parts += [at_the_end.enter_context(process(*worker, **environment)) for _ in range(2)]
        from distributed import Client

        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, parts


def test_a_cluster_gives_the_same_bits_and_one_that_it_starts_is_gone(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    ended = run(LOCAL, tmp_path)
    assert ended.status == 0, ended.shown
    assert "Dask's dashboard: http" in ended.shown
    assert tables(tmp_path) == undisturbed


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    gate = {"NNEXP_FAULT": WAITS, "NNEXP_GATE": str(tmp_path / "gate")}
    with (
        cluster(tmp_path, **gate) as (address, [_, victim, _other]),
        start([*LOCAL, f"backend.scheduler={address}"], tmp_path) as sweep,
    ):
        read_until(sweep, "[")
        victim.kill()
        (tmp_path / "gate").touch()
        shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


def test_a_run_that_kills_worker_after_worker_fails_alone(tmp_path: Path) -> None:
    ended = run(LOCAL, tmp_path, NNEXP_FAULT="killed learning_rate=0.5 seed=1")
    assert ended.status == 1, ended.shown
    assert "failed: the worker died" in ended.shown
    statuses = [line.split(",")[1] for line in tables(tmp_path)["runs.csv"].splitlines()[1:]]
    assert sorted(statuses) == ["failed"] + ["finished"] * (RUNS - 1)


def test_a_stop_keeps_what_finished_and_the_same_command_goes_on(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with cluster(tmp_path, NNEXP_FAULT="endless learning_rate=2 seed=1") as (address, _):
        words = [*LOCAL, f"backend.scheduler={address}"]
        with start(words, tmp_path) as sweep:
            read_until(sweep, "[")
            sweep.send_signal(signal.SIGINT)
            shown = sweep.communicate(timeout=60)[0]
        assert sweep.returncode == 130, shown
        assert 0 < len(records(tmp_path)) < RUNS
        assert "Traceback" not in shown
    assert run(QUIET, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed


def test_a_scheduler_that_dies_ends_the_sweep_in_one_line(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with (
        cluster(tmp_path, NNEXP_FAULT=WAITS, NNEXP_GATE="never") as (address, [scheduler, *_]),
        start([*LOCAL, f"backend.scheduler={address}"], tmp_path) as sweep,
    ):
        read_until(sweep, "[")
        scheduler.kill()
        shown = sweep.communicate(timeout=180)[0]
    assert sweep.returncode == 1, shown
    assert "the Dask scheduler is gone; what is recorded stays" in shown
    assert "Traceback" not in shown
    assert run(QUIET, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed


def test_a_scheduler_that_does_not_answer_is_told_before_training(tmp_path: Path) -> None:
    refused = run([*LOCAL, f"backend.scheduler=tcp://127.0.0.1:{free_port()}"], tmp_path)
    assert refused.status == 2, refused.shown
    assert "backend.scheduler must be the address of a Dask scheduler" in refused.shown
    assert "Traceback" not in refused.shown

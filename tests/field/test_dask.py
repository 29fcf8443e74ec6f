"""Sweeps on a Dask cluster of processes on this machine: the same bits, whatever dies on the way."""

import json
import signal
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.experiment.test_rounds import RULE
from tests.faults.driving import (
    QUIET,
    RUNS,
    SWEEP,
    WAITS,
    read_until,
    records,
    run,
    start,
    sweep_folder,
    tables,
    wait_for,
)
from tests.faults.test_checkpoints import LONG, checkpoints, epochs
from tests.field.dask_parts import (
    OTHER_VERSION,
    WORKER_OF_ANOTHER_DASK,
    WORKER_WITHOUT,
    can_hide,
    cluster,
    wait_for_workers,
    worker,
)
from tests.tracking.conftest import free_port

pytest.importorskip("distributed")
pytestmark = pytest.mark.field

LOCAL = [*QUIET, "backend=dask"]
DASHBOARDS = int(find_spec("bokeh") is not None)  # that a started cluster has, whatever it trains
hiding = pytest.mark.skipif(not can_hide(), reason="no process may have mounts of its own here")


def on(address: str, words: list[str] = QUIET) -> list[str]:
    """The sweep, on the workers of that scheduler."""
    return ["backend=dask", f"backend.scheduler={address}", *words]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return trained_here(QUIET, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a sweep with checkpoints."""
    return trained_here(LONG, tmp_path_factory.mktemp("whole"))


def trained_here(words: list[str], folder: Path) -> dict[str, str]:
    """What the sweep comes to on loky."""
    ended = run([*words, "n_jobs=1"], folder)
    assert ended.status == 0, ended.shown
    return tables(folder)


def test_a_cluster_gives_the_same_bits_and_one_that_it_starts_is_gone(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    ended = run(LOCAL, tmp_path)
    assert ended.status == 0, ended.shown
    assert ended.shown.count("Dask's dashboard: http") == DASHBOARDS
    assert tables(tmp_path) == undisturbed


def test_compiled_runs_have_the_same_bits_on_a_cluster(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")
    one = trained_here([*QUIET, "engine=jax"], tmp_path / "here")
    ended = run([*LOCAL, "engine=jax"], tmp_path / "there")
    assert ended.status == 0, ended.shown
    assert tables(tmp_path / "there") == one


def test_a_cluster_that_is_started_trains_all_rounds(tmp_path: Path) -> None:
    more = [word for word in LOCAL if not word.startswith("seed=")] + [RULE]
    ended = run(more, tmp_path)
    assert ended.status == 0, ended.shown
    assert "round 2" in ended.shown.lower()
    assert ended.shown.count("Dask's dashboard: http") == DASHBOARDS
    found = tables(tmp_path)
    (tmp_path / "here").mkdir()
    run([word for word in more if word != "backend=dask"] + ["n_jobs=1"], tmp_path / "here")
    assert found == tables(tmp_path / "here")


def test_a_worker_that_is_killed_costs_nothing_and_one_that_joins_late_takes_its_place(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    gate, late = tmp_path / "gate", tmp_path / "late"
    with (
        cluster(1, NNEXP_FAULT=WAITS, NNEXP_GATE=str(gate)) as (address, _, [victim]),
        start(on(address), tmp_path) as sweep,
    ):
        read_until(sweep, "[")
        victim.kill()
        read_until(sweep, "The cluster has no worker now")
        with worker(address, NNEXP_FAULT="none", NNEXP_TRAINED=str(late)):
            shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path) == undisturbed
    assert late.exists()


def test_a_worker_may_be_killed_and_start_again_at_its_address(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    gate, port = {"NNEXP_FAULT": WAITS, "NNEXP_GATE": str(tmp_path / "gate")}, free_port()
    with cluster(0) as (address, *_), worker(address, port=port, **gate) as victim:
        wait_for_workers(address, 1)
        with start(on(address), tmp_path) as sweep:
            read_until(sweep, "[")
            victim.kill()
            victim.wait()
            with worker(address, port=port):
                shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


def test_a_run_that_kills_worker_after_worker_fails_alone(tmp_path: Path) -> None:
    ended = run(LOCAL, tmp_path, NNEXP_FAULT="killed batch_size=6 seed=1")
    assert ended.status == 1, ended.shown
    assert "failed: the worker died" in ended.shown
    statuses = [line.split(",")[1] for line in tables(tmp_path)["runs.csv"].splitlines()[1:]]
    assert sorted(statuses) == ["failed"] + ["finished"] * (RUNS - 1)


def test_a_stop_keeps_what_finished_and_the_same_command_goes_on(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with cluster(NNEXP_FAULT="endless batch_size=7 seed=1") as (address, *_):
        with start(on(address), tmp_path) as sweep:
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
        cluster(NNEXP_FAULT=WAITS, NNEXP_GATE="never") as (address, scheduler, _),
        start(on(address), tmp_path) as sweep,
    ):
        read_until(sweep, "[")
        scheduler.kill()
        shown = sweep.communicate(timeout=180)[0]
    assert sweep.returncode == 1, shown
    assert "the Dask scheduler is gone; what is recorded stays" in shown
    assert "Traceback" not in shown
    assert run(QUIET, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed


def test_a_scheduler_that_hangs_does_not_hold_up_a_stop(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with (
        cluster(NNEXP_FAULT=WAITS, NNEXP_GATE="never") as (address, scheduler, _),
        start(on(address), tmp_path) as sweep,
    ):
        read_until(sweep, "[")
        scheduler.send_signal(signal.SIGSTOP)
        sweep.send_signal(signal.SIGINT)
        shown = sweep.communicate(timeout=20)[0]
    assert sweep.returncode == 130, shown
    assert "Traceback" not in shown
    assert run(QUIET, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed


def test_a_worker_of_another_kind_that_comes_first_does_not_end_the_sweep(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    with cluster(1, OPENBLAS_CORETYPE="Nehalem") as (address, *_), start(on(address), tmp_path) as sweep:
        read_until(sweep, "All workers that are there are left out")
        with worker(address):
            shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


def test_a_server_of_another_kind_is_told_before_training(tmp_path: Path) -> None:
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        refused = run([*LOCAL, f"backend.scheduler=tcp://127.0.0.1:{server.server_port}"], tmp_path)
        server.shutdown()
    assert refused.status == 2, refused.shown
    assert "backend.scheduler must be the address of a Dask scheduler: tcp://127.0.0.1" in refused.shown
    assert "Traceback" not in refused.shown


def test_a_scheduler_that_does_not_answer_is_told_before_training(tmp_path: Path) -> None:
    refused = run(on(f"tcp://127.0.0.1:{free_port()}"), tmp_path)
    assert refused.status == 2, refused.shown
    assert "backend.scheduler must be the address of a Dask scheduler" in refused.shown
    assert "Traceback" not in refused.shown


def test_workers_of_another_kind_are_left_out_by_name(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with (
        cluster(1) as (address, *_),
        worker(address, OPENBLAS_CORETYPE="Nehalem"),
        worker(address, program=WORKER_WITHOUT),
    ):
        wait_for_workers(address, 3)
        ended = run(on(address), tmp_path)
    assert ended.status == 0, ended.shown
    lines = [line for line in ended.shown.replace("\n  ", " ").splitlines() if "is left out" in line]
    assert len(lines) == 2
    assert "is Nehalem, the parent's" in ended.shown.replace("\n", " ")
    assert "ModuleNotFoundError" in ended.shown
    assert tables(tmp_path) == undisturbed


def test_a_cluster_of_another_kind_ends_the_sweep_in_one_line_unless_it_may_be_mixed(tmp_path: Path) -> None:
    with cluster(1, OPENBLAS_CORETYPE="Nehalem") as (address, *_):
        refused = run(on(address), tmp_path)
        assert refused.status == 1, refused.shown
        assert "no worker of the cluster can train" in refused.shown
        assert "Traceback" not in refused.shown
        ended = run([*on(address), "backend.mixed=true"], tmp_path)
    assert ended.status == 0, ended.shown
    kernels = {json.loads(path.read_bytes())["environment"]["kernel"] for path in records(tmp_path)}
    assert kernels == {"Nehalem"}


@pytest.mark.parametrize("ours", [True, False], ids=["of our kind", "of another kind"])
def test_where_workers_may_be_mixed_the_death_of_one_costs_no_run(tmp_path: Path, ours: bool) -> None:
    """What has a checkpoint of our kind goes on from it on the other; the rest begins anew."""
    with cluster(1) as (address, _, [alike]), worker(address, OPENBLAS_CORETYPE="Nehalem") as other:
        wait_for_workers(address, 2)
        with start([*on(address, LONG), "backend.mixed=true"], tmp_path) as sweep:
            assert wait_for(lambda: len(checkpoints(tmp_path)) > 1, 60)
            (alike if ours else other).kill()
            shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert "Checkpoints could not" not in shown
    assert ("none from a checkpoint" in shown.replace("\n", " ")) != ours, shown
    made = [json.loads(path.read_bytes()) for path in records(tmp_path)]
    assert {record["status"] for record in made} == {"finished"}
    assert ("Nehalem" in {record["environment"]["kernel"] for record in made}) >= ours
    assert not (sweep_folder(tmp_path) / "checkpoints").exists()


def test_a_worker_with_another_dask_is_told_of_in_one_line_before_training(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    from distributed import __version__

    with cluster(1) as (address, *_), worker(address, program=WORKER_OF_ANOTHER_DASK):
        wait_for_workers(address, 2)
        ended = run(on(address), tmp_path)
    assert ended.status == 0, ended.shown
    [line] = [line for line in ended.shown.splitlines() if OTHER_VERSION in line]
    assert line.startswith(f"Dask is {__version__} here, {OTHER_VERSION} on worker tcp://")
    assert ended.shown.index(line) < ended.shown.index("[ 1/12]")
    assert "Mismatched" not in ended.shown
    assert tables(tmp_path) == undisturbed


@hiding
def test_data_travel_to_workers_that_have_none_and_may_die_with_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    arrays = {
        f"{part}_{name}": values
        for part in ("training", "validation", "test")
        for name, values in (("inputs", rng.random((300, 20))), ("labels", rng.integers(0, 3, 300)))
    }
    np.savez(data / "x.npz", **arrays)
    words = ["data=file", f"data.path={data / 'x.npz'}", *SWEEP[1:], "tracking=none"]
    gate = tmp_path / "gate"
    with (
        cluster(1, hides=data, NNEXP_FAULT=WAITS, NNEXP_GATE=str(gate)) as (address, _, [victim]),
        start(on(address, words), tmp_path / "far") as sweep,
    ):
        read_until(sweep, "[")
        victim.kill()
        gate.touch()
        with worker(address, hides=data):
            shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path / "far") == trained_here(words, tmp_path / "here")


def test_a_worker_that_is_killed_is_not_where_its_runs_begin(tmp_path: Path, whole: dict[str, str]) -> None:
    with cluster() as (address, _, [victim, _other]), start(on(address, LONG), tmp_path) as sweep:
        assert wait_for(lambda: len(checkpoints(tmp_path)) > 1, 60)
        victim.kill()
        shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert "Checkpoints could not" not in shown
    assert shown.count("is gone: others train its") == 1, shown
    assert tables(tmp_path) == whole
    assert not (sweep_folder(tmp_path) / "checkpoints").exists()


@hiding
def test_without_a_common_disk_checkpoints_come_to_the_parent_and_go_to_other_workers(
    tmp_path: Path, whole: dict[str, str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with (
        cluster(hides=home) as (address, _, [victim, _other]),
        start([word.replace("every=0.2", "every=0.5") for word in on(address, LONG)], home) as sweep,
    ):
        assert wait_for(lambda: len(checkpoints(home)) > 1, 60)
        victim.kill()
        shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert "Checkpoints could not" not in shown
    assert tables(home) == whole
    assert not (sweep_folder(home) / "checkpoints").exists()


@hiding
def test_without_a_common_disk_an_error_costs_only_its_own_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with cluster(hides=home, NNEXP_FAULT="raises learning_rate=0.5 dropout=0") as (address, *_):
        ended = run([word.replace("epochs=200", "epochs=40") for word in on(address, LONG)], home)
    assert ended.status == 1, ended.shown
    statuses = [line.split(",")[1] for line in tables(home)["runs.csv"].splitlines()[1:]]
    assert sorted(statuses) == ["failed"] + ["finished"] * 3


def test_a_client_that_is_killed_is_gone_on_with_and_two_on_one_sweep_are_told(
    tmp_path: Path, whole: dict[str, str]
) -> None:
    with cluster() as (address, *_):
        with start(on(address, LONG), tmp_path) as sweep:
            assert wait_for(lambda: len(checkpoints(tmp_path)) > 1, 60)
            second = run(on(address, LONG), tmp_path)
            assert second.status == 2, second.shown
            assert "is being trained by" in second.shown
            sweep.kill()
        again = run(on(address, LONG), tmp_path)
    assert again.status == 0, again.shown
    assert "go on from epoch" in again.shown
    assert tables(tmp_path) == whole
    assert not (sweep_folder(tmp_path) / "checkpoints").exists()


def test_workers_stop_what_a_client_that_was_killed_has_left(
    tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    """Else the only worker would train the first one's run for ever."""
    once = tmp_path / "once"
    with cluster(1, NNEXP_FAULT="endless batch_size=7", NNEXP_FAULT_ONCE=str(once)) as (address, *_):
        with start(on(address), tmp_path) as sweep:
            assert wait_for(once.exists, 60)
            sweep.kill()
        again = run(on(address), tmp_path)
    assert again.status == 0, again.shown
    assert tables(tmp_path) == undisturbed


def test_epochs_are_shown_while_distant_runs_train(tmp_path: Path) -> None:
    with (
        cluster(NNEXP_FAULT="endless learning_rate=0.5") as (address, *_),
        start(on(address, LONG), tmp_path) as sweep,
    ):
        seen = wait_for(lambda: epochs(tmp_path) > 3, 60)
        sweep.kill()
    assert seen

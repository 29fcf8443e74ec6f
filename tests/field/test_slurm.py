"""Sweeps by jobs of Slurm: the same bits, whatever becomes of a job."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.driving import (
    QUIET,
    RUNS,
    WAITS,
    read_until,
    records,
    run,
    start,
    sweep_folder,
    tables,
    wait_for,
)
from tests.field.slurm import NotStartedError, asked, slurm

pytest.importorskip("dask_jobqueue")
pytestmark = pytest.mark.field

JOBS = [*QUIET, "backend=slurm", "backend.workers=2", "backend.memory=1GB"]
QUEUED = "Slurm has"


@pytest.fixture(scope="module")
def queue() -> Iterator[dict[str, str]]:
    """A Slurm of our own."""
    try:
        with slurm() as environment:
            yield environment
    except NotStartedError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    ended = run([*QUIET, "n_jobs=1"], folder)
    assert ended.status == 0, ended.shown
    return tables(folder)


def no_jobs(queue: dict[str, str]) -> bool:
    """Whether Slurm has nothing to do any more."""
    return not asked(queue, "squeue", "-h")


@pytest.mark.parametrize("cores", [1, 2])
def test_jobs_give_the_same_bits_and_nothing_of_them_is_left(
    cores: int, tmp_path: Path, queue: dict[str, str], undisturbed: dict[str, str]
) -> None:
    ended = run([*JOBS, f"backend.cores={cores}"], tmp_path, **queue)
    assert ended.status == 0, ended.shown
    assert (
        f"{QUEUED} {'2 jobs' if cores == 1 else '1 job'} of this sweep, squeue --name=nnexp-" in ended.shown
    )
    assert tables(tmp_path) == undisturbed
    assert wait_for(lambda: no_jobs(queue), 20)
    printed = list((sweep_folder(tmp_path) / "slurm").iterdir())
    assert [path.suffix for path in printed] == [".txt"] * (2 // cores)  # and no key


@pytest.mark.parametrize("which", ["one", "all"])
def test_a_job_that_is_cancelled_costs_nothing(
    which: str, tmp_path: Path, queue: dict[str, str], undisturbed: dict[str, str]
) -> None:
    gate = {"NNEXP_FAULT": WAITS, "NNEXP_GATE": str(tmp_path / "gate")}
    with start(JOBS, tmp_path, **queue, **gate) as sweep:
        read_until(sweep, "[")
        jobs = asked(queue, "squeue", "-h", "-o", "%i").split()
        asked(queue, "scancel", *(jobs if which == "all" else jobs[:1]))
        (tmp_path / "gate").touch()
        shown = sweep.communicate(timeout=180)[0]
    assert sweep.returncode == 0, shown
    assert "Traceback" not in shown
    assert tables(tmp_path) == undisturbed


def test_a_run_whose_jobs_end_twice_before_its_first_checkpoint_does_not_fail(
    tmp_path: Path, queue: dict[str, str], undisturbed: dict[str, str]
) -> None:
    """As at the end of a walltime: no fault of the run's."""
    trained, gate = tmp_path / "trained", tmp_path / "gate"
    faults = {"NNEXP_FAULT": WAITS, "NNEXP_GATE": str(gate), "NNEXP_TRAINED": str(trained)}
    with start(JOBS, tmp_path, **queue, **faults) as sweep:
        for times in (1, 2):
            assert wait_for(lambda n=times: trained.exists() and trained.read_text().count("7 1\n") >= n, 90)
            asked(queue, "scancel", *asked(queue, "squeue", "-h", "-o", "%i").split())
        gate.touch()
        shown = sweep.communicate(timeout=180)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


def test_a_job_of_the_same_name_that_is_another_s_does_not_count(
    tmp_path: Path, queue: dict[str, str]
) -> None:
    dry = run([*JOBS, "dry_run=true"], tmp_path, **queue)
    name = dry.shown.partition("#SBATCH -J ")[2].split()[0]
    asked(queue, "sbatch", "--output=/dev/null", "-J", name, "-c", "1", "--wrap", "sleep 600")
    options = {"DASK_JOBQUEUE__SLURM__PYTHON": "/nowhere/python"}
    ended = run(JOBS, tmp_path, **queue, **options)
    asked(queue, "scancel", f"--name={name}")
    assert ended.status == 1, ended.shown
    assert "no job of this sweep waits or runs in Slurm" in ended.shown


def test_a_job_with_nothing_left_to_train_is_given_back(
    tmp_path: Path, queue: dict[str, str], undisturbed: dict[str, str]
) -> None:
    gate = {"NNEXP_FAULT": WAITS, "NNEXP_GATE": str(tmp_path / "gate")}
    with start(JOBS, tmp_path, **queue, **gate) as sweep:
        read_until(sweep, "[")
        assert wait_for(lambda: len(asked(queue, "squeue", "-h", "-o", "%i").split()) == 1, 120)
        (tmp_path / "gate").touch()
        shown = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path) == undisturbed


def test_runs_train_as_soon_as_the_first_job_begins(
    tmp_path: Path, queue: dict[str, str], undisturbed: dict[str, str]
) -> None:
    asked(queue, "sbatch", "--output=/dev/null", "-c", "1", "--wrap", "sleep 600")
    with start(JOBS, tmp_path, **queue) as sweep:
        shown = sweep.communicate(timeout=180)[0]
    assert sweep.returncode == 0, shown
    assert tables(tmp_path) == undisturbed
    assert asked(queue, "squeue", "-h", "-o", "%j") == "wrap"
    asked(queue, "scancel", "--name=wrap")


@pytest.mark.parametrize("begun", [False, True])
def test_a_stop_cancels_the_jobs_and_the_same_command_goes_on(
    begun: bool, tmp_path: Path, queue: dict[str, str], undisturbed: dict[str, str]
) -> None:
    if not begun:
        asked(queue, "sbatch", "--output=/dev/null", "-c", "2", "--wrap", "sleep 600")
    with start(JOBS, tmp_path, **queue, NNEXP_FAULT="endless batch_size=7 seed=1") as sweep:
        read_until(sweep, "[" if begun else QUEUED)
        sweep.send_signal(signal.SIGINT)
        shown = sweep.communicate(timeout=60)[0]
    asked(queue, "scancel", "--name=wrap")
    assert sweep.returncode == 130, shown
    assert "Traceback" not in shown
    assert len(records(tmp_path)) < RUNS
    assert wait_for(lambda: no_jobs(queue), 20)
    assert run(QUIET, tmp_path).status == 0
    assert tables(tmp_path) == undisturbed


def test_jobs_end_with_the_process_that_asked_for_them(
    tmp_path: Path, queue: dict[str, str], undisturbed: dict[str, str]
) -> None:
    with start(JOBS, tmp_path, **queue) as sweep:
        read_until(sweep, "[")
        sweep.kill()
        sweep.communicate(timeout=60)
    assert wait_for(lambda: no_jobs(queue), 90)
    assert run(JOBS, tmp_path, **queue).status == 0
    assert tables(tmp_path) == undisturbed


def test_what_slurm_refuses_is_told_before_training(tmp_path: Path, queue: dict[str, str]) -> None:
    refused = run([*JOBS, "backend.partition=gpu"], tmp_path, **queue)
    said = "nnexp: Slurm refuses the jobs of backend=slurm: invalid partition specified: gpu\n"
    assert (refused.status, refused.shown) == (2, said)
    assert not list(tmp_path.rglob("*.yaml"))


def test_jobs_that_end_before_they_train_end_the_sweep(tmp_path: Path, queue: dict[str, str]) -> None:
    ended = run(JOBS, tmp_path, **queue, DASK_JOBQUEUE__SLURM__PYTHON="/nowhere/python")
    assert ended.status == 1, ended.shown
    assert "no job of this sweep waits or runs in Slurm; what they printed is in" in ended.shown
    assert "/nowhere/python" in next((sweep_folder(tmp_path) / "slurm").glob("*.txt")).read_text()

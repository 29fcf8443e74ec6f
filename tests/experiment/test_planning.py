"""What is said before training: how long it will take, by the runs that have been recorded."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from nnexp.experiment import planning
from nnexp.experiment.planning import announce
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.estimate import RECORD
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.record import Record
from tests.sweep.samples import plan


def record(run_id: str, seconds: float, *, epochs_done: int = 100, shared_by: int = 1) -> Record:
    timings = {"seconds": seconds, "shared_by": shared_by}
    return Record(run_id, "finished", {}, {}, {"epochs_done": epochs_done}, timings, {})


def announced(
    *records: tuple[int, float, int], seeds: int = 6, batch_size: tuple[int, ...] = (10,)
) -> tuple[float, str]:
    """The estimate, and what is printed, for runs of 100 epochs on one core, of which some are recorded.

    Each record is the number of its run, its seconds, and the epochs that it did.
    """
    made = plan({"batch_size": list(batch_size)}, seeds=range(seeds), epochs=100)
    seconds, said = announced_of(made, *records)
    assert seconds is not None
    return seconds, said


def announced_of(made: Plan, *records: tuple[int, float, int]) -> tuple[float | None, str]:
    """The same of a plan."""
    known = {made.runs[row].run_id: record(made.runs[row].run_id, s, epochs_done=e) for row, s, e in records}
    console = Console(file=io.StringIO(), width=200)
    sweep = Sweep(made, Path("sweeps"), known)
    seconds = announce(sweep, sweep.pending("cached"), 1, Datasets().load, console)
    assert isinstance(console.file, io.StringIO)
    return seconds, console.file.getvalue()


def test_recorded_seconds_tell_how_long_the_same_runs_take() -> None:
    """Two runs of 50 s each, alone: four more in a stack take 200 s at most, for a stack saves some."""
    seconds, said = announced((0, 50.0, 100), (1, 50.0, 100))
    assert 50 < seconds - 4 * RECORD <= 200
    assert "2 done, 4 to train on 1 worker, about " in said
    assert seconds == pytest.approx(announced((0, 25.0, 50), (1, 25.0, 50))[0])  # ended early, by half


def test_a_slower_machine_takes_longer_in_proportion() -> None:
    parents = 4 * RECORD
    slow, fast = (announced((0, seconds, 100), (3, seconds, 100))[0] - parents for seconds in (300.0, 3.0))
    assert slow == pytest.approx(100 * fast)


def test_recorded_runs_tell_of_other_shapes_too() -> None:
    """In mini-batches of 1 an epoch of a small network took 6 times as long as in those of 10."""
    seconds, _ = announced((0, 10.0, 100), seeds=1, batch_size=(10, 1))
    assert 30 < seconds < 120


def test_how_long_an_accelerator_takes_its_own_records_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of NumPy's runs; nobody is asked whether to train for a time that nobody knows."""
    made = plan({"engine": ["numpy", "jax"]}, seeds=range(2), epochs=100)
    on_numpy, on_jax = (row for row, run in enumerate(made.runs) if run.seed == 0)
    assert announced_of(made)[0] is not None, "on a processor it is NumPy's"
    monkeypatch.setattr(planning, "accelerated", lambda runs: {"jax"})
    seconds, said = announced_of(made, (on_numpy, 50.0, 100))
    assert seconds is None
    assert said.endswith("3 to train on 1 worker, how long on this accelerator its first records will tell\n")
    assert planning.agreed(seconds, 1.0, Console(force_terminal=True))
    known, slow = (announced_of(made, (on_numpy, 50.0, 100), (on_jax, s, 100))[0] for s in (1.0, 21.0))
    assert known is not None
    assert slow is not None
    assert slow - known == pytest.approx(20), "one more run of this engine"


def test_nothing_is_trained_to_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nnexp.nn.train", "nnexp.nn.training.train", "nnexp.sweep.pool.worker.train"):
        monkeypatch.setattr(name, None)
    assert announced()[0] > 0

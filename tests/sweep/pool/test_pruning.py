"""A run that falls below its floor ends at that epoch, inside its stack, however often the stack was cut."""

import random
from pathlib import Path

import pytest

from nnexp.data import load
from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.premises import premises
from nnexp.sweep.pool.worker import train_stack
from nnexp.sweep.question.identity import formulas
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.pruners import Floors
from nnexp.sweep.store.checkpoints import open_checkpoints
from nnexp.sweep.store.folder import find_sweep
from tests.sweep.attempts import OFTEN, Cut, attempt, results
from tests.sweep.samples import plan

EPOCHS = 8
FLOORS = {2: 0.107, 4: 0.2, 6: 0.6, EPOCHS: 1.0}  # nobody is ended after the last epoch


@pytest.fixture
def sweep() -> Plan:
    return plan({"learning_rate": [1e-6, 0.02, 0.05, 0.1, 0.5, 1.0]}, seeds=[0], epochs=EPOCHS)


def floors(sweep: Plan) -> dict[str, Floors]:
    return dict.fromkeys((run.run_id for run in sweep.runs), FLOORS)


def ended(sweep: Plan, folder: Path) -> list[tuple[str, int]]:
    records = find_sweep(folder, sweep).records
    return [
        (records[r.run_id].status, int(records[r.run_id].metrics["epochs_done"] or 0)) for r in sweep.runs
    ]


def test_runs_below_the_floor_end_and_the_others_do_as_they_would(sweep: Plan, tmp_path: Path) -> None:
    attempt(sweep, tmp_path / "free" / "it", workers=1)
    attempt(sweep, tmp_path / "pruned" / "it", workers=1, floors=floors(sweep))
    free, pruned = (find_sweep(tmp_path / name / "it", sweep).records for name in ("free", "pruned"))
    for run in sweep.runs:
        curve = free[run.run_id].history["validation_accuracy"]
        best = [max(curve[: epoch + 1]) for epoch in range(EPOCHS)]
        end = next((e for e in (2, 4, 6) if best[e - 1] < FLOORS[e]), EPOCHS)
        record = pruned[run.run_id]
        assert record.status == ("pruned" if end < EPOCHS else "finished")
        assert record.history["validation_accuracy"] == curve[:end]
    assert {status for status, _ in ended(sweep, tmp_path / "pruned" / "it")} == {"pruned", "finished"}
    assert len({epochs for _, epochs in ended(sweep, tmp_path / "pruned" / "it")}) > 2


@pytest.mark.parametrize("seed", range(3))
def test_a_sweep_that_was_cut_ends_the_same_runs_at_the_same_epochs(
    sweep: Plan, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    attempt(sweep, tmp_path / "whole" / "it", workers=1, floors=floors(sweep))
    for _ in range(12):
        cut = rng.randint(1, 3)
        attempt(sweep, tmp_path / "cut" / "it", cut, kill=rng.random() < 0.5, workers=2, floors=floors(sweep))
    attempt(sweep, tmp_path / "cut" / "it", floors=floors(sweep))
    assert results(sweep, tmp_path / "cut" / "it") == results(sweep, tmp_path / "whole" / "it")


@pytest.mark.parametrize("epoch", [2, 4, 6])
def test_where_the_record_of_a_pruned_run_is_lost_it_ends_at_the_same_epoch_again(
    sweep: Plan, tmp_path: Path, epoch: int
) -> None:
    """A stop at the epoch that ends it, and its parent dies before it has the outcomes."""
    attempt(sweep, tmp_path / "whole" / "it", workers=1, floors=floors(sweep))
    folder = tmp_path / "cut" / "it"
    checkpoints = open_checkpoints(find_sweep(folder, sweep), formulas().all_digest)
    expected = premises(sweep, None, checkpoints, OFTEN, floors=floors(sweep))
    folder.mkdir(parents=True)
    (stack,) = make_stacks(sweep.runs, range(len(sweep.runs)), 1, load)
    train_stack(stack, load(stack.data), expected, Cut(folder / "board", len(sweep.runs), epoch))
    (folder / "board").unlink()
    attempt(sweep, folder, workers=1, floors=floors(sweep))
    assert results(sweep, folder) == results(sweep, tmp_path / "whole" / "it")

"""The estimated time grows as the work does, and estimating leaves nothing behind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp.data import Dataset, DataSpec, load
from nnexp.errors import UserError
from nnexp.sweep.pool import estimate
from nnexp.sweep.pool.estimate import RECORD, START, estimate_seconds
from nnexp.sweep.pool.stacks import work
from nnexp.sweep.question.plan import Plan
from tests.sweep.samples import plan

DATA = load(DataSpec(name="synthetic"))


def known(spec: DataSpec) -> Dataset:
    return DATA if spec == DataSpec(name="synthetic") else load(spec)


def estimated(made: Plan, workers: int = 1) -> float:
    return estimate_seconds(made, range(len(made.runs)), workers, known)


def test_nothing_to_train_takes_no_time() -> None:
    assert estimate_seconds(plan({}), [], 2, known) == 0


def test_much_more_work_takes_much_longer() -> None:
    little, much = plan({}, epochs=2), plan({}, epochs=2000)
    assert 100 * estimated(little) < estimated(much) + 100 * RECORD * len(much.runs)


@pytest.mark.parametrize(
    "base",
    [
        {"batch_size": 1000},
        {"hidden_layers": 0},
        {"hidden_size": 3000, "hidden_layers": 2, "batch_size": 500},
        {"patience": 3, "keep": "best", "schedule": "plateau", "evaluate_every": 2},
        {"monitor": ("test", "gradient_norm", "saturated_share", "dead_classes", "weight_norm")},
        {"optimizer": "adam", "dtype": "float64", "dropout": 0.5},
        {"learning_rate": 1e30, "evaluate_every": 0},
        {"output": "softmax", "cost": "log_likelihood", "activation": "relu", "lambda_l1": 0.1},
    ],
)
def test_every_kind_of_run_can_be_estimated(base: Any) -> None:
    assert 0 < estimated(plan({}, **base)) < 1000


@pytest.mark.parametrize(
    "data", [DataSpec(name="synthetic", augment="elastic"), DataSpec(name="synthetic", train_size=10)]
)
def test_distorted_and_small_data_can_be_estimated(data: DataSpec) -> None:
    assert 0 < estimated(plan({}, data=data)) < 1000


def test_the_time_of_many_shapes_follows_from_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that tells 1 ms per 1000 units of work, asked for a few shapes, gives the time of all."""
    asked: list[int] = []

    def clock(stack: Any, dataset: Dataset) -> float:
        asked.append(stack.runs[0].hyperparameters.hidden_size)
        return 1e-6 * work(stack.runs[0], len(stack.runs), 64, 1000)

    monkeypatch.setattr(estimate, "_seconds", clock)
    made = plan({"hidden_size": list(range(10, 60))}, seeds=[0])
    total = sum(1e-6 * work(run, 1, 64, 1000) for run in made.runs)
    assert estimated(made) == pytest.approx(total + RECORD * 50)
    assert len(asked) == estimate.SHAPES
    assert (min(asked), max(asked)) == (10, 59)
    two = estimated(made, workers=2) - START - RECORD * 50
    assert total / 2 <= two <= total / 2 * 1.05


def test_the_estimate_draws_nothing_global_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan({"batch_size": [1, 10]})
    monkeypatch.chdir(tmp_path)
    before = np.random.get_state()  # noqa: NPY002 - the global generator is what must not move
    estimated(made)
    after = np.random.get_state()  # noqa: NPY002
    assert list(tmp_path.iterdir()) == []
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_data_that_cannot_be_loaded_are_an_error_for_people() -> None:
    def nothing(spec: DataSpec) -> Dataset:
        raise UserError("no such data")

    with pytest.raises(UserError, match="no such data"):
        estimate_seconds(plan({}), [0], 1, nothing)

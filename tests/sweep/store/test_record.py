"""The figures of a record are those of the run's history."""

from typing import Any

from nnexp.nn.result import Result
from nnexp.sweep.store.record import metrics_of


def history(**columns: list[Any]) -> Result:
    rows = len(columns["epoch"])
    names = ("training_cost", "training_accuracy", "validation_cost", "validation_accuracy", "penalty")
    full = {name: [0.5] * rows for name in names} | columns
    return Result("finished", columns["epoch"][-1], full, [], [], 1, 0.1, 0.9, 1.0, 0.1, 1)


def test_best_is_the_first_maximum_of_the_validation_accuracy() -> None:
    metrics = metrics_of(history(epoch=[1, 2, 3, 4], validation_accuracy=[0.5, 0.8, 0.8, 0.7]))
    assert (metrics["best_epoch"], metrics["best_validation_accuracy"]) == (2, 0.8)
    assert (metrics["epochs_done"], metrics["final_validation_accuracy"]) == (4, 0.7)


def test_the_row_before_training_is_neither_final_nor_best() -> None:
    metrics = metrics_of(history(epoch=[0, 1, 2], validation_accuracy=[0.9, 0.1, 0.2]))
    assert (metrics["best_epoch"], metrics["epochs_done"]) == (2, 2)
    assert metrics_of(history(epoch=[0], validation_accuracy=[0.9])) == {"epochs_done": 0}

"""Early stopping on the book's own curves (chapter 3, B3-27): which epoch it ends at, and what it keeps."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnexp.nn import Hyperparameters
from nnexp.nn.runlog import RunLog

CURVES = json.loads((Path(__file__).parent / "book_curves.json").read_text())
CURVE = CURVES["overfitting"]["test_accuracy"]  # correct of 10,000, over 400 epochs
START = CURVES["weight_initialization_30"]["default"]


def run_along(accuracies: list[float], patience: int) -> RunLog:
    """A run whose validation accuracies are these, until it ends. One weight counts the epochs."""
    log = RunLog(0, Hyperparameters(patience=patience, epochs=len(accuracies)), np.zeros(1))
    for epoch, accuracy in enumerate(accuracies, start=1):
        metrics = {"training_cost": 0.0, "training_accuracy": 1.0, "validation_cost": 0.0, "penalty": 0.0}
        log.add(epoch, np.full(1, epoch), metrics | {"validation_accuracy": accuracy})
        if log.ended:
            break
    return log


@pytest.mark.parametrize(("patience", "stops"), [(10, 50), (20, 60), (50, 90)])
def test_a_longer_patience_only_waits_longer_on_the_overfitting_curve(patience: int, stops: int) -> None:
    """The book counts epochs from 0, hence the 1s. Each keeps 81.70 %; the curve's best is 82.27 %."""
    log = run_along(CURVE, patience)
    assert log.epochs_done == stops + 1
    assert log.kept_epoch == log.snapshot[0] == 41
    assert CURVE[40] == 8170
    assert (max(CURVE), CURVE.index(max(CURVE))) == (8227, 374)


def test_the_first_decrease_comes_long_before_the_best_epoch() -> None:
    assert run_along(START, patience=1).epochs_done == 9 + 1
    log = run_along(START, patience=10)
    assert (log.epochs_done, log.kept_epoch) == (30, 25 + 1)

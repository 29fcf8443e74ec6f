"""What is asked of many runs has one answer, whichever engine trains them."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")

from nnexp.data import DataSpec, load
from nnexp.nn import Data, Hyperparameters, train
from nnexp.statistics.intervals import mean_interval

MNIST = Path(os.environ.get("NNEXP_DATA", "")) / "mnist"


def accuracies(run: Hyperparameters, data: Data, seeds: int) -> tuple[NDArray[np.float64], ...]:
    """Final validation accuracies of each seed, by NumPy and compiled."""
    found = []
    for engine in ("numpy", "jax"):
        runs = [replace(run, seed=seed, engine=engine) for seed in range(seeds)]
        results = train(runs, data)
        found.append(np.array([result.history["validation_accuracy"][-1] for result in results]))
    return found[0], found[1]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_sweep_on_digits_has_the_same_answer(dropout: float) -> None:
    """Each mean lies in the other's interval, and what learns worse does so for both."""
    data = load(DataSpec(name="digits")).data
    means = []
    for learning_rate in (0.02, 0.5):
        run = Hyperparameters(epochs=6, learning_rate=learning_rate, dropout=dropout, monitor=("test",))
        core, compiled = accuracies(run, data, 5)
        for one, other in ((core, compiled), (compiled, core)):
            interval = mean_interval(one)
            assert interval.low <= other.mean() <= interval.high
        means.append((core.mean(), compiled.mean()))
    assert min(means[1]) > max(means[0]) + 0.1


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason="needs MNIST: set NNEXP_DATA to the folder that holds mnist/")
def test_accuracies_in_float32_are_equal_within_a_tenth_of_a_point() -> None:
    """By two one-sided tests on 20 seeds: the 90 % interval of their paired difference lies within it."""
    run = Hyperparameters(epochs=3, learning_rate=0.1, lambda_l2=1.0)
    core, compiled = accuracies(run, load(DataSpec(name="mnist")).data, 20)
    interval = mean_interval(compiled - core, level=0.9)
    assert -0.001 < interval.low <= interval.high < 0.001

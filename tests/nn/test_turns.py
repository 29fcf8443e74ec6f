"""More runs than a cache holds train as several stacks, in turns: nobody can tell, but by the clock."""

from dataclasses import replace

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, sizes, train
from tests.nn.driving import random_data, read_only, same_bits

DATA = random_data(np.random.default_rng(0), n=40, d=4, classes=3)
H = Hyperparameters(hidden_size=6, epochs=4, monitor=("gradient_norm", "test"))
RUNS = [
    replace(H, seed=2, learning_rate=0.1),
    replace(H, seed=1, momentum=0.9),
    replace(H, seed=2, learning_rate=1e30),  # diverges at once
    replace(H, seed=0, lambda_l1=0.1, dropout=0.5),
    replace(H, seed=1, patience=1),
    replace(H, seed=3, seed_order=0, seed_weights=2),
]
BYTES_OF_A_RUN = 64 * 4  # 51 parameters, rounded up to whole cache lines


def results_and_calls(runs, monkeypatch, size, **options):
    """Results and progress of runs in stacks of `size`."""
    monkeypatch.setattr(sizes, "CACHE", size * BYTES_OF_A_RUN)
    calls = []
    results = train(runs, DATA, progress=lambda epoch, metrics: calls.append((epoch, metrics)), **options)
    return results, calls


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("order", [None, "each"])
def test_results_and_progress_do_not_depend_on_the_cache(monkeypatch, size, order):
    rng = np.random.default_rng(1)
    rows = read_only(np.array([[rng.permutation(40) for _ in range(4)] for _ in RUNS]))
    options = {"order": rows} if order else {}
    expected, expected_calls = results_and_calls(RUNS, monkeypatch, len(RUNS), **options)
    results, calls = results_and_calls(RUNS, monkeypatch, size, **options)
    for result, same in zip(results, expected, strict=True):
        assert result.status == same.status
        assert result.stack_size == len(RUNS)
        assert same_bits(result.weights + result.biases, same.weights + same.biases)
        assert {**result.history, "seconds": 0} == {**same.history, "seconds": 0}
    for (epoch, metrics), (same_epoch, same_metrics) in zip(calls, expected_calls, strict=True):
        assert epoch == same_epoch
        assert metrics.keys() == same_metrics.keys()
        for name, column in metrics.items():
            np.testing.assert_array_equal(column, same_metrics[name])


def test_distorted_images_are_made_once_per_seed_and_epoch(monkeypatch):
    """Even where the cache holds but one run: making images costs more than a cache gains."""
    made = []

    def augment(rng, images):
        made.append(rng.random())
        return images

    results_and_calls(
        [replace(H, seed=seed, monitor=()) for seed in (0, 1, 0, 1)], monkeypatch, 1, augment=augment
    )
    assert len(made) == len(set(made)) == 2 * H.epochs

"""Runs that failed to learn are told apart from runs that did."""

import numpy as np
import pytest

from nnexp.statistics.clusters import stuck, trained

CHANCE, IMAGES = 0.114, 10_000


@pytest.mark.parametrize(
    ("point", "failed"),
    [
        ([0.97, 0.1, 0.98, 0.97, 0.1], [1, 4]),  # at chance
        ([0.1, 0.114, 0.098], [0, 1, 2]),  # none learned
        ([0.97, 0.114], [1]),
        ([0.97, 0.88, 0.972, 0.969, 0.97], [1]),  # a class lost
        ([0.97, 0.88, 0.972, 0.969, 0.80, 0.97], [1, 4]),  # one class, two classes
        ([0.1, 0.97, 0.8, 0.969, 0.971, 0.97], [0, 2]),  # at chance, and a class lost
        ([0.97, 0.80, 0.801, 0.799, 0.8], [1, 2, 3, 4]),  # one alone learned
        ([0.97, 0.96, 0.975, 0.93, 0.97], []),
        ([0.97, 0.971, 0.97, 0.969, 0.93], []),  # less than 5 points
        ([0.85, 0.91, 0.80, 0.76, 0.88], []),  # a wide scatter
        ([0.97, np.nan, 0.2, np.nan], []),  # two values show no groups
        ([np.nan, np.nan], []),
    ],
)
def test_stuck_runs(point: list[float], failed: list[int]) -> None:
    samples = np.array([point])
    mask = stuck(samples, CHANCE, IMAGES)
    assert np.flatnonzero(mask[0]).tolist() == failed
    expected = [value for k, value in enumerate(point) if k not in failed and not np.isnan(value)]
    left = trained(samples, mask)
    assert left[~np.isnan(left)].tolist() == expected


@pytest.mark.parametrize("n", [3, 4, 5, 8, 12])
@pytest.mark.parametrize("sd", [0.0023, 0.01, 0.05])
def test_few_normal_points_look_as_if_a_run_were_stuck(n: int, sd: float) -> None:
    samples = np.random.default_rng(n).normal(0.8, sd, (2000, n))
    assert stuck(samples, CHANCE, IMAGES).any(1).mean() <= (0.06 if sd == 0.05 else 0.001)

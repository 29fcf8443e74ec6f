"""Intervals against SciPy, and against simulated sweeps whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from nnexp.statistics.intervals import mean_interval

SIMULATIONS = 2000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.mark.parametrize("n", [3, 5, 30])
def test_interval_is_scipys(rng: np.random.Generator, n: int) -> None:
    samples = rng.normal(0.9, 0.01, (4, n))
    expected = stats.ttest_1samp(samples, 0, axis=1).confidence_interval(0.95)
    mean, low, high, counts = mean_interval(samples)
    np.testing.assert_allclose(mean, samples.mean(1), rtol=1e-14)
    np.testing.assert_allclose((low, high), (expected.low, expected.high), rtol=1e-12)
    assert counts.tolist() == [n] * 4


def test_missing_values_do_not_count(rng: np.random.Generator) -> None:
    samples = rng.normal(size=6)
    holes = np.insert(samples, [0, 3, 6], np.nan)
    np.testing.assert_array_equal(mean_interval(holes), mean_interval(samples))


@pytest.mark.parametrize("n", [3, 5])
def test_95_percent_intervals_hold_the_truth_in_95_percent_of_sweeps(
    rng: np.random.Generator, n: int
) -> None:
    _, low, high, _ = mean_interval(rng.normal(7, 2, (SIMULATIONS, n)))
    assert 0.93 <= ((low <= 7) & (high >= 7)).mean() <= 0.97


@pytest.mark.parametrize("samples", [[], [np.nan], [0.9], [0.9, np.nan, 0.8]])
def test_fewer_than_three_values_have_no_interval(samples: list[float]) -> None:
    mean, low, high, n = mean_interval(np.array(samples))
    assert np.isnan([low, high]).all()
    assert n < 3
    assert np.isnan(mean) == (n == 0)


@pytest.mark.parametrize("value", [0.1, 0.0, -3e9, 0.9533333333333334])
def test_equal_values_have_an_interval_of_no_width(value: float) -> None:
    mean, low, high, _ = mean_interval(np.full(7, value))
    assert mean == low == high == value


def test_difference_is_paired_over_common_seeds(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 6))
    a[1], b[4] = np.nan, np.nan
    common = [0, 2, 3, 5]
    expected = stats.ttest_rel(a[common], b[common]).confidence_interval(0.95)
    _, low, high, n = mean_interval(a - b)
    np.testing.assert_allclose((low, high), (expected.low, expected.high), rtol=1e-12)
    assert n == 4


def test_pairing_narrows_intervals_when_seeds_correlate(rng: np.random.Generator) -> None:
    seeds = rng.normal(0, 1, (200, 1, 5))
    a, b = (seeds + rng.normal(0, 0.3, (200, 2, 5))).transpose(1, 0, 2)
    _, low, high, _ = mean_interval(a - b)
    unpaired = stats.ttest_ind(a, b, axis=1).confidence_interval(0.95)
    assert np.mean(high - low < unpaired.high - unpaired.low) > 0.95

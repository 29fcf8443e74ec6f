"""Intervals and comparisons against SciPy, and against simulated sweeps whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from nnexp.statistics.intervals import compare_with_best, least_difference, mean_interval, two_groups

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


def test_p_values_are_scipys_paired_t_tests_with_holm_times_the_points(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.0], [0.2], [1.0], [3.0]], 0.5, (4, 10))
    best = int(samples.mean(1).argmax())
    others = [point for point in range(4) if point != best]
    plain = {k: stats.ttest_rel(samples[k], samples[best], alternative="less").pvalue for k in others}
    expected, largest = {}, 0.0
    for rank, point in enumerate(sorted(others, key=plain.__getitem__)):
        largest = max(largest, (3 - rank) * plain[point])
        expected[point] = min(1.0, 4 * largest)
    comparison = compare_with_best(samples)
    assert comparison.best == best
    assert np.isnan(comparison.p[best])
    np.testing.assert_allclose(comparison.p[others], [expected[k] for k in others], rtol=1e-4)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_few_sweeps_of_equal_points_call_one_worse(rng: np.random.Generator, n: int) -> None:
    samples = rng.normal(0.95, 0.01, (SIMULATIONS, 8, n))
    assert np.mean([compare_with_best(sweep).worse.any() for sweep in samples]) <= 0.05


@pytest.mark.parametrize("n", [3, 5])
def test_few_sweeps_of_equal_points_call_one_worse_on_a_small_validation_set(
    rng: np.random.Generator, n: int
) -> None:
    """Accuracies over 300 examples are so coarse that three differences are often equal by chance."""
    samples = np.rint(300 * rng.normal(0.95, 0.002, (SIMULATIONS, 8, n))) / 300
    assert np.mean([compare_with_best(sweep).worse.any() for sweep in samples]) <= 0.05


def test_few_sweeps_call_one_of_several_best_points_worse(rng: np.random.Generator) -> None:
    samples = rng.normal(0.95, 0.01, (SIMULATIONS, 8, 5)) - np.repeat([0, 0.1], 4)[:, None]
    assert np.mean([compare_with_best(sweep).worse[:4].any() for sweep in samples]) <= 0.05


def test_clearly_worse_points_are_found(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.9], [0.97], [0.97], [0.5]], 0.003, (4, 5))
    comparison = compare_with_best(samples)
    assert comparison.worse.tolist() == [True, False, False, True]
    assert comparison.alike.sum() == 1
    assert comparison.best in (1, 2)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_a_point_is_called_worse_from_the_distance_on_that_is_told(n: int) -> None:
    pattern = np.arange(n) * 1.0
    pattern[-1] = 1e-6  # two values as close as on a fine grid
    pattern = (pattern - pattern.mean()) / pattern.std(ddof=1)
    for times, worse in ((1.01, True), (0.99, False)):
        below = times * least_difference(4, 3, n) * 0.01
        samples = np.array([np.full(n, 0.9)] * 3 + [0.9 - below + 0.01 * pattern])
        assert compare_with_best(samples).worse.tolist() == [False, False, False, worse]


def test_a_point_cannot_be_best_by_the_seeds_that_failed(rng: np.random.Generator) -> None:
    samples = rng.normal(0.95, 0.001, (3, 5))
    samples[1, :4] = np.nan
    samples[1, 4] = 0.99
    comparison = compare_with_best(samples)
    assert comparison.best in (0, 2)
    assert comparison.alike[1]


def test_points_without_a_value_are_neither_worse_nor_alike() -> None:
    comparison = compare_with_best(np.array([[0.9, 0.91, 0.92], [np.nan] * 3, [0.9, 0.92, 0.91]]))
    assert comparison.best == 0
    assert comparison.alike.tolist() == [False, False, True]
    nothing = compare_with_best(np.full((2, 3), np.nan))
    assert nothing.best is None
    assert not nothing.alike.any()


def test_below_three_seeds_nothing_is_compared() -> None:
    comparison = compare_with_best(np.array([[0.9, 0.9], [0.1, 0.1]]))
    assert comparison.best == 0
    assert not comparison.worse.any()
    assert not comparison.alike.any()


def test_equal_points_are_alike() -> None:
    comparison = compare_with_best(np.full((3, 4), 0.1))
    assert comparison.best == 0
    assert comparison.alike.tolist() == [False, True, True]


def test_two_groups_of_values_are_noticed() -> None:
    assert two_groups(np.array([0.97, 0.1, 0.98, 0.97, 0.1]), 0.05)
    assert two_groups(np.array([0.97, 0.1, np.nan, 0.98]), 0.05)
    assert not two_groups(np.array([0.97, 0.1]), 0.05)
    assert not two_groups(np.array([0.95, 0.95, 0.95, 0.9533]), 0.05)
    assert not two_groups(np.full(5, 0.98))


@pytest.mark.parametrize("n", [3, 4, 5, 8])
def test_few_normal_samples_look_like_two_groups(rng: np.random.Generator, n: int) -> None:
    assert two_groups(rng.normal(size=(SIMULATIONS, n))).mean() <= 0.06

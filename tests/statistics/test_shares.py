"""Shares and medians: against SciPy, closed forms, and populations whose share is known."""

import numpy as np
import pytest
from scipy import stats

from nnexp.statistics.medians import median_difference_interval, median_interval
from nnexp.statistics.shares import least_share, share_interval


@pytest.mark.parametrize(("count", "n"), [(0, 5), (1, 12), (3, 12), (10, 10), (500, 1000)])
def test_share_interval_is_scipys(count: int, n: int) -> None:
    expected = stats.binomtest(count, n).proportion_ci(0.95)
    interval = share_interval(count, n)
    np.testing.assert_allclose((interval.low, interval.high), expected, rtol=1e-9)
    assert interval.mean == count / n


def test_five_of_five_seeds_show_55_percent() -> None:
    assert least_share(5, 5) == pytest.approx(0.05 ** (1 / 5))
    assert least_share(0, 5) == 0
    bound = stats.binomtest(4, 5, alternative="greater").proportion_ci(0.95).low
    assert least_share(4, 5) == pytest.approx(bound)


def test_no_seed_tells_nothing() -> None:
    interval = share_interval(0, 0)
    assert (interval.low, interval.high) == (0, 1)
    assert np.isnan(interval.mean)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.93])
def test_share_interval_covers_95_percent_exactly_counted(share: float) -> None:
    counts = np.arange(13)
    _, low, high, _ = share_interval(counts, 12)
    chance = stats.binom.pmf(counts, 12, share)
    assert chance[(low <= share) & (share <= high)].sum() >= 0.95


def test_medians_lie_between_order_statistics() -> None:
    values = np.array([5, 1, 4, 2, 3, 6, np.nan, 7, 8, 9.0])
    median, low, high, n = median_interval(values)
    assert (median, low, high, n) == (5, 2, 8, 9)  # 2 P(at most 1 of 9 below) = .039; 2 of 9: .18
    quantile = stats.quantile_test(values[~np.isnan(values)], q=0, p=0.5).confidence_interval(0.95)
    assert (low, high) == (quantile.low, quantile.high)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_few_values_have_no_median_interval(n: int) -> None:
    interval = median_interval(np.arange(n, dtype=float))
    assert np.isnan([interval.low, interval.high]).all()
    assert np.isnan(interval.mean) == (n == 0)


def test_six_values_reach_from_the_least_to_the_largest() -> None:
    assert median_interval(np.array([3, 1, 2, 6, 4, np.inf]))[:3] == (3.5, 1, np.inf)


@pytest.mark.parametrize("n", [6, 9, 15])
def test_median_intervals_cover_whatever_the_distribution(n: int) -> None:
    values = np.random.default_rng(1).lognormal(size=(2000, n))
    held = [interval.low <= 1 <= interval.high for interval in map(median_interval, values)]
    assert np.mean(held) >= 0.95


def test_differences_of_medians_cover_and_infinite_values_are_values() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.lognormal(size=(1000, 8)), 3 * rng.lognormal(size=(1000, 8))
    limits = [median_difference_interval(*pair) for pair in zip(a, b, strict=True)]
    assert np.mean([low <= -2 <= high for _, low, high, _ in limits]) >= 0.95
    never = np.array([np.inf] * 8)
    assert median_difference_interval(never, never)[:3] == (0, -np.inf, np.inf)
    assert median_difference_interval(never, a[0])[:3] == (np.inf, np.inf, np.inf)
    assert np.isnan(median_difference_interval(a[0, :6], b[0]).low)

"""Seeds for a power, against SciPy's noncentral t and by simulation; intervals of accuracies over images."""

import numpy as np
import pytest
from scipy import stats

from nnexp.statistics.images import accuracy_interval
from nnexp.statistics.intervals import mean_interval
from nnexp.statistics.power import sd_interval, seeds_by_pair, seeds_for_power, seeds_range


@pytest.mark.parametrize(("points", "seeds"), [(0.5, 6), (0.3, 11), (0.2, 21), (0.1, 78)])
def test_seeds_at_the_noise_of_published_sweeps(points: float, seeds: int) -> None:
    """An sd of 0.23 points over seeds, and a correlation of 0.09 between points."""
    sd = 0.23 * np.sqrt(2 * (1 - 0.09))
    assert seeds_for_power(points, sd) == seeds

    def power(n: int) -> float:
        return float(1 - stats.nct.cdf(stats.t.ppf(0.975, n - 1), n - 1, points * np.sqrt(n) / sd))

    assert power(seeds - 1) < 0.8 <= power(seeds)


def test_so_many_seeds_find_the_difference_in_80_percent_of_sweeps() -> None:
    rng = np.random.default_rng(3)
    n = seeds_for_power(0.8, 1.0)
    assert n is not None
    assert 0.78 <= (mean_interval(rng.normal(0.8, 1, (4000, n))).low > 0).mean() <= 0.86


def test_a_difference_without_scatter_takes_three_seeds_and_none_is_never_found() -> None:
    assert seeds_for_power(0.1, 0.0) == 3
    assert seeds_for_power(0.0, 0.0) is None
    assert seeds_for_power(0.0, 1.0) is None
    assert seeds_for_power(0.01, 1.0) is None
    assert seeds_for_power(-0.5, 0.3) == seeds_for_power(0.5, 0.3)


def test_seeds_range_holds_the_seeds_of_the_sd_and_narrows_with_more_values() -> None:
    few, many = seeds_range(0.3, 0.31, 5), seeds_range(0.3, 0.31, 100)
    assert few == (7, 34)
    assert few[0] < many[0] <= 11 <= many[1] < few[1]
    assert seeds_range(0.3, 0.31, 1)[1] is None


def test_pairs_of_points_tell_the_sd_of_a_difference() -> None:
    samples = np.random.default_rng(1).normal(0, [[0.1], [0.2], [0.4]], (3, 5))
    pairs = seeds_by_pair(samples, 0.3)
    sds = sorted(np.std(samples[i] - samples[j], ddof=1) for i, j in ((0, 1), (0, 2), (1, 2)))
    np.testing.assert_allclose([pairs[name].sd for name in ("least", "typical", "largest")], sds, rtol=1e-3)
    assert pairs["typical"].seeds == seeds_for_power(0.3, pairs["typical"].sd)
    assert pairs["typical"][2:] == seeds_range(0.3, pairs["typical"].sd, 5)


def test_two_points_are_one_pair_and_one_point_counts_as_two_like_it() -> None:
    samples = np.random.default_rng(1).normal(0, 0.3, (2, 5))
    assert list(seeds_by_pair(samples, 0.3)) == ["typical"]
    alone = seeds_by_pair(samples[:1], 0.3)["typical"]
    assert alone.sd == pytest.approx(np.sqrt(2) * samples[0].std(ddof=1))


def test_without_three_seeds_in_common_nothing_is_known() -> None:
    samples = np.array([[1.0, 2, np.nan, np.nan, 3], [np.nan, np.nan, 1, 2, 3]])
    for few in (samples, samples[:1, :2], np.full((2, 3), np.nan), np.empty((0, 3))):
        assert seeds_by_pair(few, 0.3) == {}


@pytest.mark.parametrize("n", [2, 5, 30])
def test_sd_intervals_cover_80_percent(n: int) -> None:
    sds = np.random.default_rng(n).normal(0, 2, (2000, n)).std(1, ddof=1)
    limits = [sd_interval(sd, n) for sd in sds]
    assert 0.77 <= np.mean([low <= 2 <= high for low, high in limits]) <= 0.83


@pytest.mark.parametrize("sd", [0.0005, 0.003, 0.03])
def test_accuracy_on_other_images_lies_within_its_interval(sd: float) -> None:
    """A test set of 1,000 images that all seeds share, and each seed's own accuracy."""
    rng = np.random.default_rng(5)
    shared = rng.normal(0, np.sqrt(0.94 * 0.06 / 1000), (4000, 1))
    _, low, high, _ = accuracy_interval(0.94 + shared + rng.normal(0, sd, (4000, 5)), 1000)
    assert 0.93 <= ((low <= 0.94) & (high >= 0.94)).mean() <= 0.97


def test_accuracy_without_scatter_is_a_binomial_share_and_stays_within_0_and_1() -> None:
    _, low, high, _ = accuracy_interval(np.full(5, 0.9), 10_000)
    assert (low, high) == pytest.approx((0.9 - 1.95996 * 0.003, 0.9 + 1.95996 * 0.003))
    assert accuracy_interval(np.array([0.99, 1.0, 1.0]), 100).high == 1
    assert np.isnan(accuracy_interval(np.array([0.9, 0.8]), 100).low)

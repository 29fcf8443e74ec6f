"""The best of k settings: against what one counts by hand, and against simulation."""

from itertools import combinations

import numpy as np
import pytest

from nnexp.statistics.tuning_curves import best_of


def test_of_all_pairs_of_four_the_best_is_counted() -> None:
    """Of 6 pairs of 1, 2, 3, 4 the best is 2 once, 3 twice, 4 three times."""
    shares = [1 / 6, 0.17, 0.5, 0.51, 1.0]
    assert best_of(np.array([3.0, 1.0, 4.0, 2.0]), [2], shares).tolist() == [[2, 3, 3, 4, 4]]


def test_one_setting_has_the_quantiles_of_all_and_all_settings_have_the_best() -> None:
    values = np.arange(1.0, 12.0)
    assert best_of(values, [1, 11], [0.1, 0.5, 0.9]).tolist() == [[2, 6, 10], [11, 11, 11]]


@pytest.mark.parametrize("k", [1, 2, 5, 13, 15])
def test_quantiles_are_those_of_all_draws(k: int) -> None:
    values = np.random.default_rng(3).normal(size=15)
    best = np.sort([max(chosen) for chosen in combinations(values, k)])
    shares = np.array([0.1, 0.25, 0.5, 0.9])
    expected = best[np.ceil(shares * len(best) - 1e-9).astype(int) - 1]
    assert best_of(values, [k], shares.tolist())[0].tolist() == expected.tolist()


def test_quantiles_are_those_of_a_simulation() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=64)
    draws = rng.permuted(np.tile(values, (20_000, 1)), axis=1)[:, :8].max(1)
    (low, middle, high) = best_of(values, [8], [0.1, 0.5, 0.9])[0]
    for quantile, share in ((low, 0.1), (middle, 0.5), (high, 0.9)):
        assert (draws <= quantile).mean() >= share - 0.01
        assert (draws < quantile).mean() <= share + 0.01


def test_a_setting_without_a_value_is_worse_than_any() -> None:
    values = np.array([np.nan, 0.5, np.nan, 0.7])
    quantiles = best_of(values, [1, 3], [0.5, 0.75])
    assert np.isnan(quantiles[0, 0])
    assert quantiles[0, 1] == 0.5
    assert quantiles[1].tolist() == [0.7, 0.7]

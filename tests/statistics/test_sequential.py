"""The anytime-valid t test: against the integral it stands for, and in sweeps looked at after every seed."""

import numpy as np
import pytest
from scipy import integrate, stats

from nnexp.statistics.best import compare_with_best
from nnexp.statistics.images import anytime_accuracy_interval
from nnexp.statistics.intervals import moments
from nnexp.statistics.sequential import (
    ANYTIME,
    anytime_interval,
    compare_at_all_looks,
    least_seeds,
    least_seeds_to_leave,
    log_bayes_factor,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(6)


@pytest.mark.parametrize(("t", "n"), [(0.0, 3), (1.5, 5), (-4.0, 5), (8.0, 12), (2.5, 40)])
def test_factor_is_the_mean_of_noncentral_t_densities(t: float, n: int) -> None:
    def alternative(delta: float) -> float:
        return stats.nct.pdf(t, n - 1, delta * np.sqrt(n)) * stats.norm.pdf(delta)

    expected = integrate.quad(alternative, -9, 9, limit=200)[0] / stats.t.pdf(t, n - 1)
    assert float(log_bayes_factor(np.array(t), np.array(n))) == pytest.approx(np.log(expected), rel=1e-6)


@pytest.mark.parametrize(("decisions", "n"), [(1, 5), (3, 6), (20, 7)])
def test_no_effect_however_large_is_decided_before_the_least_seeds(decisions: int, n: int) -> None:
    assert least_seeds(decisions) == n
    spread = np.linspace(-1e-9, 1e-9, n)
    assert anytime_interval(1 + spread, decisions).low > 0
    assert anytime_interval(1 + spread[:-1], decisions).low == -np.inf
    assert anytime_interval(np.ones(n - 1), decisions).low == -np.inf


@pytest.mark.parametrize("n", [5, 9, 40])
def test_interval_ends_where_the_factor_reaches_its_threshold(rng: np.random.Generator, n: int) -> None:
    values = rng.normal(0.3, 1, n)
    _, low, high, _ = anytime_interval(values, decisions=3, level=0.9)
    for limit in (low, high):
        mean, sd, _ = moments(values - limit)
        t = mean / (sd / np.sqrt(n))
        assert float(log_bayes_factor(t, np.array(n))) == pytest.approx(np.log(30))


@pytest.mark.parametrize("n", [5, 9, 40])
def test_one_sided_p_values_meet_the_error_at_its_quantile(n: int) -> None:
    t = -ANYTIME.quantile(np.array(n), 0.04)
    assert float(ANYTIME.p(t, np.array(n))) == pytest.approx(0.04)
    assert float(ANYTIME.p(-t, np.array(n))) == 1


def test_few_paths_ever_leave_their_intervals(rng: np.random.Generator) -> None:
    values = rng.normal(0, 1, (2000, 40))
    missed = np.zeros(2000, dtype=bool)
    for n in range(3, 41):
        _, low, high, _ = anytime_interval(values[:, :n])
        missed |= (low > 0) | (high < 0)
    assert missed.mean() <= 0.05


def test_the_best_stays_and_worse_points_leave_for_good(rng: np.random.Generator) -> None:
    samples = np.full((4, 30), np.nan)
    left = np.zeros(4, dtype=bool)
    for n in range(30):
        samples[~left, n] = rng.normal([0.0, 1.0, 1.4, 3.0], 1)[~left]
        comparison = compare_at_all_looks(samples[:, : n + 1])
        assert (comparison.worse | ~left).all()
        left = comparison.worse
        assert n + 1 >= least_seeds(1) or not left.any()
    assert left.tolist() == [True, True, True, False]
    assert comparison.best == 3
    assert comparison.low[3] == 0


def test_points_with_lost_runs_strike_nobody(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.0], [9.0], [0.1]], 1, (3, 12))
    comparison = compare_at_all_looks(samples, candidates=np.array([True, False, True]))
    assert comparison.best in (0, 2)
    assert not comparison.worse.any()
    assert compare_at_all_looks(samples).worse.tolist() == [True, False, True]


def test_suspended_points_neither_leave_nor_make_others_leave(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.0], [-5.0], [5.0], [-6.0]], 0.1, (4, 12))
    assert compare_at_all_looks(samples).worse.tolist() == [True, True, False, True]
    comparison = compare_at_all_looks(samples, suspended=np.array([False, False, True, True]))
    assert comparison.worse.tolist() == [False, True, False, False]
    assert comparison.best == 0  # though point 2 is higher
    assert np.isnan(comparison.p).tolist() == [True, False, True, True]
    assert comparison.tests == 3  # as if all had been compared
    of_none = compare_at_all_looks(samples, suspended=np.ones(4, dtype=bool))
    assert (of_none.best, of_none.worse.any()) == (2, False)


@pytest.mark.parametrize(("points", "n"), [(2, 4), (8, 6), (20, 7)])
def test_no_point_however_low_leaves_before_the_least_seeds(points: int, n: int) -> None:
    assert least_seeds_to_leave(points) == n
    samples = np.linspace(0, 1e-9, n) * np.arange(1, points + 1)[:, None]
    samples[0] += 1
    assert compare_at_all_looks(samples).worse.sum() == points - 1
    assert not compare_at_all_looks(samples[:, :-1]).worse.any()


def test_what_left_at_one_look_has_left_at_all_later_ones(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.0], [-1.0], [1.4], [2.0]], 1, (4, 30))
    samples[1, 12:] += 9  # what was surely worse by its first seeds turns out the highest by far
    worse = np.zeros(4, dtype=bool)
    for n in range(1, 31):
        comparison = compare_at_all_looks(samples[:, :n])
        now = compare_with_best(samples[:, :n], rule=ANYTIME, candidates=np.ones(4, dtype=bool))
        if n <= 12:
            assert comparison.worse.tolist() == (worse | now.worse).tolist()
        assert (comparison.worse >= worse).all()
        worse = comparison.worse
        assert (comparison.p[comparison.worse] <= 0.05).all()
        assert (comparison.high[comparison.worse] == 0).all()
        if n > 3:
            assert comparison.best is not None
            assert not worse[comparison.best]
            assert (comparison.worse ^ comparison.alike).sum() == 3
    assert worse[1]
    assert now.best == 1


def test_points_without_values_take_no_part_in_any_look() -> None:
    assert compare_at_all_looks(np.full((3, 9), np.nan)).best is None
    assert not compare_at_all_looks(np.full((3, 0), np.nan)).worse.any()


@pytest.mark.parametrize("share", [0.0, 0.3, 2.0])  # of the images' error in that of a seed
def test_few_paths_ever_leave_the_intervals_for_other_images(rng: np.random.Generator, share: float) -> None:
    accuracy, sd, images = 0.9, 0.001, round(0.09 / max(share * 0.001, 1e-9) ** 2)
    of_images = np.sqrt(0.09 / images) * rng.normal(size=(2000, 1))
    values = accuracy + of_images + sd * rng.normal(size=(2000, 60))
    missed = np.zeros(2000, dtype=bool)
    for n in range(5, 61):
        _, low, high, _ = anytime_accuracy_interval(values[:, :n], images)
        missed |= (low > accuracy) | (high < accuracy)
    assert missed.mean() <= 0.05

"""Comparison with the best against SciPy, and in sweeps whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from nnexp.statistics import best
from nnexp.statistics.best import compare_with_best, least_difference

SWEEPS = 2000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def test_p_values_are_scipys_paired_t_tests_against_every_other_point(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.0], [0.2], [1.0], [1.1]], 0.5, (4, 10))
    comparison = compare_with_best(samples)
    highest = int(samples.mean(1).argmax())
    assert comparison.best == highest
    assert np.isnan(comparison.p[highest])
    for point in set(range(4)) - {highest}:
        others = [other for other in range(4) if other != point]
        least = min(stats.ttest_rel(samples[point], samples[o], alternative="less").pvalue for o in others)
        assert comparison.p[point] == pytest.approx(min(1, 3 * least), rel=1e-4)


def test_limits_are_hsus_by_a_slow_count(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.0], [0.9], [1.0], [1.1]], 0.4, (4, 7))
    comparison = compare_with_best(samples)
    t = stats.t.ppf(1 - 0.05 / 3, 6)

    def limits(i: int, j: int) -> tuple[float, float]:
        difference = samples[i] - samples[j]
        half = t * difference.std(ddof=1) / np.sqrt(7)
        return difference.mean() - half, difference.mean() + half

    high = [max(0, min(limits(i, j)[1] for j in range(4) if j != i)) for i in range(4)]
    may_be_best = [i for i in range(4) if high[i] > 0]
    low = [min([0, *(limits(i, j)[0] for j in may_be_best if j != i)]) for i in range(4)]
    np.testing.assert_allclose(comparison.high, high, rtol=1e-3)
    np.testing.assert_allclose(comparison.low, low, rtol=1e-3)
    assert sorted(may_be_best) == sorted([comparison.best, *np.flatnonzero(comparison.alike)])


@pytest.mark.parametrize("n", [3, 5, 10])
def test_few_sweeps_call_the_best_point_worse_when_all_but_tie(rng: np.random.Generator, n: int) -> None:
    samples = rng.normal(0.95, 0.01, (SWEEPS, 8, n))
    samples[:, 0] += 1e-6
    assert np.mean([compare_with_best(sweep).worse[0] for sweep in samples]) <= 0.05


def test_few_sweeps_call_the_best_worse_on_a_small_validation_set(rng: np.random.Generator) -> None:
    """Accuracies over 300 examples are so coarse that three differences are often equal by chance."""
    samples = np.rint(300 * rng.normal(0.95, 0.002, (SWEEPS, 8, 3))) / 300
    assert np.mean([compare_with_best(sweep).worse[0] for sweep in samples]) <= 0.05


def test_limits_hold_for_all_points_at_once(rng: np.random.Generator) -> None:
    means = np.array([0.0, 0.3, 0.5, 0.5, 0.6])
    truth = np.array([mean - np.delete(means, i).max() for i, mean in enumerate(means)])
    held = []
    for sweep in rng.normal(means[:, None], 0.4, (SWEEPS, 5, 5)):
        comparison = compare_with_best(sweep)
        held.append(((comparison.low <= truth) & (truth <= comparison.high)).all())
    assert np.mean(held) >= 0.95


def test_clearly_worse_points_are_found(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.9], [0.97], [0.97], [0.5]], 0.003, (4, 5))
    comparison = compare_with_best(samples)
    assert comparison.worse.tolist() == [True, False, False, True]
    assert comparison.alike.sum() == 1
    assert comparison.best in (1, 2)
    assert comparison.high[0] == 0 > comparison.low[0]


def test_a_point_is_worse_than_the_best_from_the_distance_on_that_is_told() -> None:
    pattern = np.arange(5) * 1.0
    pattern[-1] = 1e-6  # two values as close as on a fine grid
    pattern = 0.01 * (pattern - pattern.mean()) / pattern.std(ddof=1)
    for times, worse in ((1.01, True), (0.99, False)):
        below = times * float(least_difference(np.array(0.01), 5, tests=3))
        samples = np.array([np.full(5, 0.9)] * 3 + [0.9 - below + pattern])
        comparison = compare_with_best(samples)
        assert comparison.worse.tolist() == [False, False, False, worse]
        assert comparison.least_difference[3] == pytest.approx(below / times, rel=1e-3)
        np.testing.assert_allclose(
            least_difference(comparison.sd, 5, comparison.tests)[1:], comparison.least_difference[1:]
        )


def test_the_typical_distance_is_the_median_of_the_points() -> None:
    rng = np.random.default_rng(0)
    comparison = compare_with_best(rng.normal(0, [[0.1], [0.1], [0.2], [9.0]], (4, 5)))
    assert comparison.typical_difference == np.nanmedian(comparison.least_difference)
    assert np.isnan(compare_with_best(np.zeros((2, 1))).typical_difference)


def test_a_point_cannot_be_best_by_the_seeds_that_failed(rng: np.random.Generator) -> None:
    samples = rng.normal(0.95, 0.001, (3, 5))
    samples[1, :4] = np.nan
    samples[1, 4] = 0.99
    comparison = compare_with_best(samples)
    assert comparison.best in (0, 2)
    assert comparison.alike[1]
    assert np.isnan(comparison.low[1])


def test_a_point_that_lost_seeds_is_compared_by_those_it_has(rng: np.random.Generator) -> None:
    samples = rng.normal([[0.95], [0.945], [0.9]], 0.001, (3, 6))
    samples[1, 2] = np.nan
    comparison = compare_with_best(samples)
    pair = np.delete(samples[:2], 2, axis=1)
    expected = 2 * stats.ttest_rel(pair[1], pair[0], alternative="less").pvalue
    assert comparison.p[1] == pytest.approx(expected, rel=1e-3)
    assert comparison.tests == 2


def test_blocks_and_a_limit_of_rivals_change_no_mark(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = rng.normal(np.linspace(0, 5, 40)[:, None], 1, (40, 5))
    whole = compare_with_best(samples)
    monkeypatch.setattr(best, "BLOCK", 300)
    for one, other in zip(whole, compare_with_best(samples), strict=True):
        np.testing.assert_array_equal(one, other)
    monkeypatch.setattr(best, "MOST_RIVALS", 10)
    fewer = compare_with_best(samples)
    assert fewer.best == whole.best
    assert fewer.tests == 39
    assert (fewer.worse <= whole.worse).all()
    assert fewer.worse.any()


def test_points_without_a_value_are_neither_worse_nor_alike() -> None:
    comparison = compare_with_best(np.array([[0.9, 0.91, 0.92], [np.nan] * 3, [0.9, 0.92, 0.91]]))
    assert comparison.best == 0
    assert comparison.alike.tolist() == [False, False, True]
    assert comparison.tests == 1
    for nothing in (np.full((2, 3), np.nan), np.empty((0, 3)), np.empty((2, 0))):
        comparison = compare_with_best(nothing)
        assert comparison.best is None
        assert not comparison.alike.any()


def test_below_three_seeds_nothing_is_compared() -> None:
    comparison = compare_with_best(np.array([[0.9, 0.9], [0.1, 0.1]]))
    assert comparison.best == 0
    assert not comparison.worse.any()
    assert not comparison.alike.any()
    assert np.isnan([*comparison.p, *comparison.low, *comparison.least_difference]).all()


def test_equal_points_are_alike_and_one_point_is_best() -> None:
    comparison = compare_with_best(np.full((3, 4), 0.1))
    assert comparison.best == 0
    assert comparison.alike.tolist() == [False, True, True]
    assert not comparison.low.any()
    assert compare_with_best(np.full((1, 4), 0.1)).best == 0


def test_of_points_that_may_be_best_a_preferred_one_is() -> None:
    samples = 0.9 + 0.002 * np.random.default_rng(0).normal(size=(3, 5)) + [[0.001], [0.0], [-0.2]]
    plain = compare_with_best(samples)
    other = 1 - int(plain.best or 0)
    preferred = compare_with_best(samples, preferred=np.arange(3) == other)
    assert plain.worse.tolist() == preferred.worse.tolist() == [False, False, True]
    assert preferred.best == other
    np.testing.assert_array_equal((preferred.low, preferred.high), (plain.low, plain.high))
    assert compare_with_best(samples, preferred=np.arange(3) == 2).best == plain.best  # it is worse

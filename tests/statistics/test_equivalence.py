"""Equivalence by intervals against SciPy's one-sided tests; optima inside an axis, with simulated truth."""

import numpy as np
import pytest
from scipy import stats

from nnexp.statistics.intervals import mean_interval, welch_interval
from nnexp.statistics.optimum import optimum
from nnexp.statistics.rounding import with_rounding
from tests.statistics.simulated import is_within

SWEEPS = 2000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.mark.parametrize("within", [0.3, 0.6, 1.0])
def test_equal_where_both_one_sided_tests_reject_at_5_percent(
    rng: np.random.Generator, within: float
) -> None:
    for a, b in rng.normal(0, 0.6, (50, 2, 8)):
        paired = [
            stats.ttest_1samp(a - b, -within, alternative="greater"),
            stats.ttest_1samp(a - b, within, alternative="less"),
        ]
        welch = [
            stats.ttest_ind(a + within, b, equal_var=False, alternative="greater"),
            stats.ttest_ind(a - within, b, equal_var=False, alternative="less"),
        ]
        assert is_within(mean_interval(a - b, 0.9), within) == (max(t.pvalue for t in paired) < 0.05)
        assert is_within(welch_interval(a, b, 0.9), within) == (max(t.pvalue for t in welch) < 0.05)


@pytest.mark.parametrize("gap", [1.0, -1.0])
def test_means_at_the_margin_are_called_equal_in_5_percent_at_most(
    rng: np.random.Generator, gap: float
) -> None:
    sweeps = rng.normal(gap, 0.5, (SWEEPS, 5))
    equal = [is_within(mean_interval(sweep, 0.9), 1.0) for sweep in sweeps]
    assert 0.03 <= np.mean(equal) <= 0.065


@pytest.mark.parametrize("sd", [0.0005, 0.001, 0.005])
def test_equal_differences_on_few_examples_are_no_proof(rng: np.random.Generator, sd: float) -> None:
    """The true difference lies between two steps of 1 / 300, so that three values often agree by chance."""
    a, b = np.rint(300 * rng.normal([[[0.95]], [[0.955]]], sd, (2, SWEEPS, 3))) / 300
    margin = abs(a.mean() - b.mean())
    paired = [mean_interval(sweep, 0.9) for sweep in a - b]
    welch = [welch_interval(*sweep, 0.9) for sweep in zip(a, b, strict=True)]
    for intervals in (paired, welch):
        equal = [is_within(with_rounding(interval, 0.9, 1 / 300), margin) for interval in intervals]
        assert np.mean(equal) <= 0.05


def test_optimum_is_the_union_of_scipys_tests(rng: np.random.Generator) -> None:
    values = rng.normal([[0], [0.8], [1.0], [0.2]], 0.5, (4, 6))
    found = optimum(values, margin=0.1)
    tests = [
        max(stats.ttest_1samp(values[i] - values[e], 0.1, alternative="greater").pvalue for e in (0, 3))
        for i in (1, 2)
    ]
    assert found.p == pytest.approx(2 * min(tests))
    t = stats.t.ppf(1 - 0.025 / 2, 5)
    lower = [
        min((d := values[i] - values[e]).mean() - t * d.std(ddof=1) / 6**0.5 for e in (0, 3)) for i in (1, 2)
    ]
    assert found.low == pytest.approx(max(lower))
    means = values.mean(1)
    assert found.gain == pytest.approx(max(means[1:3]) - max(means[0], means[3]))
    assert found.best == int(means[1:3].argmax()) + 1


def test_optima_are_found_and_their_gain_is_covered(rng: np.random.Generator) -> None:
    means = np.array([0, 2, 3, 3, 2.5, 1, 0.5, 0])
    found = [optimum(sweep) for sweep in rng.normal(means[:, None], 1, (500, 8, 5))]
    assert np.mean([one.low <= 3 <= one.high for one in found]) >= 0.95
    assert np.mean([one.p <= 0.05 for one in found]) >= 0.8
    assert all((one.p <= 0.025) == (one.low >= 0) for one in found)
    assert not any(one.p_edge <= 0.05 for one in found)


def test_a_slope_has_no_optimum(rng: np.random.Generator) -> None:
    sweeps = rng.normal(np.arange(8)[:, None], 1, (500, 8, 5))
    found = [optimum(sweep) for sweep in sweeps]
    assert np.mean([one.p <= 0.05 for one in found]) <= 0.05
    assert np.mean([one.p_edge <= 0.05 for one in found[:100]]) > 0


def test_few_seeds_decide_no_optimum() -> None:
    for n in (1, 2):
        found = optimum(np.tile([[0.0], [9.0], [0.0]], n))
        assert (found.low, found.high) == (-np.inf, np.inf)
        assert not found.p <= 0.05
        assert not found.p_edge <= 0.05

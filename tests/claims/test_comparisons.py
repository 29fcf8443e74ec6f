"""Intervals and decisions against SciPy, and against simulated seeds whose truth is known."""

from dataclasses import replace
from statistics import fmean, median
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from nnexp.claims.checks import Check
from nnexp.claims.comparisons import Contrast, compare
from nnexp.claims.findings import Finding, weakest
from nnexp.claims.means import MeanTest
from nnexp.claims.optimum import optimum
from nnexp.claims.quantities import Quantity
from nnexp.claims.samples import Sample
from nnexp.statistics.intervals import Interval, mean_interval, welch_interval

ACCURACY, COST = Quantity("final", "validation_accuracy"), Quantity("final", "validation_cost")
SIMULATIONS = 1000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def sample(values: NDArray[Any]) -> Sample:
    return Sample(dict(enumerate(values.tolist())), lambda v: float(np.mean(list(v))))


def compared(
    a: NDArray[Any], b: NDArray[Any], rel: str = ">", over: str = "paired", tests: int = 1, **numbers: float
) -> Finding:
    check = Check(ACCURACY, over, rel, ACCURACY, **numbers)
    return compare(Contrast(check, sample(a), sample(b)), tests)


def test_a_paired_difference_has_scipys_interval(rng: np.random.Generator) -> None:
    a, b = rng.normal(0.95, 0.01, (2, 6))
    found = compared(a, b, margin=-0.05)
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    np.testing.assert_allclose((found.effect, found.low, found.high), ((a - b).mean(), *expected), rtol=1e-9)
    assert (found.n, found.threshold, found.verdict) == (6, -0.05, "reproduced")


def test_a_difference_of_means_has_welchs_interval(rng: np.random.Generator) -> None:
    a, b = rng.normal(0.95, 0.01, 6), rng.normal(0.9, 0.03, 6)
    found = compared(a, b, over="mean")
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose((found.low, found.high), list(expected), rtol=1e-9)


def test_welchs_interval_takes_unequal_numbers_and_equal_values(rng: np.random.Generator) -> None:
    a, b = rng.normal(5, 1, 4), rng.normal(3, 2, 9)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    found = welch_interval(a, b)
    np.testing.assert_allclose((found.low, found.high), list(expected), rtol=1e-12)
    assert found.n == 4
    assert welch_interval(np.ones(3), np.zeros(5))[:3] == (1, 1, 1)
    assert np.isnan(welch_interval(a, b[:2]).low)


def test_a_ratio_has_the_interval_of_its_logarithm(rng: np.random.Generator) -> None:
    a, b = np.exp(rng.normal(-0.5, 0.1, (2, 5)))
    found = compared(a, b, "<", times=2.0)
    expected = np.exp(stats.ttest_rel(np.log(a), np.log(b)).confidence_interval(0.95))
    np.testing.assert_allclose((found.low, found.high), expected, rtol=1e-9)
    assert found.effect == pytest.approx(stats.gmean(a / b))
    assert found.threshold == pytest.approx(2)


def test_over_mean_a_ratio_is_that_of_the_means(rng: np.random.Generator) -> None:
    """Fieller's limits are the ratios r at which a differs from r b by just t standard errors."""
    a, b = rng.normal(0.5, 0.1, 5), rng.normal(0.3, 0.02, 7)
    finding = compared(a, b, ">", over="mean", times=1.2)
    ratio = a.mean() / b.mean()
    assert finding.effect == pytest.approx(ratio)
    welch = stats.ttest_ind(a, ratio * b, equal_var=False)
    for limit in (finding.low, finding.high):
        t = (a.mean() - limit * b.mean()) / np.hypot(stats.sem(a), limit * stats.sem(b))
        assert abs(t) == pytest.approx(stats.t.ppf(0.975, welch.df))
    assert finding.low < finding.effect < finding.high
    assert (finding.threshold, finding.n) == (1.2, 5)


@pytest.mark.slow
def test_ratios_of_skewed_means_that_are_equal_are_refuted_by_chance_in_few_sweeps(
    rng: np.random.Generator,
) -> None:
    """Both means are 1; the geometric means, 1 and exp(-0.18), differ by a factor of 1.2."""
    a = rng.normal(1, 0.05, (SIMULATIONS, 30))
    b = np.exp(rng.normal(-0.18, 0.6, (SIMULATIONS, 30)))
    verdicts = [compared(*pair, ">", over="mean", times=1.0).verdict for pair in zip(a, b, strict=True)]
    assert verdicts.count("undecided") / SIMULATIONS > 0.91
    paired = [compared(*pair, ">", times=1.0).verdict for pair in zip(a, b, strict=True)]
    assert paired.count("reproduced") / SIMULATIONS > 0.3


def test_a_ratio_to_a_mean_that_may_be_0_has_no_limits() -> None:
    finding = compared(np.array([1.0, 1.1, 0.9]), np.array([0.01, 5.0, 0.01]), over="mean", times=0.001)
    assert (finding.low, finding.high, finding.verdict) == (-np.inf, np.inf, "undecided")


@pytest.mark.parametrize("over", ["mean", "paired"])
def test_seeds_that_would_decide_a_ratio_are_those_of_its_difference(
    rng: np.random.Generator, over: str
) -> None:
    """Of normal values with means 1.05 and 1 and an sd of 0.1 each, it takes some 65 seeds to tell 1.05 from
    1.0 with a power of 80 %: (1.96 + 0.84)^2 2 (0.1 / 0.05)^2, and two for the t."""
    pairs = np.abs(rng.normal([[1.05], [1.0]], 0.1, (SIMULATIONS // 5, 2, 40)))
    findings = [compared(a, b, over=over, times=1.0) for a, b in pairs]
    ranges = [(f.seeds_low or 1001, f.seeds_high or 1001) for f in findings if f.verdict == "undecided"]
    low, high = np.median(ranges, axis=0)
    assert 40 < low < high < 350


def test_a_mean_ratio_takes_positive_values() -> None:
    found = compared(np.array([0.1, 0.2, 0.3]), np.array([0.0, 0.1, 0.1]), times=2.0)
    assert (found.verdict, "values above 0" in found.note) == ("undecided", True)


@pytest.mark.parametrize(("rel", "verdict_of"), [(">", "reproduced"), ("<", "refuted")])
def test_a_clear_difference_is_decided(rng: np.random.Generator, rel: str, verdict_of: str) -> None:
    a, b = rng.normal([[0.95], [0.9]], 0.001, (2, 5))
    found = compared(a, b, rel)
    assert (found.verdict, found.seeds_low) == (verdict_of, None)


@pytest.mark.slow
@pytest.mark.parametrize("over", ["paired", "mean"])
def test_equal_points_are_undecided_in_95_percent_of_sweeps(rng: np.random.Generator, over: str) -> None:
    pairs = rng.normal(0.5, 0.02, (SIMULATIONS, 2, 5))
    told = [compared(a, b, over=over).verdict for a, b in pairs]
    assert 0.93 <= told.count("undecided") / SIMULATIONS <= 0.975
    assert abs(told.count("reproduced") - told.count("refuted")) < 30


def test_pairing_decides_what_the_means_alone_do_not(rng: np.random.Generator) -> None:
    seeds = rng.normal(0.9, 0.02, 6)  # a seed's luck is the same at both points
    a, b = seeds + 0.003, seeds + rng.normal(0, 0.001, 6)
    assert compared(a, b).verdict == "reproduced"
    assert compared(a, b, over="mean").verdict == "undecided"


def test_undecided_says_how_many_seeds_would_probably_decide(rng: np.random.Generator) -> None:
    """A difference of 4 in 1000 with an sd of 10 takes 52 seeds for a power of 80 %; of 8 seeds the sd is
    known to lie within 0.76 and 1.57 of what they show (chi-square, 80 %)."""
    noise = rng.normal(size=8)
    differences = 0.004 + 0.01 * (noise - noise.mean()) / noise.std(ddof=1)
    finding = compared(0.5 + differences, np.full(8, 0.5))
    assert finding.verdict == "undecided"
    powers = {n: power_of(0.4, n) for n in (51, 52)}
    assert powers[51] < 0.8 <= powers[52]
    sds = np.sqrt(7 / stats.chi2.ppf([0.9, 0.1], 7))
    for seeds, sd in zip((finding.seeds_low, finding.seeds_high), sds, strict=True):
        assert seeds is not None
        assert power_of(0.4 / sd, seeds - 1) < 0.8 <= power_of(0.4 / sd, seeds)
    assert finding.note == f"about {finding.seeds_low} to {finding.seeds_high} seeds would decide it"


def power_of(effect: float, n: int) -> float:
    """Of a paired t test at 5 %, on the side of the effect, which is given in sd of the difference."""
    quantile = stats.t.ppf(0.975, n - 1)
    return float(1 - stats.nct.cdf(quantile, n - 1, effect * np.sqrt(n)))


def test_more_seeds_than_a_thousand_are_no_advice() -> None:
    found = compared(np.array([0.5, 0.6, 0.7, 0.4]), np.array([0.5, 0.7, 0.4, 0.6001]))
    assert (found.verdict, found.seeds_low, found.seeds_high) == ("undecided", None, None)
    assert found.note == "even 1000 seeds would hardly decide it"


def test_seeds_are_more_than_those_that_did_not_decide() -> None:
    found = compared(np.array([0.51, 0.515, 0.5, 0.515]), np.full(4, 0.5))
    assert found.verdict == "undecided"
    assert found.seeds_low == 5


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_seeds_have_no_interval(n: int) -> None:
    found = compared(np.array([0.9, 0.91])[:n], np.array([0.8, 0.81])[:n])
    assert (found.verdict, found.seeds_low) == ("undecided", 3)
    assert np.isnan(found.low)
    assert found.note == f"n = {n}: an interval needs 3 seeds"


@pytest.mark.slow
@pytest.mark.parametrize("within", [0.01, 0.003])
def test_equal_at_the_margin_is_shown_by_chance_in_few_sweeps(
    rng: np.random.Generator, within: float
) -> None:
    """Sd 0.003, 8 seeds: just `within` apart, it is called equal in at most 5 %, refuted in at most 2.5 %."""
    pairs = rng.normal([[0.9 + within], [0.9]], 0.003, (SIMULATIONS, 2, 8))
    told = [equal(a, b, within).verdict for a, b in pairs]
    assert told.count("reproduced") <= (0.05 + 0.016) * SIMULATIONS
    assert told.count("refuted") <= (0.025 + 0.012) * SIMULATIONS


def test_equal_points_are_shown_to_be_equal(rng: np.random.Generator) -> None:
    pairs = rng.normal(0.9, 0.003, (SIMULATIONS // 5, 2, 8))
    told = [equal(a, b, 0.006).verdict for a, b in pairs]
    assert told.count("reproduced") > 0.8 * len(told)
    assert "refuted" not in told


def equal(a: NDArray[Any], b: NDArray[Any], within: float) -> Finding:
    check = Check(ACCURACY, "paired", right=ACCURACY, within=within)
    return compare(Contrast(check, sample(a), sample(b)), 1)


@pytest.mark.parametrize("over", ["median", "share"])
def test_a_median_or_share_at_its_threshold_is_decided_by_chance_in_few_sweeps(
    rng: np.random.Generator, over: str
) -> None:
    """Half of the seeds lie above 0: the median is at the threshold, and so is their share of 0.5."""
    share = Quantity("share", number=0.0, parts=(ACCURACY,))
    check = Check(share, "of all seeds", ">", 0.5) if over == "share" else Check(COST, "median", ">", 0.0)
    told = []
    for values in rng.standard_t(3, (SIMULATIONS, 12)):
        seeds = values > 0 if over == "share" else values
        one = Sample(dict(enumerate(seeds.astype(float).tolist())), fmean if over == "share" else median)
        told.append(compare(Contrast(check, one, None), 1).verdict)
    for verdict in ("reproduced", "refuted"):
        assert 0 < told.count(verdict) <= (0.025 + 0.012) * SIMULATIONS


@pytest.mark.parametrize("n", [4, 10])
def test_a_difference_of_medians_or_shares_has_the_limits_of_both(rng: np.random.Generator, n: int) -> None:
    a, b = rng.normal([[2.0], [1.0]], 0.1, (2, n))
    left, right = (Sample(dict(enumerate(side.tolist())), median) for side in (a, b))
    check = Check(COST, "median", ">", COST)
    for times, effect in ((None, np.median(a) - np.median(b)), (1.5, np.median(a) / np.median(b))):
        found = compare(Contrast(replace(check, times=times), left, right), 1)
        assert found.effect == pytest.approx(effect)
        if n < 7:
            assert (found.verdict, np.isnan(found.low)) == ("holds", True)
        else:
            assert found.verdict == "reproduced"
            assert found.low < effect < found.high


def test_another_test_of_means_decides_in_the_place_of_students(rng: np.random.Generator) -> None:
    """One that allows repeated looks has wider intervals; decisions of other claims share its error rate."""

    def interval(samples: NDArray[Any], level: float) -> Interval:
        levels.append(level)
        return mean_interval(samples, 1 - (1 - level) / 100)

    a, b = rng.normal([[0.95], [0.9]], 0.02, (2, 8))
    check = Check(ACCURACY, "paired", ">", ACCURACY)
    contrast, levels = Contrast(check, sample(a), sample(b)), list[float]()
    assert compare(contrast, 2).verdict == "reproduced"
    assert compare(contrast, 2, MeanTest(interval, decisions=4)).verdict == "undecided"
    assert {0.9875} == {round(level, 9) for level in levels if level != 0.95}


@pytest.mark.slow
@pytest.mark.parametrize("tests", [1, 8])
def test_eight_true_steps_are_refuted_by_chance_in_few_sweeps(rng: np.random.Generator, tests: int) -> None:
    refuted = 0
    for values in rng.normal(0.5, 0.01, (SIMULATIONS // 5, 9, 5)):
        steps = [compared(values[i + 1], values[i], ">=", tests=tests) for i in range(8)]
        refuted += weakest([step.verdict for step in steps]) == "refuted"
    share = refuted / (SIMULATIONS // 5)
    assert share < 0.05 if tests == 8 else share > 0.1  # uncorrected, about 0.18


@pytest.mark.slow
def test_equal_points_have_an_optimum_or_none_in_few_sweeps(rng: np.random.Generator) -> None:
    check = Check(ACCURACY, "paired", along="batch_size", grid=tuple(range(8)), optimum=True)
    sweeps = rng.normal(0.5, 0.01, (SIMULATIONS // 2, 8, 5))
    told = [optimum(check, [sample(point) for point in values]).verdict for values in sweeps]
    assert told.count("reproduced") <= 0.05 * len(told)
    assert told.count("refuted") <= 0.05 * len(told)


def test_an_optimum_is_refuted_at_the_level_that_all_tests_of_its_claim_share() -> None:
    """Both points inside are 0.01 below the first end, with an sd of 0.002: t = 11.2 at 5 seeds, p = 0.00018
    one-sided. That is below 0.05 / 2 / 2 tests, and above 0.05 / 2 / 500."""
    noise = 0.002 * np.array([-1.2649, -0.6325, 0.0, 0.6325, 1.2649])
    points = [np.full(5, 0.9), 0.89 + noise, 0.89 + noise, np.full(5, 0.7)]
    check = Check(ACCURACY, "paired", along="batch_size", grid=(1, 2, 3, 4), optimum=True)
    samples = [sample(point) for point in points]
    refuted = optimum(check, samples)
    assert (refuted.verdict, "an end is better: one-sided tests at" in refuted.note) == ("refuted", True)
    assert optimum(check, samples, tests=500).verdict == "undecided"

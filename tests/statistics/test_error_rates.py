"""What docs/statistics.md says of errors, coverage and power, in 2,000 sweeps whose truth is known."""

import numpy as np
import pytest

from nnexp.statistics.clusters import stuck
from nnexp.statistics.medians import median_interval
from nnexp.statistics.shares import share_interval
from tests.statistics.simulated import (
    DRAWS,
    NOISE,
    best_struck,
    eliminations,
    equal_rate,
    hsu_coverage,
    looks,
    optimum_rates,
    power,
)

pytestmark = pytest.mark.slow
SWEEPS = 2000


def most(error: float, sweeps: int = SWEEPS) -> float:
    """What a rate of `error` comes out as once in 700 simulations."""
    return error + 3 * float(np.sqrt(error * (1 - error) / sweeps))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize(("points", "seeds"), [(5, 10), (8, 5), (20, 3)])
def test_the_true_best_is_rarely_struck(
    rng: np.random.Generator, noise: str, points: int, seeds: int
) -> None:
    assert best_struck(noise, points, seeds, SWEEPS // 2, rng) <= most(0.05, SWEEPS // 2)


def test_the_power_is_that_of_the_audit(rng: np.random.Generator) -> None:
    gaps = (0.1, 1, 2, 3, 5, 9)
    measured = [np.mean([power(gaps, seeds, 500, rng, noise) for noise in DRAWS]) for seeds in (3, 5, 10)]
    np.testing.assert_allclose(measured, [0.43, 0.58, 0.65], atol=0.03)


@pytest.mark.parametrize("noise", NOISE)
def test_limits_to_the_best_hold_jointly(rng: np.random.Generator, noise: str) -> None:
    assert 1 - hsu_coverage((0, -0.3, -0.3, -1, -3), noise, 5, SWEEPS, rng) <= most(0.05)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("welch", [False, True], ids=["paired", "welch"])
@pytest.mark.parametrize("draw", DRAWS)
def test_what_differs_is_rarely_equal(rng: np.random.Generator, draw: str, seeds: int, welch: bool) -> None:
    assert equal_rate(1, draw, seeds, SWEEPS, rng, welch) <= most(0.05)


def test_shares_and_medians_are_covered(rng: np.random.Generator) -> None:
    for share in (0.02, 0.08, 0.3, 0.5):
        for n in (5, 12, 40):
            _, low, high, _ = share_interval(rng.binomial(n, share, SWEEPS), n)
            assert ((low > share) | (high < share)).mean() <= most(0.05)
    for n in (6, 7, 10, 25):
        intervals = map(median_interval, rng.lognormal(size=(SWEEPS, n)))
        assert np.mean([not low <= 1 <= high for _, low, high, _ in intervals]) <= most(0.05)


@pytest.mark.parametrize("noise", ["normal", "t3", "lognormal", "lognormal sds", "common seeds"])
@pytest.mark.parametrize("far", [0, -9], ids=["flat", "flat from one end on"])
def test_an_optimum_is_rarely_seen_where_none_is(rng: np.random.Generator, noise: str, far: float) -> None:
    rates = optimum_rates([0.0] * 7 + [far], noise, 5, SWEEPS, rng)
    assert rates["inside"] <= most(0.05)
    assert rates["inside, two-sided"] <= most(0.025)
    assert 1 - rates["covered"] <= most(0.05)


def test_an_optimum_is_seen_where_one_is(rng: np.random.Generator) -> None:
    rates = optimum_rates([0] + [3] * 6 + [0], "normal", 5, SWEEPS, rng)
    assert rates["inside"] >= 0.93
    assert rates["refuted"] <= 0.001


@pytest.mark.parametrize("draw", ["normal", "t3"])
@pytest.mark.parametrize("claims", [1, 3])
def test_looking_after_every_seed_costs_nothing(rng: np.random.Generator, draw: str, claims: int) -> None:
    side, _ = looks(0, draw, 60, claims, SWEEPS, rng)
    assert side.any(1).mean() <= 0.05


def test_effects_are_decided_with_few_seeds(rng: np.random.Generator) -> None:
    for gap, expected in ((1.0, 13.4), (2.0, 6.9)):
        side, when = looks(gap, "normal", 60, 1, SWEEPS, rng)
        assert (side == 1).mean() >= 0.99
        assert np.mean(when[side == 1]) == pytest.approx(expected, abs=0.4)


@pytest.mark.parametrize("noise", ["normal", "t3", "lognormal sds", "common seeds"])
def test_the_best_rarely_leaves_in_any_round(rng: np.random.Generator, noise: str) -> None:
    sweeps = list(eliminations([1e-6] + [0.0] * 7, noise, 25, 300, rng))
    assert np.mean([left for left, _, _ in sweeps]) <= most(0.05, 300)


def test_most_points_far_below_leave_soon(rng: np.random.Generator) -> None:
    sweeps = list(eliminations([0, -0.3, -1, -2, -2, -3, -3, -4], "normal", 40, 200, rng))
    assert np.mean([points for _, points, _ in sweeps]) <= 3
    assert np.mean([runs for _, _, runs in sweeps]) <= 0.55 * 8 * 40


@pytest.mark.parametrize("seeds", [3, 4, 5, 8, 12])
@pytest.mark.parametrize("draw", ["normal", "t3"])
def test_runs_that_learned_rarely_look_stuck(rng: np.random.Generator, draw: str, seeds: int) -> None:
    for sd, error in ((0.0025, 0.002), (0.01, 0.02), (0.05, 0.08)):
        samples = 0.8 + sd * DRAWS[draw](rng, (SWEEPS, seeds))
        assert stuck(samples, 0.114).any(1).mean() <= error

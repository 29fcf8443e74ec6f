"""Sweeps with seeds until decided are wrong in at most 5 % of cases: claims and best point together."""

import numpy as np
import pytest

from tests.claims.simulated_sweeps import best_struck_of_learners, error_rate, sweeps_until_decided

pytestmark = pytest.mark.slow
SWEEPS = 400


@pytest.mark.parametrize("noise", ["normal", "t3"])
def test_a_sweep_rarely_has_a_wrong_verdict_or_loses_its_best_point(noise: str) -> None:
    ended = sweeps_until_decided(noise, SWEEPS, np.random.default_rng(4))
    assert error_rate(ended) <= 0.05
    assert np.mean([each.right for each in ended]) >= 1.8  # of the 2 that can be decided
    assert np.mean([each.runs for each in ended]) < 0.9 * 160


def test_a_claim_on_points_with_stuck_runs_has_no_verdict() -> None:
    ended = sweeps_until_decided("stuck 10 %", SWEEPS // 4, np.random.default_rng(5))
    assert sum(each.suspended for each in ended) > len(ended)  # of 3 in each
    assert all(each.unsuspended == 0 for each in ended)
    assert np.mean([each.best_left for each in ended]) <= 0.05


@pytest.mark.parametrize("noise", ["stuck 10 %", "best 30 % stuck", "lognormal"])
@pytest.mark.parametrize("sd", [0.005, 0.05])
def test_the_best_of_runs_that_learn_is_rarely_struck(noise: str, sd: float) -> None:
    assert best_struck_of_learners(noise, sd, 5, 2000, np.random.default_rng(6)) <= 0.065

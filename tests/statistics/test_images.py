"""The interval that counts the sampling of test examples, beside that of seeds."""

import numpy as np
import pytest
from scipy import stats

from nnexp.statistics.images import accuracy_interval
from nnexp.statistics.intervals import mean_interval


@pytest.mark.parametrize("sd", [1e-4, 1e-3, 0.01, 0.1])
@pytest.mark.parametrize("images", [45, 10_000])
def test_another_source_of_error_never_makes_an_interval_narrower(sd: float, images: int) -> None:
    samples = np.clip(np.random.default_rng(0).normal(0.87, sd, (200, 3)), 0, 1)
    seeds, both = mean_interval(samples), accuracy_interval(samples, images)
    assert (both.low <= np.maximum(seeds.low, 0) + 1e-12).all()
    assert (both.high >= np.minimum(seeds.high, 1) - 1e-12).all()


def test_where_seeds_agree_it_is_that_of_a_share_of_the_images() -> None:
    _, low, high, _ = accuracy_interval(np.full(5, 0.96), 10_000)
    half = stats.norm.ppf(0.975) * np.sqrt(0.96 * 0.04 / 10_000)
    assert (float(low), float(high)) == pytest.approx((0.96 - half, 0.96 + half), rel=1e-6)

"""Tuned comparisons whose truth is known: points that are equal once each is tuned, noise on every run."""

from typing import NamedTuple

import numpy as np
import pytest

from nnexp.results.trials import Trials
from nnexp.statistics.intervals import Floats, mean_interval

pytestmark = pytest.mark.slow
SWEEPS = 2000
BUDGET, TUNING_SEEDS, SEEDS = 16, 5, 5
# In sd of a run: at one point any setting will do, at the other a single one is as good.
TRUTH = np.array([np.zeros(BUDGET), np.where(np.arange(BUDGET) == 0, 0.0, -3.0)])


class Judged(NamedTuple):
    """Of each sweep the two points' difference as it was judged, and its 95 % interval; and what it is."""

    difference: Floats
    low: Floats
    high: Floats
    truth: Floats

    @property
    def covered(self) -> float:
        """How often the interval holds what is true."""
        return float(np.mean((self.low <= self.truth) & (self.truth <= self.high)))

    @property
    def bias(self) -> float:
        return float(np.mean(self.difference - self.truth))

    @property
    def wrong(self) -> float:
        """How often the interval says that the first point is better."""
        return float(np.mean(self.low > 0))


def runs(rng: np.random.Generator, seeds: int) -> Floats:
    """All settings of both points (points, settings, seeds); half of the noise is common to a seed."""
    common = rng.normal(size=seeds)
    return TRUTH[..., None] + np.sqrt(0.5) * (common + rng.normal(size=(*TRUTH.shape, seeds)))


def judged(rng: np.random.Generator, fresh: bool) -> Judged:
    """Sweeps whose chosen settings are judged by fresh seeds, or by those that chose them."""
    found = []
    for _ in range(SWEEPS):
        tuning = runs(rng, TUNING_SEEDS)
        none = np.zeros(tuning.shape[:2], int)
        means = tuning.mean(2)
        trials = Trials(None, means, none, tuning.size, none.astype(str), means)  # type: ignore[arg-type]
        chosen = [trials.ranking(point)[0] for point in (0, 1)]
        broad, narrow = (runs(rng, SEEDS) if fresh else tuning)[[0, 1], chosen]
        truth = TRUTH[0, chosen[0]] - TRUTH[1, chosen[1]]
        found.append((*mean_interval(broad - narrow)[:3], truth))
    return Judged(*np.array(found).T)


def test_the_seeds_that_choose_do_not_bias_those_that_judge() -> None:
    fresh = judged(np.random.default_rng(2), fresh=True)
    assert 0.935 <= fresh.covered <= 0.965
    assert abs(fresh.bias) <= 3 / np.sqrt(SWEEPS * SEEDS)
    assert fresh.wrong <= 0.035


def test_judged_by_the_seeds_that_chose_a_point_with_more_good_settings_seems_better() -> None:
    again = judged(np.random.default_rng(2), fresh=False)
    assert again.covered == pytest.approx(0.873, abs=0.02)
    assert again.bias == pytest.approx(0.56, abs=0.03)
    assert again.wrong == pytest.approx(0.127, abs=0.02)

"""Runs that failed to learn are told apart from runs that did."""

import numpy as np
import pytest

from nnexp.statistics.clusters import chance_limit, stuck, trained

CHANCE = 0.114


@pytest.mark.parametrize(
    ("point", "failed"),
    [
        ([0.97, 0.1, 0.98, 0.97, 0.1], [1, 4]),  # at chance
        ([0.1, 0.114, 0.098], [0, 1, 2]),  # none learned
        ([0.97, 0.114], [1]),
        ([0.97, 0.88, 0.972, 0.969, 0.97], [1]),  # a class lost
        ([0.97, 0.88, 0.972, 0.969, 0.80, 0.97], [1, 4]),  # one class, two classes
        ([0.1, 0.97, 0.8, 0.969, 0.971, 0.97], [0, 2]),  # at chance, and a class lost
        ([0.97, 0.80, 0.801, 0.799, 0.8], [1, 2, 3, 4]),  # one alone learned
        ([0.97, 0.96, 0.975, 0.93, 0.97], []),
        ([0.97, 0.971, 0.97, 0.969, 0.93], []),  # less than 5 points
        ([0.85, 0.91, 0.80, 0.76, 0.88], []),  # a wide scatter
        ([0.97, np.nan, 0.2, np.nan], []),  # two values show no groups
        ([np.nan, np.nan], []),
    ],
)
def test_stuck_runs(point: list[float], failed: list[int]) -> None:
    samples = np.array([point])
    mask = stuck(samples, CHANCE)
    assert np.flatnonzero(mask[0]).tolist() == failed
    expected = [value for k, value in enumerate(point) if k not in failed and not np.isnan(value)]
    left = trained(samples, mask)
    assert left[~np.isnan(left)].tolist() == expected


@pytest.mark.parametrize("n", [3, 4, 5, 8, 12])
@pytest.mark.parametrize("sd", [0.0023, 0.01, 0.05])
def test_few_normal_points_look_as_if_a_run_were_stuck(n: int, sd: float) -> None:
    samples = np.random.default_rng(n).normal(0.8, sd, (2000, n))
    assert stuck(samples, CHANCE).any(1).mean() <= (0.06 if sd == 0.05 else 0.001)


@pytest.mark.parametrize(
    ("classes", "majority", "images", "limit"),
    [
        (10, 0.109, 10_000, 0.1 + 3.1 * 0.003),  # MNIST: a lucky guess
        (10, 0.13, 300, 0.1 + 3.1 * 0.0173205),  # digits
        (3, 0.83, 200, 0.83),  # one class for all
        (2, 56 / 60, 60, 56 / 60),
        (2, 0.97, 1000, 0.97),
        (2, 0.75, 4, 0.875),  # NAND: a guess may be right everywhere, but without a mistake it has learnt
    ],
)
def test_chance_is_the_most_frequent_class_or_a_lucky_guess(
    classes: int, majority: float, images: int, limit: float
) -> None:
    assert chance_limit(classes, majority, images) == pytest.approx(limit, abs=1e-5)


def test_guesses_are_at_chance_but_once_in_many() -> None:
    rng = np.random.default_rng(3)
    labels = rng.permutation(np.repeat(np.arange(5), 40))
    guesses = rng.integers(0, 5, (20_000, 200))
    assert ((guesses == labels).mean(axis=1) > chance_limit(5, 0.2, 200)).mean() <= 0.002

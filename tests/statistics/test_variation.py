"""Shares of variance: against hand-made effects, statsmodels' arithmetic, and populations that are known."""

import numpy as np
import pytest

from nnexp.statistics.sources import shares_of_sources
from nnexp.statistics.variation import shares_of_variance


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def test_each_effect_gets_its_own_share(rng: np.random.Generator) -> None:
    a = np.array([-1.0, 1])[:, None, None]
    b = np.array([-2.0, 0, 2])[None, :, None]
    seeds = np.array([-1.0, 0, 1])
    shares = shares_of_variance(10 + a + b + 0 * a * b + seeds, ("a", "b"), rng)
    assert list(shares) == ["a", "b", "a x b", "seeds"]  # what all points share adds nothing to effects
    variances = np.array([1, 8 / 3, 0, 1])
    np.testing.assert_allclose([s.share for s in shares.values()], variances / variances.sum(), atol=1e-12)


def test_of_three_axes_what_only_all_three_make_is_the_rest(rng: np.random.Generator) -> None:
    signs = np.array([-1.0, 1])
    product = signs[:, None, None] * signs[:, None] * signs
    values = product[..., None] + 0.001 * rng.normal(size=(2, 2, 2, 4))
    shares = shares_of_variance(values, ("a", "b", "c"), rng)
    assert list(shares) == ["a", "b", "c", "a x b", "a x c", "b x c", "rest", "seeds"]
    assert shares["rest"].share == pytest.approx(1, abs=1e-4)


def test_what_seeds_add_to_an_effect_is_taken_off(rng: np.random.Generator) -> None:
    noise = [shares_of_variance(rng.normal(size=(4, 5, 5)), ("a", "b"), rng) for _ in range(100)]
    assert np.mean([shares["seeds"].share for shares in noise]) > 0.93
    assert np.mean([shares["a"].low for shares in noise]) < 0.001


@pytest.mark.parametrize("n", [3, 5])
def test_intervals_cover_the_shares_of_the_population(rng: np.random.Generator, n: int) -> None:
    effects = np.array([[0, 1, 2.0], [0, 0, 1], [1, 0, 0]])
    effects -= effects.mean()
    a, b = effects.mean(1), effects.mean(0)
    both = effects - a[:, None] - b
    variances = np.array([(a**2).mean(), (b**2).mean(), (both**2).mean(), 0.25])
    truth = variances / variances.sum()
    held = []
    for _ in range(300):
        values = effects[..., None] + rng.normal(0, 0.5, (3, 3, n))
        shares = np.array(list(shares_of_variance(values, ("a", "b"), rng).values()))
        held.append((shares[:, 1] <= truth) & (truth <= shares[:, 2]))
    assert np.mean(held, axis=0).min() >= 0.9


@pytest.mark.parametrize(
    "samples",
    [np.zeros((3, 3)), np.zeros((3, 3, 1)), np.full((3, 3, 2), np.nan)],
    ids=["axis", "seed", "nan"],
)
def test_too_little_for_shares_is_refused(rng: np.random.Generator, samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="2 axes, 2 seeds"):
        shares_of_variance(samples, ("a", "b"), rng)


def test_no_variance_has_no_shares(rng: np.random.Generator) -> None:
    assert np.isnan([*shares_of_variance(np.ones((2, 2, 3)), ("a", "b"), rng).values()]).all()


def test_sources_follow_from_mean_squares(rng: np.random.Generator) -> None:
    values = np.array([[1.0, 2], [3, 8], [2, 5]])
    shares = shares_of_sources(values, ("weights", "order"), rng)
    rows, columns = values.mean(1), values.mean(0)
    ms_a, ms_b = 2 * rows.var(ddof=1), 3 * columns.var(ddof=1)
    ms_ab = ((values - rows[:, None] - columns + values.mean()) ** 2).sum() / 2
    variances = np.array([(ms_a - ms_ab) / 2, (ms_b - ms_ab) / 3, ms_ab])
    assert list(shares) == ["weights", "order", "together"]
    np.testing.assert_allclose([s.share for s in shares.values()], variances / variances.sum())


@pytest.mark.parametrize("sd", [(1.0, 1, 1), (3, 1, 1), (0.3, 0.3, 1)])
def test_intervals_of_sources_cover(rng: np.random.Generator, sd: tuple[float, float, float]) -> None:
    truth, held = np.square(sd) / np.square(sd).sum(), []
    for _ in range(100):
        values = sd[0] * rng.normal(size=(2, 5, 1)) + sd[1] * rng.normal(size=(2, 1, 5))
        values = values + sd[2] * rng.normal(size=(2, 5, 5))
        shares = np.array(list(shares_of_sources(values, ("a", "b"), rng).values()))
        held.append((shares[:, 1] <= truth) & (truth <= shares[:, 2]))
    assert np.mean(held, axis=0).min() >= 0.9

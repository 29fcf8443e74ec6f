"""The importance of settings: large for what matters, about 0 for what does not, and the same each time."""

import numpy as np
import pytest

from nnexp.statistics import importance as module
from nnexp.statistics.importance import Importance, importance

FEW = {"SAMPLES": 20, "TREES": 60, "TREES_OF_SAMPLE": 8}  # for a test that is quick


def of(monkeypatch: pytest.MonkeyPatch, table: np.ndarray, outcome: np.ndarray) -> Importance:
    for name, value in FEW.items():
        monkeypatch.setattr(module, name, value)
    return importance(table, outcome)


def sample(n: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Of three settings the first makes 80 % of the variance, the second 20 %, the third none."""
    table = np.random.default_rng(3).random((n, 3))
    return table, 2 * table[:, 0] + table[:, 1]


def test_what_matters_is_told_from_what_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    result = of(monkeypatch, *sample())
    assert list(np.argsort(-result.share)) == [0, 1, 2]
    assert 0.5 < result.share[0] < 0.9
    assert result.low[0] > result.high[2]
    assert result.low[2] < 0.02
    assert abs(result.share[2]) < 0.02
    assert ((result.low <= result.share) & (result.share <= result.high)).all()
    assert 0.8 < result.explained < 1


def test_the_same_settings_give_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (of(monkeypatch, *sample(20)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_how_bad_a_bad_setting_is_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    table, outcome = sample(32)
    lowest = outcome.argmin()
    bad = outcome.copy()
    bad[lowest] = -1e6
    np.testing.assert_array_equal(of(monkeypatch, table, outcome).share, of(monkeypatch, table, bad).share)


def test_a_setting_matters_by_its_value_and_not_by_being_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is drawn where the first is high, which is what makes the outcome."""
    table, _ = sample()
    table[table[:, 0] < 0.5, 1] = np.nan
    result = of(monkeypatch, table, (table[:, 0] > 0.5) + 0.001 * table[:, 2])
    assert result.share[0] > 0.3
    assert abs(result.share[1]) < 0.05

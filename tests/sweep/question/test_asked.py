"""Optuna asks for what follows from the settings before, and for nothing that was tried."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters
from nnexp.sweep.question import asked
from nnexp.sweep.question.asked import LIBRARIES, Told
from nnexp.sweep.question.plan import Run
from nnexp.sweep.question.trials import next_settings
from nnexp.sweep.question.tuning import Tuning, read_tuning

BASE = Run("", Hyperparameters(), DataSpec(), 0).settings
RATES = {"learning_rate": {"low": 0.01, "high": 10.0, "scale": "log"}}
SPACE = {
    **RATES,
    "hidden_size": [[30, 10], 20, [40]],
    "optimizer": ["sgd", "nesterov", "adam"],
    "momentum": {"low": 0, "high": 0.9, "when": {"optimizer": ["nesterov"]}},
    "lambda_l2": {
        "by": "optimizer",
        "sgd": {"low": 0.1, "high": 0.2},
        "nesterov": {"low": 1, "high": 2},
        "adam": {"low": 10, "high": 20},
    },
    "batch_size": {"low": 5, "high": 50, "scale": "log"},
}


def tuning(sampler: str, space: Mapping[str, Any] = SPACE, budget: int = 30, together: int = 5) -> Tuning:
    given = {**space, "budget": budget, "sampler": sampler, "together": together}
    return read_tuning("search", given, [])


def score(setting: Mapping[str, Any]) -> float:
    return 1 / (1 + abs(setting["learning_rate"] - 1)) - (setting.get("optimizer") == "adam")


def tried(how: Tuning) -> list[Told]:
    told: list[Told] = []
    while settings := next_settings(how, BASE, told):
        told += [(setting, score(setting)) for setting in settings]
    return told


def needs(sampler: str) -> None:
    for library in LIBRARIES[sampler]:
        pytest.importorskip(library)


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", pytest.param("gp", marks=pytest.mark.slow)])
def test_the_same_records_lead_to_the_same_settings_all_different(sampler: str) -> None:
    needs(sampler)
    how = tuning(sampler, RATES if sampler == "gp" else SPACE, budget=12)
    told = tried(how)
    assert len({str(setting) for setting, _ in told}) == len(told) == how.budget
    assert next_settings(how, BASE, told[:10]) == [setting for setting, _ in told[10:]]


def test_other_records_lead_to_other_settings() -> None:
    needs("tpe")
    told = tried(tuning("tpe"))
    other = [(setting, -accuracy) for setting, accuracy in told[:25]]
    assert next_settings(tuning("tpe"), BASE, other) != [setting for setting, _ in told[25:]]


def test_a_setting_has_only_what_is_drawn_beside_its_others() -> None:
    needs("tpe")
    ranges = {"sgd": (0.1, 0.2), "nesterov": (1, 2), "adam": (10, 20)}
    told = tried(tuning("tpe"))
    assert {setting["optimizer"] for setting, _ in told} == set(ranges)
    for setting, _ in told:
        low, high = ranges[setting["optimizer"]]
        assert low <= setting["lambda_l2"] <= high
        assert (setting["momentum"] > 0) is (setting["optimizer"] == "nesterov")
        assert isinstance(setting["batch_size"], int)
        assert setting["hidden_size"] in SPACE["hidden_size"]


def test_what_does_well_is_asked_for_more() -> None:
    needs("tpe")
    scores = [accuracy for _, accuracy in tried(tuning("tpe", RATES, budget=40))]
    assert sum(scores[-20:]) > 1.1 * sum(scores[:20])


def test_where_there_are_no_more_settings_fewer_come_and_then_none() -> None:
    needs("tpe")
    told = tried(tuning("tpe", {"learning_rate": [1, 2, 3], "batch_size": [5, 6]}, budget=20, together=4))
    assert len(told) == 6


def test_optuna_says_nothing_and_is_left_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity()
    optuna.logging.enable_propagation()
    with caplog.at_level(logging.DEBUG):
        tried(tuning("tpe", RATES, budget=10))
    optuna.logging.disable_propagation()
    assert not caplog.records
    assert optuna.logging.get_verbosity() == before


@pytest.mark.parametrize(
    ("sampler", "missing", "install"),
    [("tpe", "optuna", "pip install 'nnexp[search]'"), ("gp", "torch", "pip install torch")],
)
def test_what_is_not_installed_is_one_line(
    sampler: str, missing: str, install: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "find_spec", lambda name: name != missing)
    with pytest.raises(UserError, match=f"needs {missing}, which is not installed: ") as raised:
        next_settings(tuning(sampler), BASE, [])
    assert install in str(raised.value)

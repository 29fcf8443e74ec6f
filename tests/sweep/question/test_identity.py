"""A run's id changes with everything that can change its result, and with nothing else."""

import io
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnexp.data import DataSpec, load
from nnexp.nn import Hyperparameters
from nnexp.sweep.question import identity
from nnexp.sweep.question.formulas import sha256_of
from nnexp.sweep.question.identity import NEUTRAL_VALUES, point_identity, run_id, sweep_id
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.syntax import Module
from tests.sweep.samples import plan

# The settings that stood in the first identity of a run: they always stand in it, with the values used.
FIRST = (
    *("hidden_size", "hidden_layers", "activation", "output", "cost", "initializer", "bias_initializer"),
    *("learning_rate", "batch_size", "lambda_l2", "lambda_l1", "optimizer", "momentum", "dropout"),
    *("schedule", "schedule_epochs", "schedule_factor", "patience", "epochs", "dtype", "evaluate_every"),
    *("keep", "monitor", "seed"),
    *("name", "train_size", "validation_size", "classes", "scale", "expand", "augment"),  # of the data set
)
PLACES = ("root", "path")  # where files lie


@dataclass(frozen=True, kw_only=True)
class Later(Hyperparameters):
    """With a hyperparameter that came later."""

    rounding: str = "even"

    def __post_init__(self) -> None:
        """Nothing is checked."""


def test_everything_that_decides_a_result_counts() -> None:
    data = load(DataSpec(name="synthetic"))
    home = (Hyperparameters(), DataSpec(), data, "code")
    others = [
        (Hyperparameters(learning_rate=0.51), DataSpec(), data, "code"),
        (Hyperparameters(monitor=("test",)), DataSpec(), data, "code"),
        (Hyperparameters(engine="jax"), DataSpec(), data, "code"),
        (Hyperparameters(), DataSpec(train_size=10), data, "code"),
        (Hyperparameters(), DataSpec(expand="shifts"), data, "code"),
        (Hyperparameters(), DataSpec(), replace(data, digest="other"), "code"),
        (Hyperparameters(), DataSpec(), replace(data, scale=17.0), "code"),
        (Hyperparameters(), DataSpec(), replace(data, data=data.data._replace(n_classes=11)), "code"),
        (Hyperparameters(), DataSpec(), data, "other code"),
    ]
    ids = {run_id(point_identity(*what), seed) for what in [home, *others] for seed in (0, 1)}
    assert len(ids) == 2 * (1 + len(others))


def test_one_value_has_one_id_however_it_is_written() -> None:
    assert plan({"learning_rate": [1]}).sweep_id == plan({"learning_rate": [1.0]}).sweep_id
    assert plan({}, seeds=[0]).runs[0].run_id == plan({"hidden_size": [5]}, seeds=[0]).runs[0].run_id


def test_every_setting_is_of_the_first_identity_or_has_a_value_that_reproduces_it() -> None:
    names = {field.name for kind in (Hyperparameters, DataSpec) for field in fields(kind)} - set(PLACES)
    assert set(FIRST) <= names
    assert set(NEUTRAL_VALUES) == names - set(FIRST)


def point(hyperparameters: Hyperparameters) -> dict[str, Any]:
    return point_identity(hyperparameters, DataSpec(), load(DataSpec(name="synthetic")), "code")


def test_a_later_hyperparameter_leaves_earlier_runs_their_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(identity.NEUTRAL_VALUES, "rounding", "even")
    assert point(Later()) == point(Hyperparameters())
    assert point(Later(rounding="up")) != point(Hyperparameters())
    assert point(Later(rounding="up"))["hyperparameters"]["rounding"] == "up"


def test_a_later_value_of_another_type_is_another_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(identity.NEUTRAL_VALUES, "rounding", 0)
    ids = {run_id(point(Later(rounding=value)), 0) for value in (0, 0.0, False, "0", None)}  # type: ignore[arg-type]
    assert len(ids) == 5


def ids() -> list[str]:
    home = point(Hyperparameters())
    return [run_id(home, seed) for seed in range(20_000)]


def test_an_id_is_no_number_to_any_reader() -> None:
    known = ids()
    assert all(re.fullmatch("[a-p][0-9a-f]{11}", name) for name in known)
    assert len(set(known)) == len(known)
    read = pd.read_csv(io.StringIO("\n".join(["run_id", *known])))["run_id"]
    assert read.tolist() == known
    with pytest.raises(ValueError, match="could not convert"):
        np.array(known, dtype=np.float64)
    assert re.fullmatch("[a-p][0-9a-f]{7}", sweep_id([], [point(Hyperparameters())], [0]))


def test_a_sweep_is_its_question_and_not_the_number_of_its_seeds() -> None:
    home = plan({"learning_rate": [0.1, 0.5]}, seeds=range(3))
    assert plan({"learning_rate": [0.1, 0.5]}, seeds=range(10)).sweep_id == home.sweep_id
    others = [
        plan({"learning_rate": [0.1, 0.5, 1.0]}, seeds=range(3)),
        plan({"learning_rate": [0.5, 0.1]}, seeds=range(3)),
        plan({"learning_rate": [0.1, 0.5]}, seeds=range(3), hidden_size=7),
        plan({"learning_rate": [0.1, 0.5]}, seeds=range(3), data=DataSpec(name="digits")),
        plan({"learning_rate": [0.1, 0.5], "epochs": [2]}, seeds=range(3)),
        plan({"learning_rate": [0.1, 0.5]}, seeds=[3, 4]),
        plan({"learning_rate": [0.1, 0.5]}, seeds=[3, 4, 5]),
    ]
    assert len({made.sweep_id for made in [home, *others]}) == 1 + len(others)


def test_names_words_and_claims_are_not_the_question() -> None:
    def planned(name: str, words: str, claims: Any) -> Plan:
        question = Question(name, words, {"learning_rate": [0.1, 0.5]}, [0, 1], claims=claims)
        return make_plan(question, Hyperparameters(), DataSpec(name="synthetic"), load)

    assert planned("a", "Why?", [{"id": "b"}]).sweep_id == planned("c", "How?", []).sweep_id


SOURCE = '''
import numpy as np

RATE: float = 0.5


def f(z, *, rate=RATE):
    """A docstring."""
    check_z(z)
    if rate < 0:
        raise ValueError("a message")
    return [np.exp(-x) if x else RATE for x in z]
'''


def test_how_an_id_is_computed_does_not_change(tmp_path: Path) -> None:
    """Else every record would be lost, though no formula has changed."""
    (tmp_path / "module.py").write_text(SOURCE)
    module = Module(tmp_path / "module.py")
    digest = sha256_of(module.definition(name).text for name in ("f", "RATE"))
    identity = {"hyperparameters": {"rate": 0.5, "keep": "best"}, "data": {"n": None}, "numerics": digest}
    assert digest == "385aaf649b44d14ac1762b7211699f53d28013552cc039546961d1301e2e4930"
    assert run_id(identity, 3) == "a59e9c27afa9"
    assert sweep_id(["rate"], [identity], [0, 1]) == "mc809efa"

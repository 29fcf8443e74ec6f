"""Intervals on the command line make a search of it."""

from typing import Any

import pytest

from nnexp.config import load_config
from nnexp.errors import UserError
from nnexp.sweep.question.tuning import Tuning


def search(*words: str) -> Tuning:
    question = load_config(words, multirun=True).question
    assert question.name == "search"
    assert question.tuning
    assert not question.axes
    return question.tuning


def test_an_interval_is_a_range_and_what_is_listed_beside_it_a_list() -> None:
    tuning = search(
        "learning_rate=tag(log, interval(0.01,10))", "momentum=interval(0,0.9)", "activation=sigmoid,tanh"
    )
    assert tuning.given == {
        "learning_rate": {"low": 0.01, "high": 10.0, "scale": "log"},
        "momentum": {"low": 0.0, "high": 0.9},
        "activation": ["sigmoid", "tanh"],
    }
    assert (tuning.budget, tuning.finalists, tuning.sampler) == (32, 3, "halton")


@pytest.mark.parametrize("interval", ["interval(10,100)", "int(interval(10,100))"])
def test_whole_numbers_stay_whole(interval: str) -> None:
    low, high = (search(f"hidden_size={interval}").given["hidden_size"][end] for end in ("low", "high"))
    assert (low, high) == (10, 100)
    assert isinstance(low, int)


def test_its_keys_and_seeds_stand_beside_it() -> None:
    words = [
        "learning_rate=interval(0.1,1)",
        "sweep.search.budget=5",
        "sweep.search.sampler=sobol",
        "seed=range(4)",
    ]
    tuning = search(*words)
    assert (tuning.budget, tuning.sampler) == (5, "sobol")
    assert list(load_config(words, multirun=True).question.seeds) == [0, 1, 2, 3]


def test_data_knobs_may_be_searched() -> None:
    given: dict[str, Any] = dict(search("data.augment=rotate,none", "learning_rate=interval(0.1,1)").given)
    assert given["augment"] == ["rotate", "none"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["learning_rate=tag(logg, interval(0.1,1))"], "the tag of an interval may be log, got logg"),
        (["learning_rate=interval(1,0.1)"], "must have low < high"),
        (["learning_rate=tag(log, interval(0,1))"], "must be > 0 on a log scale"),
        (["hidden_size=interval(10.5,100)"], "sweep.search.hidden_size.low must be a whole number"),
        (["activation=interval(0,1)"], "must be a list to choose from"),
        (["learning_rate=interval(0.1,1)", "sweep.axes.batch_size=1,2"], "list the values"),
        (["+sweep=batch_size", "learning_rate=interval(0.1,1)"], "sweep.search takes no axes beside it"),
    ],
)
def test_what_makes_no_search_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_config(words, multirun=True)


def test_without_m_it_is_asked_for() -> None:
    with pytest.raises(UserError, match="add -m"):
        load_config(["learning_rate=interval(0.1,1)"])

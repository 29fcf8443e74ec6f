"""Stages of a study: what each asks where the study stands, and what cannot be asked."""

from typing import Any

import pytest

from nnexp.errors import UserError
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.stages import FIRST_SEED, question_at, stages_of

STUDY = Question("study", "How far?", {}, range(5))
RATE = {"name": "rate", "axes": {"learning_rate": [0.1, 1]}}


def asked(raw: dict[str, Any], **settings: Any) -> Question:
    (stage,) = stages_of([raw])
    return question_at(STUDY, stage, settings)


def test_a_stage_is_a_sweep_of_its_study_with_seeds_that_judge_nothing() -> None:
    question = asked(RATE | {"seeds": 2})
    assert question.name == "study/rate"
    assert question.axes == {"learning_rate": [0.1, 1]}
    assert list(question.seeds) == [FIRST_SEED, FIRST_SEED + 1]


def test_an_axis_may_be_what_the_study_has_times_some_numbers() -> None:
    raw = {
        "name": "finer",
        "axes": {"learning_rate": {"times": [0.1, 1, 3]}, "batch_size": {"times": [0.01, 0.5, 2]}},
    }
    question = asked(raw, learning_rate=0.3, batch_size=10)
    assert question.axes == {"learning_rate": [0.03, 0.3, 0.9], "batch_size": [1, 5, 20]}


def test_a_stage_may_search() -> None:
    search = {"learning_rate": {"low": 0.1, "high": 1}, "budget": 4}
    question = asked({"name": "hunt", "search": search})
    assert question.tuning
    assert question.tuning.budget == 4


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("rate", "sweep.stages must be a list of stages"),
        ([], "sweep.stages must be a list of stages"),
        (["rate"], "sweep.stages[1] must have keys of its own"),
        ([{"axes": {}}], "sweep.stages[1].name must be a word"),
        ([{"name": "trials"}], "other than trials"),
        ([{"name": "a/b"}], "must be a word of its own"),
        ([RATE, RATE], "names of their own, got rate twice"),
        ([RATE | {"sedes": 2}], "did you mean 'seeds'"),
        ([RATE | {"set": {"epochz": 2}}], "did you mean 'epochs'"),
        ([RATE | {"set": 3}], "sweep.stages[1].set must give values of settings"),
        ([RATE | {"take": "learning_rate"}], "must list settings, or give figures"),
        ([RATE | {"take": ["learning"]}], "unknown setting in sweep.stages[1].take"),
        ([RATE | {"by": {"least": "seconds"}}], "must be {highest: METRIC} or {lowest: METRIC}"),
    ],
)
def test_stages_that_cannot_be_used_are_told(raw: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        stages_of(raw)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"name": "rate"}, "the stage rate must vary something (axes, search) or take a figure, got neither"),
        (RATE | {"seeds": 0}, "seeds of the stage rate must be a whole number >= 1, got 0"),
        (
            {"name": "rate", "axes": {"activation": {"times": [1]}}},
            "takes a number to multiply, got 'sigmoid'",
        ),
        ({"name": "rate", "axes": {"learning_rate": {"times": [-1]}}}, "must be a list of numbers > 0"),
        ({"name": "rate", "search": {"budget": 3}}, "the stage rate: sweep.search must name at least one"),
    ],
)
def test_a_stage_that_cannot_be_asked_is_told(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        asked(raw, learning_rate=0.5, activation="sigmoid")
    assert message in str(error.value)

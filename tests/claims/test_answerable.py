"""Of a sweep that the command line changed, the claims that its runs can still answer are kept."""

import re
from dataclasses import replace

import pytest

from nnexp.claims.answerable import with_answerable_claims
from nnexp.config import load_config
from nnexp.errors import UserError
from tests.results.sweeps import make_plan


def claim(name: str, **check: object) -> dict[str, object]:
    return {"id": name, "text": "So.", "check": check}


def test_claims_keep_their_order_and_go_with_those_they_rest_on() -> None:
    here = {"final": "validation_accuracy", "at": {"batch_size": 10}}
    gone = {"final": "validation_accuracy", "at": {"batch_size": 50}}
    claims = (
        {"id": "S", "text": "So.", "same_as": ["A"]},
        claim("A", left=here, low=0.5),
        claim("B", left=gone, low=0.5),
        {"id": "T", "text": "So.", "same_as": ["B"]},
        claim("C", left=here, rel=">", right=gone),
    )
    plan, reasons = with_answerable_claims(replace(make_plan({"batch_size": [10, 20]}), claims=claims))
    assert [kept["id"] for kept in plan.claims] == ["S", "A"]
    assert [line.split(":")[0] for line in reasons] == ["claim B", "claim C", "claim T"]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"low": 0.5, "mragin": 0.1}, "claim A: unknown key of a check 'mragin'; did you mean 'margin'?"),
        ({"rel": ">", "right": 0.5, "margin": 1}, "claim A: margin must lie between -1 and 1"),
    ],
)
def test_a_claim_that_makes_no_sense_is_a_mistake_in_a_changed_sweep_too(
    check: dict[str, object], message: str
) -> None:
    left = {"final": "validation_accuracy", "at": {"batch_size": 10}}
    plan = replace(make_plan({"batch_size": [10, 20]}), claims=(claim("A", left=left, **check),))
    with pytest.raises(UserError, match=re.escape(message)):
        with_answerable_claims(plan)


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("", False),
        ("data=mnist sweep.seeds=3 n_jobs=1 tracking=none learning_rate=0.1", False),
        ("epochs=3", True),
        ("sweep.axes.batch_size=[10,20]", True),
        ("sweep.axes.momentum=[0,0.9]", True),
        ("monitor.test=true", True),
    ],
)
def test_what_claims_rest_on_is_told_from_what_they_do_not(words: str, changed: bool) -> None:
    assert load_config(["+sweep=batch_size", *words.split()]).changed is changed


def test_values_listed_for_multirun_change_a_sweep() -> None:
    assert load_config(["+sweep=batch_size", "learning_rate=0.1,0.5"], multirun=True).changed

"""A worker far from its parent that has other code says which, and what to do."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from nnexp.sweep.pool import distant
from nnexp.sweep.pool.distant import Order, carry_out
from nnexp.sweep.pool.premises import Premises, premises
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.question.identity import PACKAGE
from tests.sweep.samples import plan

pytest.importorskip("distributed")

PLAN = plan({})
SAME = premises(PLAN)
COSTS = {"nn/costs.py": "0" * 64}


def refusal(expected: Premises, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(data={}))
    monkeypatch.setattr(distant, "_one_thread_for_good", lambda: None)
    return carry_out(Order("nnexp-1", Stack(PLAN.runs[:1], (0,)), "another", expected)).refusal


def test_the_same_code_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(SAME, monkeypatch) == ""


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (COSTS, "nn/costs.py"),
        (COSTS | {"nn/extra.py": "1" * 64}, "nn/costs.py and 1 other file"),
    ],
)
def test_files_that_differ_are_named_with_the_folder_they_are_in(
    others: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(replace(SAME, code={**SAME.code, **others}), monkeypatch) == (
        f"its nnexp in {PACKAGE} differs from the parent's in {named}: "
        "install the same files there and start it again"
    )


def test_a_worker_that_began_before_its_files_were_exchanged_is_to_start_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distant, "_loaded", lambda: {**SAME.code, **COSTS})
    why = f"it began before the files in {PACKAGE} were exchanged: start it again"
    assert refusal(SAME, monkeypatch) == why


def test_code_that_cannot_be_read_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def torn() -> object:
        raise SyntaxError("invalid syntax (costs.py, line 3)")

    monkeypatch.setattr(distant, "formulas", torn)
    assert "cannot be read (invalid syntax (costs.py, line 3))" in refusal(SAME, monkeypatch)

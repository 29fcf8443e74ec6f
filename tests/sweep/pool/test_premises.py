"""A worker trains only with its parent's code, and reads none of it where it sees the parent's files."""

from dataclasses import replace

import pytest

from nnexp.sweep.pool import premises as module
from nnexp.sweep.pool.premises import PremiseError, check_premises, premises
from tests.sweep.samples import plan


def test_a_worker_that_sees_the_parents_files_reads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = premises(plan({}))
    monkeypatch.setattr(module, "formulas", lambda: pytest.fail("it has read them"))
    check_premises(expected)


def test_files_of_another_time_or_place_may_hold_the_same_code() -> None:
    check_premises(replace(premises(plan({})), files=(("elsewhere/nn/costs.py", 1, 2),)))


def test_other_code_in_other_files_is_refused() -> None:
    expected = premises(plan({}))
    other = replace(expected, files=(), code={**expected.code, "nn/costs.py": "0" * 64})
    with pytest.raises(PremiseError, match="the code changed"):
        check_premises(other)

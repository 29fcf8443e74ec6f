"""A stack that comes back before all of its runs have ended goes on, together where that can be."""

from pathlib import Path

from nnexp.sweep.pool.stacks import Mark, Stack
from tests.sweep.samples import plan


def test_a_stack_that_comes_back_goes_on_together_from_where_it_is() -> None:
    made = plan({}, seeds=range(4))
    stack, ids = Stack(made.runs, (0, 1, 2, 3)), [run.run_id for run in made.runs]
    marks = {run_id: Mark(1, Path("new")) for run_id in ids[1:]}
    assert stack.rest(ids[:1], marks) == [Stack(made.runs[1:], (1, 2, 3), (Mark(1, Path("new")),) * 3)]
    assert stack.rest(ids, {}) == []
    assert stack.rest([], {}) == stack.apart()
    assert stack.rest([], {ids[2]: marks[ids[2]]}) == [
        Stack((*made.runs[:2], made.runs[3]), (0, 1, 3)),
        Stack(made.runs[2:3], (2,), (Mark(1, Path("new")),)),
    ]

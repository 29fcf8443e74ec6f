"""The crew knows who may have another stack: those who are there, are of the right kind, and have room."""

from types import SimpleNamespace
from typing import Any

import pytest

from nnexp.sweep.pool.crew import Crew
from nnexp.sweep.pool.premises import PremiseError
from nnexp.sweep.pool.stacks import Stack
from tests.sweep.samples import plan

RUNS = plan({}, seeds=range(3)).runs
ALONE = [Stack((run,), (row,)) for row, run in enumerate(RUNS)]
PAIR = Stack(RUNS[:2], (0, 1))


def crew(said: list[str] | None = None, **threads: int) -> Crew:
    client: Any = SimpleNamespace(status="running", nthreads=lambda: dict(threads))
    made = Crew(client, [].append if said is None else said.append)
    made.look()
    return made


def test_a_worker_has_as_many_stacks_as_threads() -> None:
    made = crew(a=2)
    assert made.may_have("a", PAIR, [])
    assert made.may_have("a", PAIR, [ALONE[2]])
    assert not made.may_have("a", PAIR, ALONE[:2])
    assert not made.may_have("elsewhere", PAIR, [])


def test_a_run_that_lost_its_worker_has_the_next_for_itself_and_fails_with_that() -> None:
    made = crew(a=2, b=2)
    assert made.lose("a", ALONE[:1]) == []
    assert not made.may_have("a", ALONE[1], [])
    assert made.may_have("b", ALONE[0], [])
    assert not made.may_have("b", ALONE[0], [ALONE[1]])
    assert not made.may_have("b", ALONE[1], [ALONE[0]])
    assert made.may_have("b", ALONE[2], [ALONE[1]])
    assert made.lose("b", ALONE[:1]) == ALONE[:1]


def test_who_is_of_another_kind_is_told_of_once_and_the_sweep_ends_where_all_are() -> None:
    said: list[str] = []
    made = crew(said, a=1, b=1)
    made.refuse("a", "its kernel is another one")
    made.refuse("a", "its kernel is another one")
    assert said == ["Worker a is left out: its kernel is another one"]
    assert not made.may_have("a", PAIR, [])
    made.check_refusals()
    made.refuse("b", "it has no nnexp")
    with pytest.raises(PremiseError, match="no worker of the cluster can train: a: its kernel"):
        made.check_refusals()


def test_a_cluster_without_workers_is_waited_for_and_told_of_once() -> None:
    said: list[str] = []
    made = crew(said)
    made.look()
    made.check_refusals()
    assert said == ["The cluster has no worker now: the sweep waits for one."]

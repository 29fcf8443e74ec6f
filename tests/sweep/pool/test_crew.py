"""The crew knows who may have another stack: those who are there, are of the right kind, and have room."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from nnexp.sweep.pool.crew import Crew
from nnexp.sweep.pool.premises import PremiseError
from nnexp.sweep.pool.stacks import Mark, Stack
from tests.faults.driving import wait_for
from tests.sweep.samples import plan

RUNS = plan({}, seeds=range(3)).runs
ALONE = [Stack((run,), (row,)) for row, run in enumerate(RUNS)]
PAIR = Stack(RUNS[:2], (0, 1))


def crew(said: list[str] | None = None, paused: str = "", **threads: int) -> Crew:
    """Of a scheduler that has these workers; `threads` may change later."""
    made = Crew(client(threads, paused), [].append if said is None else said.append)
    made.look()
    return made


def client(threads: Mapping[str, int], paused: str = "") -> Any:
    def scheduler_info() -> dict[str, Any]:
        return {
            "workers": {
                worker: {"nthreads": n, "status": "paused" if worker == paused else "running"}
                for worker, n in threads.items()
            }
        }

    return SimpleNamespace(status="running", extensions={}, scheduler_info=scheduler_info)


def test_a_worker_has_as_many_stacks_as_threads() -> None:
    made = crew(a=2)
    assert made.may_have("a", PAIR, [])
    assert made.may_have("a", PAIR, [ALONE[2]])
    assert not made.may_have("a", PAIR, ALONE[:2])
    assert not made.may_have("elsewhere", PAIR, [])


def test_a_run_that_lost_its_worker_has_the_next_for_itself_and_fails_with_the_second_such() -> None:
    made = crew(a=2, b=2)
    assert made.lose("a", ALONE[:2]) == []  # they were there together
    assert not made.may_have("a", ALONE[2], [])
    assert made.may_have("b", ALONE[0], [])
    assert not made.may_have("b", ALONE[0], [ALONE[2]])
    assert not made.may_have("b", ALONE[2], [ALONE[0]])
    assert made.lose("b", ALONE[:1]) == []
    assert made.lose("b", ALONE[:1]) == ALONE[:1]
    assert made.lose("b", ALONE[1:2]) == []


def test_a_run_that_has_got_further_before_its_worker_was_lost_does_not_fail() -> None:
    made = crew(a=1)
    for epoch in range(1, 6):
        assert made.lose("a", [replace(ALONE[0], marks=(Mark(epoch, Path("x")),))]) == []


def test_the_loss_of_a_worker_is_told_in_one_line() -> None:
    said: list[str] = []
    made = crew(said, a=1)
    going_on = replace(ALONE[0], marks=(Mark(3, Path("x")),))
    made.tell_loss("a", [going_on, *ALONE[1:]])
    made.tell_loss("b", ALONE[:1])
    made.tell_loss("c", [])
    assert said == [
        "Worker a is gone: others train its 3 runs, 1 from a checkpoint.",
        "Worker b is gone: others train its 1 run, none from a checkpoint.",
        "Worker c is gone.",
    ]


def test_who_is_of_another_kind_is_told_of_once_and_the_sweep_ends_where_all_are_and_no_other_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    made = crew(said, a=1, b=1)
    made.refuse("a", "its kernel is another one")
    made.refuse("a", "its kernel is another one")
    assert said == ["Worker a is left out: its kernel is another one"]
    assert not made.may_have("a", PAIR, [])
    monkeypatch.setattr("nnexp.sweep.pool.crew.PATIENCE", -1)
    made.check_refusals(busy=False)
    made.refuse("b", "it has no nnexp")
    made.check_refusals(busy=True)
    made.demand.more_come = True
    made.check_refusals(busy=False)
    made.check_refusals(busy=False)
    assert said[2:] == ["All workers that are there are left out: the sweep waits for others."]
    made.demand.more_come = False
    with pytest.raises(PremiseError, match="no worker of the cluster can train: a: its kernel"):
        made.check_refusals(busy=False)


def test_the_first_worker_to_come_may_be_of_another_kind() -> None:
    made = crew(a=1)
    made.refuse("a", "its kernel is another one")
    made.check_refusals(busy=False)  # another has a while to come


def test_a_cluster_without_workers_is_waited_for_and_told_of_once() -> None:
    said: list[str] = []
    made = crew(said)
    made.look()
    made.check_refusals(busy=False)
    assert said == ["The cluster has no worker now: the sweep waits for one."]


def test_a_worker_that_is_paused_has_no_more_and_is_named_once() -> None:
    said: list[str] = []
    made = crew(said, paused="b", a=1, b=1)
    made.look()
    assert (made.may_have("a", PAIR, []), made.may_have("b", PAIR, [])) == (True, False)
    [line] = said
    assert line.startswith("Worker b does not go on: Dask has paused it")


def test_a_scheduler_that_hangs_does_not_hold_up_a_look_and_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nnexp.sweep.pool.crew.PATIENCE", -1)
    said: list[str] = []
    made, goes_on = crew(said, a=1), Event()
    info = made._client.scheduler_info
    made._client.scheduler_info = lambda: goes_on.wait() and {"workers": {}}
    made.look()
    made.look()
    assert made.may_have("a", PAIR, [])
    assert said == ["The Dask scheduler does not answer: the sweep waits for it."]
    goes_on.set()
    made._client.scheduler_info = info
    assert wait_for(lambda: made.look() or not made.threads, 10)

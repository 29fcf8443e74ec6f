"""Stacks on the workers of a cluster: whatever hangs, dies or is out of memory, every run has one outcome."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from nnexp.sweep.pool.dispatch import Dispatch
from nnexp.sweep.pool.distant import Answer, Order
from nnexp.sweep.pool.premises import premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.pool.worker import Outcome
from tests.sweep.samples import plan

pytest.importorskip("distributed")

PLAN = plan({}, seeds=range(4))
STACKS = [Stack((run,), (row,)) for row, run in enumerate(PLAN.runs)]
Worker = Callable[[Order], Answer]


def trains(order: Order) -> Answer:
    now = datetime.now(UTC)
    return Answer([Outcome(run, now, now, None, None) for run in order.stack.runs])


class Future:
    """Of an order; whoever wants its result is the worker that carries it out."""

    def __init__(self, worker: Worker, order: Order) -> None:
        self.worker, self.order, self.status = worker, order, "finished"

    def add_done_callback(self, call: Callable[["Future"], object]) -> None:
        call(self)

    def result(self, timeout: float) -> Answer:
        try:
            return self.worker(self.order)
        except Exception:
            self.status = "error"
            raise


class Cluster:
    """Stands for Dask's client, with these workers, of `threads` each; `calls`: what else it was asked."""

    status, threads = "running", 1

    def __init__(self, workers: Mapping[str, Worker]) -> None:
        self.workers, self.extensions, self.calls = dict(workers), dict[str, Any](), list[str]()
        self.answers = Event()
        self.answers.set()

    def scheduler_info(self) -> dict[str, Any]:
        self.answers.wait()
        known = {"nthreads": self.threads, "status": "running"}
        return {"workers": dict.fromkeys(self.workers, known)}

    def submit(self, loads: object, order: Order, *, workers: list[str], **options: object) -> Future:
        [worker] = workers
        return Future(self.workers[worker], order)

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*args: object, **keywords: object) -> dict[str, object]:
            if name in ("cancel", "run"):  # others send, and wait for nothing
                self.answers.wait()
            self.calls.append(name)
            return {}

        return call


@pytest.fixture(autouse=True)
def _orders_travel_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Order, "sealed", property(lambda order: order))
    monkeypatch.setattr("nnexp.sweep.pool.crew.BEAT", 0.05)
    monkeypatch.setattr("nnexp.sweep.pool.dispatch.FAREWELL", 0.1)


def dispatch(
    cluster: Any, folder: Path, said: list[str] | None = None, stacks: list[Stack] = STACKS
) -> Dispatch:
    wholes: Any = {stack.data: type("Whole", (), {"digest": "d"}) for stack in stacks}
    tell = [].append if said is None else said.append
    return Dispatch(cluster, stacks, wholes, premises(PLAN), Board(folder / "board", len(PLAN.runs)), tell)


def ended(made: Dispatch, stop_within: float = 5.0) -> list[Outcome]:
    """All outcomes, once what it has is closed."""
    outcomes = [outcome for each in made.outcomes(stop_within) for outcome in each]
    made.close()
    return outcomes


def rows(outcomes: list[Outcome]) -> list[int]:
    return sorted(PLAN.runs.index(outcome.run) for outcome in outcomes)


def test_every_run_has_one_outcome(tmp_path: Path) -> None:
    cluster = Cluster({"a": trains, "b": trains})
    assert rows(ended(dispatch(cluster, tmp_path))) == [0, 1, 2, 3]
    assert cluster.calls == ["subscribe_topic", "unsubscribe_topic", "cancel"]


def test_an_answer_that_does_not_come_holds_nobody_up_and_goes_with_its_worker(tmp_path: Path) -> None:
    comes = Event()

    def hangs(order: Order) -> Answer:
        comes.wait()
        return trains(order)

    cluster = Cluster({"a": hangs, "b": trains})
    made = dispatch(cluster, tmp_path)
    outcomes = made.outcomes(5.0)
    some = [outcome for _ in range(3) for outcome in next(outcomes)]
    assert len(some) == 3
    del cluster.workers["a"]
    some += [outcome for each in outcomes for outcome in each]
    comes.set()
    assert rows(some) == [0, 1, 2, 3]


def test_a_worker_that_is_gone_is_told_of_once_whatever_it_had(tmp_path: Path) -> None:
    comes, said = Event(), list[str]()

    def hangs(order: Order) -> Answer:
        comes.wait()
        return trains(order)

    cluster = Cluster({"a": hangs})
    cluster.threads = 2
    made = dispatch(cluster, tmp_path, said)
    made._look()
    assert len(made.out) == 2
    cluster.workers = {"b": trains}
    assert rows(ended(made)) == [0, 1, 2, 3]
    comes.set()
    assert said == ["Worker a is gone: others train its 2 runs, none from a checkpoint."]


def test_a_run_that_kills_two_workers_fails_and_each_is_told_of(tmp_path: Path) -> None:
    from distributed import KilledWorker

    def dies(order: Order) -> Answer:
        if 2 in order.stack.rows:
            raise KilledWorker("train", SimpleNamespace(address="a"), 0)
        return trains(order)

    said: list[str] = []
    outcomes = ended(dispatch(Cluster({"a": dies, "b": dies}), tmp_path, said))
    assert rows(outcomes) == [0, 1, 2, 3]
    assert [outcome.traceback for outcome in outcomes if outcome.traceback] == ["the worker died"]
    assert len(said) == 2
    assert said[0].endswith("is gone: others train its 1 run, none from a checkpoint.")
    assert said[1].endswith("is gone.")


def test_a_scheduler_that_hangs_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    comes, cluster = Event(), Cluster({})

    def hangs(order: Order) -> Answer:
        cluster.answers.clear()
        made.board.ask_to_stop()
        comes.wait()
        return Answer()

    cluster.workers["a"] = hangs
    made, began = dispatch(cluster, tmp_path), time.monotonic()
    assert ended(made, stop_within=0.2) == []
    assert time.monotonic() - began < 5
    comes.set()
    cluster.answers.set()


def test_an_answer_that_is_there_when_the_time_to_stop_is_over_counts(tmp_path: Path) -> None:
    made = dispatch(Cluster({"a": trains}), tmp_path, stacks=STACKS[:1])
    made._look()
    while made.parcels.came.empty():
        time.sleep(0.01)
    made.board.ask_to_stop()
    assert rows(ended(made, stop_within=-1.0)) == [0]


def test_a_run_that_no_memory_holds_fails_alone(tmp_path: Path) -> None:
    def is_small(order: Order) -> Answer:
        if 2 in order.stack.rows:
            raise MemoryError("9 GB")
        return trains(order)

    said: list[str] = []
    outcomes = ended(dispatch(Cluster({"a": is_small, "b": is_small}), tmp_path, said))
    assert rows(outcomes) == [0, 1, 2, 3]
    assert [outcome.traceback for outcome in outcomes if outcome.traceback] == ["MemoryError: 9 GB"]
    assert not said


def test_a_worker_that_lacks_a_library_is_left_out(tmp_path: Path) -> None:
    def lacks(order: Order) -> Answer:
        raise ModuleNotFoundError("No module named 'nnexp'")

    said: list[str] = []
    assert rows(ended(dispatch(Cluster({"a": lacks, "b": trains}), tmp_path, said))) == [0, 1, 2, 3]
    assert said == ["Worker a is left out: ModuleNotFoundError: No module named 'nnexp'"]


def test_a_checkpoint_that_the_parent_cannot_read_costs_what_was_in_it(tmp_path: Path) -> None:
    """Not the worker."""
    marked = [Stack(STACKS[0].runs, (0,), (Mark(7, tmp_path),))]  # a folder
    begun = list[int]()

    def is_apart(order: Order) -> Answer:
        begun.append(order.stack.epoch)
        key = f"{order.sweep}-{order.stack.marks[0].path.name}-7" if order.stack.marks else ""
        return Answer(lacks=(key,)) if key else trains(order)

    said: list[str] = []
    made = dispatch(Cluster({"a": is_apart}), tmp_path, said, marked)
    assert rows(ended(made)) == [0]
    assert (begun, made.board.troubles[0], said) == ([7, 0], 1, [])

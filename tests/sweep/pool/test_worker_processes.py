"""A sweep knows which of its worker processes died, and ends its own, all of them, and nobody else's."""

import multiprocessing
import os
import signal
import time
from collections.abc import Collection, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from joblib.externals.loky import ProcessPoolExecutor

from nnexp.data import load, share
from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.launch import launch
from nnexp.sweep.pool.premises import premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.worker_processes import KeptProcesses, WorkerProcesses, begin
from tests.faults.driving import wait_for
from tests.sweep.samples import plan


@contextmanager
def pool_of(processes: WorkerProcesses) -> Iterator[ProcessPoolExecutor]:
    """Two workers that begin as those of a sweep."""
    arguments = os.getpid(), processes.announcements
    with ProcessPoolExecutor(2, initializer=begin, initargs=arguments) as pool:
        yield pool


def only(pid: int, children: Collection[BaseProcess]) -> bool:
    """Whether none of these but the one with `pid` runs, once they have had time to end.

    joblib's thread waits for them as well, and one counts as running until that thread has noted its end.
    """
    return wait_for(lambda: [child.pid for child in children if child.is_alive()] == [pid], 10)


def test_the_pool_of_somebody_else_outlives_a_sweep(tmp_path: Path) -> None:
    """In a notebook another thread may begin one while the sweep trains."""
    made, before = plan({"learning_rate": [0.1, 1.0]}, seeds=[0]), set(active_children())
    share(load(made.runs[0].data), tmp_path)
    board, stacks = Board(tmp_path / "board", 2), make_stacks(made.runs, [0, 1], 2, load, timing=True)
    training = launch(stacks, {made.runs[0].data: tmp_path}, premises(made), board, 2)
    with ProcessPoolExecutor(1) as pool:
        next(training)
        pid = pool.submit(os.getpid).result()
        children = set(active_children()) - before
        assert len(children) > 1
        assert len(list(training)) == 1
        assert only(pid, children)
        assert pool.submit(os.getpid).result() == pid


def test_processes_are_kept_from_one_round_to_the_next_and_end_with_the_last(tmp_path: Path) -> None:
    """One that dies between two rounds costs no run: nobody had it."""
    made, before = plan({"learning_rate": [0.1, 1.0]}, seeds=[0]), set(active_children())
    share(load(made.runs[0].data), tmp_path)
    stacks = make_stacks(made.runs, [0, 1], 2, load, timing=True)
    with KeptProcesses(tmp_path) as kept:

        def trained(number: int, workers: int = 2) -> set[BaseProcess]:
            board = Board(tmp_path / f"board{number}", 2)
            sources = {made.runs[0].data: tmp_path}
            ended = list(launch(stacks, sources, premises(made), board, workers, "loky", kept))
            assert [outcome.status for outcomes in ended for outcome in outcomes] == ["finished"] * 2
            return set(active_children()) - before

        first = trained(1)
        assert trained(2) == first
        victim = first.pop()
        os.kill(victim.pid or 0, signal.SIGKILL)
        third = trained(3)
        assert victim not in third
        assert trained(4, workers=3).isdisjoint(third), "joblib would begin the third one by itself"
    assert wait_for(lambda: set(active_children()) <= before, 10)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSEGV])
def test_the_worker_that_died_is_told_and_the_others_end(signum: int, tmp_path: Path) -> None:
    before = set(active_children())
    with WorkerProcesses(tmp_path) as processes, pool_of(processes) as pool, ExitStack() as others:
        other = others.enter_context(ProcessPoolExecutor(1))
        foreign = other.submit(os.getpid).result()
        pid = pool.submit(os.getpid).result()
        os.kill(pid, signum)
        with pytest.raises(BrokenExecutor):
            pool.submit(time.sleep, 10).result()
        culprit = processes.culprit()
        assert culprit is not None
        assert (culprit.pid, culprit.exitcode) == (pid, -signum)
        processes.end()
        assert only(foreign, set(active_children()) - before)


def test_a_worker_that_begins_when_all_is_over_ends_at_once(tmp_path: Path) -> None:
    with WorkerProcesses(tmp_path) as processes:
        arguments = os.getpid(), processes.announcements
    late = multiprocessing.get_context("spawn").Process(target=begin, args=arguments)
    late.start()
    late.join(30)
    assert late.exitcode == 0
    assert not list(processes.announcements.iterdir())

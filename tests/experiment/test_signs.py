"""While a sweep trains it gives signs, and training does not mind whether they can be written."""

import errno
import itertools
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnexp import cli
from nnexp.experiment import signs
from nnexp.experiment.signs import Signs
from nnexp.experiment.sweep_standing import Standing
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.sign import FILE, Sign, read_sign
from tests.results.sweeps import make_record
from tests.sweep.samples import plan

SMALL = ["data=synthetic", "epochs=2", "hidden_size=5", "tracking=none", "pictures=false", "n_jobs=1"]


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    """Of four runs one has ended, and one has done three of four epochs."""
    made = plan({"batch_size": [5, 10]}, seeds=[0, 1], epochs=4)
    board = Board(tmp_path / "board", 4)
    first = made.runs[0]
    known = Standing(made, board, dict.fromkeys([1, 2, 3], 0.5), {first.run_id: make_record(first)})
    board.start([1])
    figures = {"training_cost": np.array([0.5]), "validation_accuracy": np.array([0.75])}
    board.show([1], 3, figures)
    return known


def test_a_sign_says_what_is_done_what_is_running_and_the_time_left(standing: Standing) -> None:
    sign = standing.sign()
    assert (sign.statuses, sign.running, sign.share) == ({"finished": 1}, 1, (1 + 3 / 4) / 4)
    assert sign.left.startswith("about ")
    first, stake = sign.lines
    assert first == "epoch 3/4  cost 0.5000  validation 75.00 %  batch_size=5 seed=1"
    assert stake.startswith("a stop now loses at most ")


def test_they_are_given_while_it_trains_and_none_is_left(
    standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = threading.Event()
    write = signs.write_sign
    monkeypatch.setattr(signs, "EVERY", 0.001)
    monkeypatch.setattr(signs, "write_sign", lambda *given_to: (write(*given_to), given.set()))
    with held(tmp_path), Signs(tmp_path, standing):
        assert given.wait(60)
        sign = read_sign(tmp_path)
        assert sign is not None
        assert sign.running == 1
    assert not (tmp_path / FILE).exists()


def test_a_sweep_that_cannot_give_one_trains_and_tries_again(
    standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, again = itertools.count(), threading.Event()

    def full(*_: object) -> None:
        if next(tries):
            again.set()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(signs, "EVERY", 0.001)
    monkeypatch.setattr(signs, "write_sign", full)
    with Signs(tmp_path, standing):
        assert again.wait(60)


@pytest.mark.parametrize(("same", "written"), [(1e9, 2), (0.0, 100)])
def test_where_nothing_but_time_passes_the_last_one_stands_for_a_while(
    same: float, written: int, standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 100 the words alone differ, but for the share of the last 50."""
    looks, over, given = itertools.count(), threading.Event(), list[Sign]()
    sign = standing.sign()

    def other() -> Sign:
        look = next(looks)
        if look >= 100:
            over.set()
        return replace(sign, share=0.25 if look < 50 else 0.5, lines=(f"a stop now loses at most {look} s",))

    monkeypatch.setattr(signs, "EVERY", 0.0)
    monkeypatch.setattr(signs, "SAME", same)
    monkeypatch.setattr(standing, "sign", other)
    monkeypatch.setattr(signs, "write_sign", lambda _, told: given.append(told))
    with Signs(tmp_path, standing):
        assert over.wait(60)
    assert len(given) == written if written < 100 else len(given) >= written


@pytest.mark.parametrize(("timing", "seldom"), [(True, 0.001), (False, 1e9)])
def test_where_time_is_measured_they_are_given_at_a_pace_of_their_own(
    timing: bool, seldom: float, standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = threading.Event()
    standing.plan = replace(standing.plan, timing=timing)
    monkeypatch.setattr(signs, "EVERY", 1e9 if timing else 0.001)
    monkeypatch.setattr(signs, "EVERY_TIMED", seldom)
    monkeypatch.setattr(signs, "write_sign", lambda *_: given.set())
    with Signs(tmp_path, standing):
        assert given.wait(10)


def test_a_run_that_ends_while_another_thread_counts_does_not_disturb_it(standing: Standing) -> None:
    counted = iter(standing._statuses.items())
    run = standing.plan.runs[1]
    standing.add(run, make_record(run, status="diverged"))
    assert list(counted) == [("finished", 1)]
    assert standing.sign().statuses == {"finished": 1, "diverged": 1}


@pytest.mark.parametrize("words", [[], ["-m", "batch_size=10,50"]])
def test_every_sweep_gives_them(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen = list[str]()
    monkeypatch.setattr(Signs, "__enter__", lambda self: seen.append(self._folder.parent.name))
    monkeypatch.setattr(Signs, "__exit__", lambda *_: None)
    assert cli.main([*SMALL, *words]) == 0
    assert seen == ["multirun" if words else "single"]

"""While a sweep trains it gives signs, and training does not mind whether they can be written."""

import errno
import itertools
import threading
from pathlib import Path

import numpy as np
import pytest

from nnexp import cli
from nnexp.experiment import signs
from nnexp.experiment.signs import Signs
from nnexp.experiment.sweep_standing import Standing
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.sign import FILE, read_sign
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


@pytest.mark.parametrize("words", [[], ["-m", "batch_size=10,50"]])
def test_every_sweep_gives_them(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen = list[str]()
    monkeypatch.setattr(Signs, "__enter__", lambda self: seen.append(self._folder.parent.name))
    monkeypatch.setattr(Signs, "__exit__", lambda *_: None)
    assert cli.main([*SMALL, *words]) == 0
    assert seen == ["multirun" if words else "single"]

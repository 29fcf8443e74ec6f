"""What a person sees is what the runs did."""

import io
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nnexp.experiment import progress
from nnexp.experiment.progress import Bar, Epochs, Lines, display_for
from nnexp.experiment.sweep_standing import Standing
from nnexp.sweep.pool.progress_board import SAFE, Board
from nnexp.sweep.pool.stacks import Mark
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from tests.sweep.samples import plan


@pytest.fixture
def made() -> Plan:
    return plan({"batch_size": [5, 10]}, seeds=[0, 1], epochs=4)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path / "board", 4)


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=120, color_system=None, markup=False), text


def record(run_id: str, accuracy: float) -> Record:
    metrics: dict[str, float | int | None] = {"final_validation_accuracy": accuracy, "epochs_done": 4}
    return Record(run_id, "finished", {}, {}, metrics, {"seconds": 1.25}, {})


def figures(cost: float, accuracy: float) -> dict[str, np.ndarray]:
    return {"training_cost": np.array([cost]), "validation_accuracy": np.array([accuracy])}


def test_a_pipe_gets_one_line_per_run_and_no_control_codes(made: Plan, board: Board) -> None:
    out, text = console(terminal=False)
    before = {run.run_id: record(run.run_id, 0.1) for run in made.runs[:2]}
    with Lines(out, Standing(made, board, dict.fromkeys([2, 3], 0.5), before)) as lines:
        lines.ended(made.runs[2], record("a", 0.5))
    assert text.getvalue() == "[3/4] batch_size=10 seed=0  validation 50.00 %  1.2 s\n"


def test_lines_show_that_training_goes_on_while_no_run_ends(
    made: Plan, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "FIRST_SIGN", 0.01)
    out, text = console(terminal=False)
    written = threading.Event()
    monkeypatch.setattr(text, "flush", written.set)
    board.start([0, 1])
    board.show([0], 3, figures(0.5, 0.75))
    with Lines(out, Standing(made, board, dict.fromkeys(range(4), 0.5), {})):
        assert written.wait(60)
    stake = r"a stop now loses at most \d+ s of 2 runs in training"
    assert re.match(rf"0/4 runs · 2 running · about \d+ s left · {stake}\n", text.getvalue())


@pytest.mark.parametrize(("term", "kind"), [("xterm", Bar), ("dumb", Lines), ("unknown", Lines)])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(
    term: str, kind: type, made: Plan, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    shown = display_for(console(terminal=True)[0], Standing(made, board, dict.fromkeys(range(4), 0.5), {}))
    assert type(shown) is kind
    assert (
        type(display_for(console(terminal=False)[0], Standing(made, board, dict.fromkeys(range(4), 0.5), {})))
        is Lines
    )


def test_the_bar_counts_runs_and_names_the_best(made: Plan, board: Board) -> None:
    out, text = console(terminal=True)
    standing = Standing(made, board, dict.fromkeys([1, 2, 3], 0.5), {made.runs[0].run_id: record("c", 0.1)})
    with Bar(out, standing) as bar:
        board.start([3])
        board.show([3], 2, figures(0.5, 0.5))
        bar.ended(made.runs[1], record("a", 0.75))
        bar.ended(made.runs[2], record("b", 0.5))
        assert standing.state() == "3/4 runs · 1 running · best 75.00 % (batch_size=5 seed=1)"
        board.rows[3, SAFE] -= 42
        assert bar.at_stake() == "at most 42 s of 1 run in training"
        board.mark([3])
        assert bar.at_stake() == "at most 1 s of 1 run in training"
    assert "3/4 runs" in text.getvalue()
    assert "a stop now loses at most 1 s of 1 run in training" in text.getvalue()


def test_below_the_bar_each_running_stack_has_a_line(made: Plan, board: Board) -> None:
    standing = Standing(made, board, dict.fromkeys(range(4), 0.5), {})
    assert list(standing.stacks()) == []
    assert standing.at_stake() == ""
    board.start([1, 2])
    assert list(standing.stacks()) == ["epoch 0/4  starting  batch_size=5 seed=1 and 1 more run"]
    shown = {"training_cost": np.array([0.25, 0.75]), "validation_accuracy": np.array([0.5, 0.75])}
    board.show([1, 2], 3, shown)
    [line] = standing.stacks()
    assert line == "epoch 3/4  cost 0.5000  validation 62.50 %  batch_size=5 seed=1 and 1 more run"
    board.show(
        [1, 2], 4, {name: np.array([1e30, 1e30]) for name in shown} | {"validation_accuracy": np.zeros(2)}
    )
    assert "cost 1e+30  validation" in next(standing.stacks())


def test_work_grows_with_the_epochs_of_running_runs(made: Plan, board: Board) -> None:
    standing = Standing(made, board, dict.fromkeys(range(4), 0.5), {})
    assert standing.time_left() == ""
    done = []
    board.start([0])
    for epoch in (1, 2):
        board.show([0], epoch, figures(0, 0))
        done.append(standing.work_done)
    board.finish([0])
    standing.add(made.runs[0], record("a", 0.5))
    assert done[1] == 2 * done[0]
    assert standing.work_done == pytest.approx(4 * done[0]) == 0.5
    assert re.fullmatch(r"about \d+ s left", standing.time_left())


def test_epochs_that_were_done_before_are_no_work_of_now(made: Plan, board: Board) -> None:
    mark = {made.runs[0].run_id: Mark(2, Path())}
    standing = Standing(made, board, dict.fromkeys(range(4), 0.5), {}, mark)
    board.start([0], 2)
    assert standing.work_done == 0
    board.show([0], 3, figures(0, 0))
    assert standing.work_done == 0.25


def test_the_time_that_is_left_follows_from_the_work_that_has_ended(made: Plan, board: Board) -> None:
    """Two runs of work 1 end 50 s apart, longer than an epoch: what is left, of work 3, takes 150 s."""
    bar = Bar(console(terminal=True)[0], Standing(made, board, {0: 1.0, 1: 1.0, 2: 2.0, 3: 1.0}, {}))
    for row, now in ((0, 50.0), (1, 100.0)):
        bar.progress.get_time = lambda now=now: now  # type: ignore[misc]
        bar.ended(made.runs[row], record("a", 0.5))
        bar.progress.update(bar.bar, completed=bar.standing.work_done)
    assert bar.progress.tasks[0].time_remaining == 150


def single(folder: Path) -> Standing:
    """A sweep of one run."""
    return Standing(plan({}, seeds=[0], epochs=10), Board(folder / "board", 1), {0: 1.0}, {})


def epoch_figures(value: float) -> dict[str, np.ndarray]:
    names = [f"{part}_{what}" for part in ("training", "validation") for what in ("cost", "accuracy")]
    return {name: np.array([value if name.endswith("cost") else 0.5]) for name in names}


def test_an_epoch_that_was_not_evaluated_gets_no_line_unless_it_has_been_quiet_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, text = console(terminal=False)
    epochs = Epochs(out, single(tmp_path))
    epochs.board.start([0])
    epochs.show((0,), 1, epoch_figures(np.nan))
    epochs.show((0,), 2, epoch_figures(0.5))
    assert text.getvalue() == " 2/10  cost  0.5000  50.00 %  cost  0.5000  50.00 %\n"
    assert epochs.at_stake() == "at most 1 s of 1 run in training"
    monkeypatch.setattr(progress, "FIRST_SIGN", 0.0)
    epochs.show((0,), 3, epoch_figures(np.nan))
    assert text.getvalue().endswith("\n 3/10\n")


def test_a_huge_cost_does_not_break_the_line(tmp_path: Path) -> None:
    out, text = console(terminal=False)
    Epochs(out, single(tmp_path)).show((0,), 2, epoch_figures(5.39333191e29))
    assert text.getvalue() == " 2/10  cost 5.39e+29  50.00 %  cost 5.39e+29  50.00 %\n"

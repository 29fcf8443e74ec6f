"""What a person sees is what the runs did."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nnexp.experiment.progress import Bar, Epochs, Lines
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from tests.sweep.samples import plan


@pytest.fixture
def made() -> Plan:
    return plan({"batch_size": [5, 10]}, seeds=[0, 1], epochs=4)


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=100, color_system=None), text


def record(run_id: str, accuracy: float) -> Record:
    metrics: dict[str, float | int | None] = {"final_validation_accuracy": accuracy, "epochs_done": 4}
    return Record(run_id, "finished", {}, {}, metrics, {"seconds": 1.25}, {})


def test_a_pipe_gets_one_line_per_run_and_no_control_codes(made: Plan) -> None:
    out, text = console(terminal=False)
    with Lines(out, made, done=2) as lines:
        lines.ended(made.runs[2], record("a", 0.5))
    assert text.getvalue() == "[3/4] batch_size=10 seed=0  validation 50.00 %  1.2 s\n"


def test_the_bar_counts_runs_and_names_the_best(made: Plan, tmp_path: Path) -> None:
    out, text = console(terminal=True)
    board = Board(tmp_path / "board", 4)
    with Bar(out, made, board, dict.fromkeys([1, 2, 3], 0.5), {made.runs[0].run_id: record("c", 0.1)}) as bar:
        board.start([3])
        bar.ended(made.runs[1], record("a", 0.75))
        bar.ended(made.runs[2], record("b", 0.5))
        assert bar.state() == "3/4 runs · 1 running · best 75.00 % (batch_size=5 seed=1)"
    assert "3/4 runs" in text.getvalue()


def test_below_the_bar_each_running_stack_has_a_line(made: Plan, tmp_path: Path) -> None:
    board = Board(tmp_path / "board", 4)
    bar = Bar(console(terminal=True)[0], made, board, dict.fromkeys(range(4), 0.5), {})
    assert bar.stacks() == []
    board.start([1, 2])
    assert bar.stacks() == ["epoch 0/4  starting  batch_size=5 seed=1 and 1 more run"]
    figures = {"training_cost": np.array([0.25, 0.75]), "validation_accuracy": np.array([0.5, 0.75])}
    board.show([1, 2], 3, figures)
    [line] = bar.stacks()
    assert line == "epoch 3/4  cost 0.500  validation 62.50 %  batch_size=5 seed=1 and 1 more run"


def test_the_bar_grows_with_the_epochs_of_running_runs(made: Plan, tmp_path: Path) -> None:
    board = Board(tmp_path / "board", 4)
    bar = Bar(console(terminal=True)[0], made, board, dict.fromkeys(range(4), 0.5), {})
    shown = []
    board.start([0])
    for epoch in (1, 2):
        board.show([0], epoch, {"training_cost": np.zeros(1), "validation_accuracy": np.zeros(1)})
        shown.append(bar.work_done())
    board.finish([0])
    bar.ended(made.runs[0], record("a", 0.5))
    assert shown[1] == 2 * shown[0]
    assert bar.work_done() == pytest.approx(4 * shown[0]) == 0.5


def test_the_time_that_is_left_follows_from_the_work_that_has_ended(made: Plan, tmp_path: Path) -> None:
    """Two runs of work 1 end 50 s apart, longer than an epoch: what is left, of work 3, takes 150 s."""
    board = Board(tmp_path / "board", 4)
    bar = Bar(console(terminal=True)[0], made, board, {0: 1.0, 1: 1.0, 2: 2.0, 3: 1.0}, {})
    for row, now in ((0, 50.0), (1, 100.0)):
        bar.progress.get_time = lambda now=now: now  # type: ignore[misc]
        bar.ended(made.runs[row], record("a", 0.5))
        bar.progress.update(bar.bar, completed=bar.work_done())
    assert bar.progress.tasks[0].time_remaining == 150


def test_an_epoch_that_was_not_evaluated_gets_no_line() -> None:
    out, text = console(terminal=False)
    epochs = Epochs(out, 10)
    names = [f"{part}_{what}" for part in ("training", "validation") for what in ("cost", "accuracy")]
    epochs.show((0,), 1, {name: np.array([np.nan]) for name in names})
    epochs.show((0,), 2, {name: np.array([0.5]) for name in names})
    assert text.getvalue() == " 2/10  cost  0.5000  50.00 %  cost  0.5000  50.00 %\n"

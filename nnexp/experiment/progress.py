"""What a person sees while runs train: a live bar on a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from nnexp.experiment.messages import ending
from nnexp.experiment.sweep_standing import Standing
from nnexp.sweep.question.plan import Run
from nnexp.sweep.store.record import Record
from nnexp.text import figure

WINDOW = 3600.0  # seconds back from now that tell how long the rest will take: many epochs of any run
FIRST_SIGN, MOST_SILENCE = 10.0, 60.0  # seconds between signs of life: first, and at most, as they double


class Display(Protocol):
    """Shows each run as it ends, inside its `with`. `at_stake`: what a stop now would lose; may be empty."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def ended(self, run: Run, record: Record) -> None: ...
    def at_stake(self) -> str: ...


def display_for(console: Console, standing: Standing) -> Display:
    """What suits the console and the plan."""
    plan = standing.plan
    if len(plan.runs) == 1:
        return Epochs(console, standing)
    is_live = console.is_terminal and not console.is_dumb_terminal
    if is_live or (console.is_jupyter and find_spec("ipywidgets")):
        return Bar(console, standing)
    return Lines(console, standing)


class Epochs:
    """A line per epoch of a single run. It trains in this process, so it stands before the board."""

    def __init__(self, console: Console, standing: Standing) -> None:
        self.console, self.standing, self.board = console, standing, standing.board
        self.epochs = standing.plan.runs[0].hyperparameters.epochs
        self._printed = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def start(self, rows: tuple[int, ...], epoch: int = 0) -> None:
        self.board.start(rows, epoch)
        heading = f"{'epoch':>{2 * len(str(self.epochs)) + 1}}  {'training':^21}  {'validation':^21}"
        self.console.print(heading.rstrip())

    def show(self, rows: tuple[int, ...], epoch: int, metrics: Mapping[str, NDArray[np.floating]]) -> None:
        self.board.show(rows, epoch, metrics)
        cells = [f"{epoch:{len(str(self.epochs))}}/{self.epochs}"]
        if np.isnan(metrics["training_cost"][0]):  # not evaluated
            if time.monotonic() < self._printed + FIRST_SIGN:
                return
        else:
            for part in ("training", "validation"):
                cost, accuracy = metrics[f"{part}_cost"][0], metrics[f"{part}_accuracy"][0]
                cells.append(f"cost {figure(cost):>7} {100 * accuracy:6.2f} %")
        self.console.print("  ".join(cells))
        self._printed = time.monotonic()

    def mark(self, rows: tuple[int, ...]) -> None:
        self.board.mark(rows)

    def report(self, rows: tuple[int, ...], error: Exception) -> None:
        self.board.report(rows, error)

    def finish(self, rows: tuple[int, ...]) -> None:
        self.board.finish(rows)

    @property
    def stop_asked(self) -> bool:
        return self.board.stop_asked

    def ask_to_stop(self) -> None:
        self.board.ask_to_stop()

    def ended(self, run: Run, record: Record) -> None:
        return  # the command's final line says how

    def at_stake(self) -> str:
        return self.standing.at_stake()


class Lines:
    """Plain lines, for files, pipes and plain terminals: one per run, and signs of life between them."""

    def __init__(self, console: Console, standing: Standing) -> None:
        self.console, self.standing = console, standing
        self._end = threading.Event()
        self._signs = threading.Thread(target=self._give_signs, daemon=True)

    def __enter__(self) -> Self:
        self._signs.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._signs.join()

    def ended(self, run: Run, record: Record) -> None:
        self.standing.add(run, record)
        total, label = len(self.standing.plan.runs), self.standing.plan.label(run)
        self.console.print(f"[{self.standing.ended:{len(str(total))}}/{total}] {label}  {ending(record)}")

    def at_stake(self) -> str:
        return self.standing.at_stake()

    def _give_signs(self) -> None:
        silence = FIRST_SIGN
        while not self._end.wait(silence):
            self.console.print(self.sign())
            silence = min(2 * silence, MOST_SILENCE)

    def sign(self) -> str:
        """How far it is, in one line."""
        standing = self.standing
        stake = f"a stop now loses {standing.at_stake()}" * bool(standing.at_stake())
        return " · ".join(part for part in (standing.state(), standing.time_left(), stake) if part)


class Bar:
    """A live bar: runs done, running and failed, time left, best so far; a line per running stack; what a
    stop would lose."""

    def __init__(self, console: Console, standing: Standing) -> None:
        self.standing = standing
        columns = (BarColumn(20), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
        self.progress = Progress(*columns, console=console, speed_estimate_period=WINDOW)
        self.bar = self.progress.add_task("", total=standing.total)
        self.live = Live(get_renderable=self._renderable, console=console, transient=True)

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def ended(self, run: Run, record: Record) -> None:
        self.standing.add(run, record)
        if record.status != "finished":
            self.live.console.print(f"{self.standing.plan.label(run)}  {ending(record)}")

    def at_stake(self) -> str:
        return self.standing.at_stake()

    def _renderable(self) -> RenderableType:
        standing = self.standing
        self.progress.update(self.bar, completed=standing.work_done, description=standing.state())
        lines = standing.lines()
        texts = (Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in lines)
        return Group(self.progress.get_renderable(), *texts)

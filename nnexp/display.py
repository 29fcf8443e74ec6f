"""What a person sees while runs train: a live bar on a terminal, a plain line per run elsewhere."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nnexp.sweep.board import Board
from nnexp.sweep.plan import Plan, Run
from nnexp.sweep.record import Record


class Display(Protocol):
    """Shows each run as it ends, inside its `with`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def ended(self, run: Run, record: Record) -> None: ...


def percent(fraction: float | int | None) -> str:
    """An accuracy for people: `95.33 %`."""
    return "-" if fraction is None else f"{100 * fraction:.2f} %"


def ending(record: Record) -> str:
    """How a run ended, in a few words."""
    if record.status == "failed":
        return f"failed: {(record.traceback or '').strip().splitlines()[-1]}"
    if record.status == "diverged":
        return f"diverged after {record.metrics['epochs_done']} epochs"
    accuracy = percent(record.metrics["final_validation_accuracy"])
    return f"validation {accuracy}  {record.timings['seconds']:.1f} s"


class Epochs:
    """A line per epoch of a single run. It trains in this process, so it stands in for the board too."""

    def __init__(self, console: Console, epochs: int) -> None:
        self.console, self.epochs = console, epochs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def start(self, rows: tuple[int, ...]) -> None:
        heading = f"{'epoch':>{2 * len(str(self.epochs)) + 1}}  {'training':^21}  {'validation':^21}"
        self.console.print(heading.rstrip(), highlight=False)

    def show(self, rows: tuple[int, ...], epoch: int, metrics: Mapping[str, NDArray[np.floating]]) -> None:
        cells = [f"{epoch:{len(str(self.epochs))}}/{self.epochs}"]
        for part in ("training", "validation"):
            cost, accuracy = metrics[f"{part}_cost"][0], metrics[f"{part}_accuracy"][0]
            cells.append(f"cost {cost:7.4f} {100 * accuracy:6.2f} %")
        self.console.print("  ".join(cells), highlight=False)

    def finish(self, rows: tuple[int, ...]) -> None:
        return

    def ended(self, run: Run, record: Record) -> None:
        if record.status != "finished":
            self.console.print(ending(record), markup=False, highlight=False)


class Lines:
    """One plain line per run, for files and pipes."""

    def __init__(self, console: Console, plan: Plan, done: int) -> None:
        self.console, self.plan, self.done = console, plan, done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def ended(self, run: Run, record: Record) -> None:
        self.done += 1
        total = len(self.plan.runs)
        line = f"[{self.done:{len(str(total))}}/{total}] {self.plan.label(run)}  {ending(record)}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class Bar:
    """A live bar: runs done, running and failed, time left, best so far."""

    def __init__(self, console: Console, plan: Plan, board: Board, done: int) -> None:
        self.plan, self.board, self.done = plan, board, done
        self.to_do = len(plan.runs) - done
        self.statuses: Counter[str] = Counter()
        self.best = (-1.0, "")
        self.progress = _Progress(self, console)

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def ended(self, run: Run, record: Record) -> None:
        self.statuses[record.status] += 1
        accuracy = record.metrics.get("final_validation_accuracy")
        if record.status == "finished" and accuracy is not None:
            self.best = max(self.best, (accuracy, self.plan.label(run)))
        else:
            line = f"{self.plan.label(run)}  {ending(record)}"
            self.progress.console.print(line, markup=False, highlight=False)

    def work_done(self) -> float:
        """In runs: those that ended, and the epochs of those that are training."""
        running = np.flatnonzero(self.board.running)
        epochs = [self.plan.runs[row].hyperparameters.epochs for row in running]
        return float(self.statuses.total() + (self.board.rows[running, 0] / np.maximum(epochs, 1)).sum())

    def state(self) -> str:
        parts = [
            f"{self.done + self.statuses.total()}/{len(self.plan.runs)} runs",
            f"{int(self.board.running.sum())} running",
        ]
        parts += [
            f"{self.statuses[status]} {status}" for status in ("diverged", "failed") if self.statuses[status]
        ]
        if self.best[1]:
            parts.append(f"best {percent(self.best[0])} ({self.best[1]})")
        return " · ".join(parts)


class _Progress(Progress):
    """Rich's progress, which asks the bar for its state each time it draws."""

    def __init__(self, bar: Bar, console: Console) -> None:
        columns = (BarColumn(20), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
        super().__init__(*columns, console=console, transient=True)
        self.bar = bar
        self.task_id: TaskID | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        if self.task_id is None:
            self.task_id = self.add_task("", total=self.bar.to_do)
        self.update(self.task_id, completed=self.bar.work_done(), description=self.bar.state())
        yield from super().get_renderables()

"""What a person sees while runs train: a live bar on a terminal, a plain line per run elsewhere."""

from collections import Counter
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
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from nnexp.text import count, percent

MOST_STACKS = 8  # lines below the bar
WINDOW = 3600.0  # seconds back from now that tell how long the rest will take: many epochs of any run


class Display(Protocol):
    """Shows each run as it ends, inside its `with`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def ended(self, run: Run, record: Record) -> None: ...


def display_for(
    console: Console, plan: Plan, board: Board, work: Mapping[int, float], records: Mapping[str, Record]
) -> Display:
    """What suits console and plan. `work`: row of each run that is trained -> its share of the work."""
    if len(plan.runs) == 1:
        return Epochs(console, plan.runs[0].hyperparameters.epochs)
    if console.is_terminal or (console.is_jupyter and find_spec("ipywidgets")):
        return Bar(console, plan, board, work, records)
    return Lines(console, plan, done=len(plan.runs) - len(work))


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
        if np.isnan(metrics["training_cost"][0]):
            return  # not evaluated
        cells = [f"{epoch:{len(str(self.epochs))}}/{self.epochs}"]
        for part in ("training", "validation"):
            cost, accuracy = metrics[f"{part}_cost"][0], metrics[f"{part}_accuracy"][0]
            cells.append(f"cost {cost:7.4f} {100 * accuracy:6.2f} %")
        self.console.print("  ".join(cells), highlight=False)

    def finish(self, rows: tuple[int, ...]) -> None:
        return

    def ended(self, run: Run, record: Record) -> None:
        return  # the command's final line says it


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
    """A live bar: runs done, running and failed, time left, best so far; and a line per running stack."""

    def __init__(
        self,
        console: Console,
        plan: Plan,
        board: Board,
        work: Mapping[int, float],
        records: Mapping[str, Record],
    ) -> None:
        self.plan, self.board = plan, board
        self.work = {plan.runs[row].run_id: share for row, share in work.items()}
        self.work_per_epoch = np.zeros(len(plan.runs))
        for row, share in work.items():
            self.work_per_epoch[row] = share / plan.runs[row].hyperparameters.epochs
        self.statuses: Counter[str] = Counter()
        self.work_ended = 0.0
        self.best = (-1.0, "")
        for run in plan.runs:
            if run.run_id in records and run.run_id not in self.work:
                self._count(run, records[run.run_id])
        columns = (BarColumn(20), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
        self.progress = Progress(*columns, console=console, speed_estimate_period=WINDOW)
        self.bar = self.progress.add_task("", total=sum(work.values()))
        self.live = Live(get_renderable=self._drawn, console=console, transient=True)

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def ended(self, run: Run, record: Record) -> None:
        self._count(run, record)
        self.work_ended += self.work[run.run_id]
        if record.status != "finished":
            line = f"{self.plan.label(run)}  {ending(record)}"
            self.live.console.print(line, markup=False, highlight=False)

    def _count(self, run: Run, record: Record) -> None:
        self.statuses[record.status] += 1
        kept = "best" if run.hyperparameters.keeps_best else "final"
        accuracy = record.metrics.get(f"{kept}_validation_accuracy")
        if record.status == "finished" and accuracy is not None and accuracy > self.best[0]:
            self.best = (accuracy, self.plan.label(run))

    def _drawn(self) -> RenderableType:
        self.progress.update(self.bar, completed=self.work_done(), description=self.state())
        lines = [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self.stacks()]
        return Group(self.progress.get_renderable(), *lines)

    def stacks(self) -> list[str]:
        """A line per stack that trains now: how far it is, and its figures (means over its runs)."""
        lines = []
        for pid in np.unique(self.board.rows[self.board.running, 3])[:MOST_STACKS]:
            rows = np.flatnonzero(self.board.rows[:, 3] == pid)
            first = self.plan.runs[rows[0]]
            shown = self.board.rows[rows, :3]
            epoch, known = shown[:, 0].max(), shown[~np.isnan(shown[:, 1])]
            cost, accuracy = known[:, 1:].mean(axis=0) if len(known) else (np.nan, np.nan)
            who = self.plan.label(first) + (
                f" and {count(len(rows) - 1, 'more run')}" if len(rows) > 1 else ""
            )
            figures = f"cost {cost:.3f}  validation {percent(accuracy)}"
            if not len(known):
                figures = "not evaluated yet" if epoch else "starting"
            lines.append(f"epoch {epoch:.0f}/{first.hyperparameters.epochs}  {figures}  {who}")
        return lines

    def work_done(self) -> float:
        """Work of the runs that ended, and of the epochs of those that are training."""
        running = self.board.running
        return self.work_ended + float(self.work_per_epoch[running] @ self.board.rows[running, 0])

    def state(self) -> str:
        parts = [
            f"{self.statuses.total()}/{len(self.plan.runs)} runs",
            f"{int(self.board.running.sum())} running",
        ]
        parts += [
            f"{self.statuses[status]} {status}"
            for status in ("diverged", "failed", "timed_out")
            if self.statuses[status]
        ]
        if self.best[1]:
            parts.append(f"best {percent(self.best[0])} ({self.best[1]})")
        return " · ".join(parts)

"""What a person sees while runs train: a live bar on a terminal, a plain line per run elsewhere."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nnexp.sweep.board import Board
from nnexp.sweep.plan import Plan, Run, spelled
from nnexp.sweep.record import DONE, Record
from nnexp.sweep.stacks import work

MOST_FAILURES = 20  # rows of the table of failures
MOST_STACKS = 8  # lines below the bar


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
        return f"failed: {reason(record)}"
    if record.status == "diverged":
        return f"diverged after {count(int(record.metrics['epochs_done'] or 0), 'epoch')}"
    if record.status == "timed_out":
        return f"timed out after {count(int(record.metrics['epochs_done'] or 0), 'epoch')}"
    accuracy = percent(record.metrics["final_validation_accuracy"])
    return f"validation {accuracy}  {record.timings['seconds']:.1f} s"


def reason(record: Record) -> str:
    """The last line of a failed run's traceback."""
    return (record.traceback or "").strip().splitlines()[-1]


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
        self, console: Console, plan: Plan, board: Board, rows: Sequence[int], records: Mapping[str, Record]
    ) -> None:
        self.plan, self.board = plan, board
        self.work = np.array([work(run) / run.hyperparameters.epochs for run in plan.runs])  # per epoch
        self.statuses: Counter[str] = Counter()
        self.work_ended = 0.0
        self.best = (-1.0, "")
        todo = {plan.runs[row].run_id for row in rows}
        for run in plan.runs:
            if run.run_id in records and run.run_id not in todo:
                self._count(run, records[run.run_id])
        columns = (BarColumn(20), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
        self.progress = Progress(*columns, console=console)
        self.bar = self.progress.add_task("", total=sum(work(plan.runs[row]) for row in rows))
        self.live = Live(get_renderable=self._drawn, console=console, transient=True)

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def ended(self, run: Run, record: Record) -> None:
        self._count(run, record)
        self.work_ended += work(run)
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
        return self.work_ended + float(self.work[running] @ self.board.rows[running, 0])

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


def count(n: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{n} {noun}" + "s" * (n != 1)


def duration(seconds: float) -> str:
    """About how long, for people: `3 s`, `4 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def announcement(plan: Plan, to_do: int, failed: int, workers: int, seconds: float) -> str:
    """What a sweep is about to do, in one line, and in about how many seconds.

    `failed`: runs that are not done, and not to be trained.
    """
    runs, points, seeds = len(plan.runs), count(len(plan.points), "point"), count(len(plan.seeds), "seed")
    state = [f"{runs - to_do - failed} done"] if to_do or failed else ["all done, recorded before"]
    if failed:
        state.append(f"{failed} failed before")
    if to_do:
        state.append(f"{to_do} to train on {count(workers, 'worker')}, about {duration(seconds)}")
    return f"{plan.name}: {count(runs, 'run')} ({points} x {seeds}), {', '.join(state)}"


def plan_table(plan: Plan, pending: Sequence[int]) -> Table:
    """The numbered points, and how many runs of each are done."""
    to_train = Counter(plan.runs[row].point for row in pending)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("point", *plan.axes, "done", "to train"):
        table.add_column(heading, justify="right")
    for number, point in enumerate(plan.points):
        values = [spelled(value) for value in point.values()]
        left = to_train[number]
        table.add_row(str(number + 1), *values, str(len(plan.seeds) - left), str(left))
    return table


def command_for(verb: str, name: str, sweeps_dir: str) -> str:
    """What to type to `verb` (retry, sync) the sweep NAME/ID."""
    elsewhere = "" if sweeps_dir == "sweeps" else f" sweeps_dir={shlex.quote(sweeps_dir)}"
    return f"nnexp {verb} {name}{elsewhere}"


def failures(plan: Plan, records: Mapping[str, Record], again: str | None = None) -> RenderableType:
    """The runs that failed or timed out, and why; empty if there is none. `again`: what trains them again."""
    bad = [run for run in plan.runs if (found := records.get(run.run_id)) and found.status not in DONE]
    if not bad:
        return Text(end="")
    parts: list[RenderableType] = [Text(f"{count(len(bad), 'run')} failed", style="red")]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("run", "what varies", "why"):
        table.add_column(heading, overflow="fold")
    for run in bad[:MOST_FAILURES]:
        table.add_row(run.run_id, Text(plan.label(run)), Text(ending(records[run.run_id])))
    parts.append(table)
    if len(bad) > MOST_FAILURES:
        parts.append(Text(f"and {len(bad) - MOST_FAILURES} more, in runs.csv"))
    if again:
        parts.append(Text(f"To train again what failed: {again}"))
    return Group(*parts)


def run_line(run: Run, record: Record | None) -> str:
    """The final line of a single run."""
    if record is None or record.status != "finished":
        return "no result" if record is None else ending(record)
    kept = "best" if run.hyperparameters.keeps_best else "final"
    epoch = record.metrics["best_epoch" if kept == "best" else "epochs_done"]
    validation = percent(record.metrics[f"{kept}_validation_accuracy"])
    return (
        f"After epoch {epoch}: validation accuracy {validation}, "
        f"test accuracy {percent(record.metrics['test_accuracy'])}"
    )

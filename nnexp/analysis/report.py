"""The answer of a sweep, to print: a row per point, the best point, and its test accuracy, once."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from nnexp.analysis.intervals import LEAST_SEEDS, Comparison, compare_with_best, mean_interval, two_groups
from nnexp.analysis.tables import samples
from nnexp.sweep.plan import Plan, spelled

LEAST_GAP = 0.05  # of accuracy: two groups of seeds closer than this are worth no warning
MOST_ROWS = 100

Point = dict[Hashable, Any]  # one row of the summary


def answer(plan: Plan, summary: pd.DataFrame, runs: pd.DataFrame) -> Group:
    """The sweep's answer, for 80 columns or more, from its `summary_table` and `runs_table`."""
    points: list[Point] = summary.to_dict("records")
    question = Text(" ".join(plan.question.split()), style="bold")
    if not any(point["n"] for point in points):
        ends = _unfinished(points) or "none has ended"
        return Group(question, Text(f"No run finished ({ends}), so there is no answer.", style="red"))
    metric = accuracy_metric(plan)
    values = samples(plan, runs, [metric])[0]
    whole = len(runs) == len(plan.runs)  # no point is chosen before: more runs may choose another
    comparison = compare_with_best(values if whole else np.full_like(values, np.nan))
    grouped = two_groups(values, LEAST_GAP)
    shared = bool((runs["seconds_shared_by"] > 1).any())
    shown = _shown(values, comparison.best)
    rows = [_cells(plan, k, points[k], metric, shared) for k in shown]
    notes = [_notes(k, points[k], comparison, bool(grouped[k])) for k in shown]
    best = None if comparison.best is None else shown.index(comparison.best)
    return Group(
        question,
        _heading(plan, points, runs, metric),
        _Fitting(rows, notes, best),
        *_closing(plan, points, len(runs), comparison, grouped),
    )


def accuracy_metric(plan: Plan) -> str:
    """The validation accuracy by which points are compared: that of the kept networks, if all keep alike."""
    kept = "best" if all(run.hyperparameters.keeps_best for run in plan.runs) else "final"
    return f"{kept}_validation_accuracy"


class _Fitting:
    """A table as wide as the terminal allows: its last two columns go first, then names break."""

    def __init__(self, rows: Sequence[Mapping[str, str]], notes: Sequence[Sequence[Text]], best: int | None):
        self.rows, self.notes, self.best = rows, notes, best

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headers = list(self.rows[0])
        for kept in (headers, headers[:-2] + headers[-1:], headers[:-2]):
            table = self._table({header: header for header in kept})
            if table.__rich_measure__(console, options).maximum <= options.max_width:
                break
        else:
            table = self._table({header: header.replace("_", "_\n") for header in headers[:-2]})
        yield table

    def _table(self, titles: Mapping[str, str]) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        for title in titles.values():
            table.add_column(Text(title), justify="right", vertical="bottom")
        table.add_column()
        for number, (cells, marks) in enumerate(zip(self.rows, self.notes, strict=True)):
            style = "bold" if number == self.best else None
            table.add_row(*(Text(cells[header]) for header in titles), Text("  ").join(marks), style=style)
        return table


def _shown(values: NDArray[np.float64], best: int | None) -> list[int]:
    """The points that get a row, in order: all, or the best and as many of the highest as one reads."""
    means = mean_interval(values).mean
    if best is not None:
        means[best] = np.inf
    return sorted(np.argsort(-means, kind="stable")[:MOST_ROWS].tolist())  # NaN last


def _heading(plan: Plan, points: Sequence[Point], runs: pd.DataFrame, metric: str) -> Text:
    """Data set, metric, and what the error bars are."""
    data = ", ".join(sorted(runs["data"].unique()))
    if "train_size" not in plan.axes and runs["train_size"].notna().all():
        data += f", train_size={runs['train_size'].iloc[0]}"
    when = "at the best epoch" if metric.startswith("best") else "after the last epoch"
    n = sorted({point["n"] for point in points} - {0})
    seeds = f"{n[0]} to {n[-1]} seeds" if len(n) > 1 else f"{n[0]} seed{'s' * (n[0] > 1)}"
    bars = f"Mean ± 95 % interval (Student's t over {seeds}{', none below 3' * (n[0] < LEAST_SEEDS)})"
    if n[-1] < LEAST_SEEDS:
        bars = f"Mean over {seeds}; no interval: that takes {LEAST_SEEDS} seeds"
    return Text(f"Data: {data}. Validation accuracy {when}, in %.\n{bars}.\n", style="dim")


def _cells(plan: Plan, number: int, point: Point, metric: str, shared: bool) -> dict[str, str]:
    """Header -> cell of one row; the last two are the first to go where room is short."""
    cells = {axis: spelled(value) for axis, value in plan.points[number].items()}
    cells |= {"validation\naccuracy": _percent(point, metric), "n": str(point["n"])}
    if len(plan.points) > 1:
        difference = _percent(point, f"{metric}_difference", signed=True)
        cells["difference\nin points"] = "baseline" if number == plan.baseline else difference
    cells["training\ncost"] = _number(point["final_training_cost_mean"])
    cells["s/epoch" + "\n(shared)" * shared] = _number(point["seconds_per_epoch_mean"])
    return cells


def _notes(number: int, point: Point, comparison: Comparison, grouped: bool) -> list[Text]:
    """Marks of one row: best or like it, runs that did not finish, values that no mean describes."""
    notes = []
    if number == comparison.best and len(comparison.p) > 1:
        notes.append(Text("*best", style="green"))
    if comparison.alike[number]:
        notes.append(Text("~", style="green"))
    if point["failed"] or point["diverged"]:
        notes.append(Text(_unfinished([point]), style="red"))
    if grouped:
        notes.append(Text("two groups", style="yellow"))
    return notes


def _closing(
    plan: Plan, points: Sequence[Point], ended: int, comparison: Comparison, grouped: NDArray[np.bool_]
) -> Iterator[Text]:
    """The best point with its test accuracy, and what the marks above mean."""
    yield Text()
    if ended < len(plan.runs):
        yield Text(
            f"So far {ended} of {len(plan.runs)} runs have ended: no point is chosen yet.", style="yellow"
        )
    elif comparison.best is not None:
        best, place = points[comparison.best], plan.points[comparison.best]
        where = " ".join(f"{axis}={spelled(value)}" for axis, value in place.items())
        chosen = f"Best on validation: {where}. Its test" if where else "Test"
        yield Text(f"{chosen} accuracy: {_percent(best, 'test_accuracy')} % (n = {best['n']}).", style="bold")
    if not np.isnan(comparison.p).all():
        alike = f"{comparison.alike.sum()} of {len(points) - 1} others"
        yield Text(
            f"~ not distinguishable from it: {alike} (paired t-tests, Holm-corrected, also for having chosen "
            "the best; few seeds tell little apart). Differences are to the baseline."
        )
    if len(points) > MOST_ROWS:
        yield Text(f"{len(points) - MOST_ROWS} more points, lower in accuracy, are in summary.csv.")
    if unfinished := _unfinished(points):
        yield Text(f"{unfinished}: means take finished runs only, best a point with the most.", style="red")
    if grouped.any():
        yield Text(
            "Two groups: some seeds did far better than others; no mean describes both.", style="yellow"
        )


def _unfinished(points: Sequence[Point]) -> str:
    """`2 diverged, 1 failed`, in all of the points; empty if none."""
    counts = {kind: sum(point[kind] for point in points) for kind in ("diverged", "failed")}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)


def _percent(point: Point, name: str, signed: bool = False) -> str:
    """A mean, or a signed difference, in per cent, with half the width of its interval if it has one."""
    mean = point[name if signed else f"{name}_mean"]
    if np.isnan(mean):
        return "-"
    half = (point[f"{name}_high"] - point[f"{name}_low"]) / 2
    words = f"{100 * mean:{'+' * signed}z.2f}"
    return words if np.isnan(half) else f"{words} ± {100 * half:.2f}"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"

"""The answer of a sweep, to print: a row per point, the best point, and its test accuracy, once."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Group
from rich.text import Text

from nnexp.errors import unknown
from nnexp.report.responsive_table import Fitting
from nnexp.results.tables import metrics_of, points_of, samples
from nnexp.statistics.intervals import (
    LEAST_GAP,
    LEAST_SEEDS,
    Comparison,
    compare_with_best,
    least_told,
    mean_interval,
    two_groups,
)
from nnexp.sweep.question.plan import Plan
from nnexp.text import spelled

MOST_ROWS = 100
TEST_ASKED = (
    "Test figures stand at every point because they were asked for: a point chosen by them is not tested."
)

Point = dict[Hashable, Any]  # one row of the summary


def answer(plan: Plan, summary: pd.DataFrame, runs: pd.DataFrame, metrics: Sequence[str] = ()) -> Group:
    """The sweep's answer, for 80 columns or more, from its `summary_table` and `runs_table`.

    `metrics`: figures of runs.csv that get a column of their own, such as `final_validation_cost`.
    Raises `UserError` for one that the sweep does not have.
    """
    for name in metrics:
        if name not in metrics_of(plan):
            raise unknown("metric", name, metrics_of(plan))
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
    shown = _shown(values, comparison.best)
    return Group(
        question,
        _heading(plan, points, runs, metric),
        _table(plan, points, runs, metrics, shown, comparison, grouped),
        *_closing(plan, points, runs, comparison, grouped),
        *([Text(TEST_ASKED, style="yellow")] if any(name.startswith("test_") for name in metrics) else []),
    )


def accuracy_metric(plan: Plan) -> str:
    """The validation accuracy by which points are compared: that of the kept networks, if all keep alike."""
    kept = "best" if all(run.hyperparameters.keeps_best for run in plan.runs) else "final"
    return f"{kept}_validation_accuracy"


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


def _table(
    plan: Plan,
    points: Sequence[Point],
    runs: pd.DataFrame,
    metrics: Sequence[str],
    shown: Sequence[int],
    comparison: Comparison,
    grouped: NDArray[np.bool_],
) -> Fitting:
    """The rows of the points `shown`."""
    shared = "\n(shared)" * bool((runs["seconds_shared_by"] > 1).any())
    reach = "" if plan.target is None else f"\nto {100 * plan.target:g} %"
    rows, optional = [], ["training\ncost", f"s/epoch{shared}", f"seconds{reach}{shared}"]
    for number in shown:
        point = points[number]
        cells = _main_cells(plan, number, point)
        cells |= {name.replace("_", "\n", 1): _figure(point, name) for name in metrics}
        if reach:
            cells[f"epochs{reach}"] = _to_target(point, "epochs_to_target")
            cells[f"seconds{reach}{shared}"] = _to_target(point, "seconds_to_target")
        values = (point["final_training_cost_mean"], point["seconds_per_epoch_mean"])
        cells |= {header: _number(value) for header, value in zip(optional, values, strict=False)}
        rows.append(cells)
    marks = [_marks(k, points[k], comparison, bool(grouped[k])) for k in shown]
    return Fitting(rows, marks, optional, None if comparison.best is None else shown.index(comparison.best))


def _main_cells(plan: Plan, number: int, point: Point) -> dict[str, str]:
    """Header -> cell: the axes, validation accuracy, n, and the difference to the baseline."""
    metric = accuracy_metric(plan)
    cells = {axis: spelled(value) for axis, value in plan.points[number].items()}
    cells |= {"validation\naccuracy": _percent(point, metric), "n": str(point["n"])}
    if len(plan.points) > 1:
        difference = _percent(point, f"{metric}_difference", signed=True)
        cells["difference\nin points"] = "baseline" if number == plan.baseline else difference
    return cells


def _marks(number: int, point: Point, comparison: Comparison, grouped: bool) -> list[Text]:
    """Marks of one row: best or like it, runs that did not finish, values that no mean describes."""
    marks = []
    if number == comparison.best and len(comparison.p) > 1:
        marks.append(Text("*best", style="green"))
    if comparison.alike[number]:
        marks.append(Text("~", style="green"))
    if point["failed"] or point["diverged"]:
        marks.append(Text(_unfinished([point]), style="red"))
    if grouped:
        marks.append(Text("two groups", style="yellow"))
    return marks


def _closing(
    plan: Plan,
    points: Sequence[Point],
    runs: pd.DataFrame,
    comparison: Comparison,
    grouped: NDArray[np.bool_],
) -> Iterator[Text]:
    """The best point with its test accuracy, and what the marks above mean."""
    yield Text()
    if len(runs) < len(plan.runs):
        ended = np.bincount(points_of(plan, runs), minlength=len(points))
        whole = f"{(ended == len(plan.seeds)).sum()} of {len(points)} points with all of their seeds"
        told = f"So far {len(runs)} of {len(plan.runs)} runs have ended, {whole}: no point is chosen yet."
        yield Text(told, style="yellow")
    elif comparison.best is not None:
        best, place = points[comparison.best], plan.points[comparison.best]
        where = " ".join(f"{axis}={spelled(value)}" for axis, value in place.items())
        chosen = f"Best on validation: {where}. Its test" if where else "Test"
        yield Text(f"{chosen} accuracy: {_percent(best, 'test_accuracy')} % (n = {best['n']}).", style="bold")
    if not np.isnan(comparison.p).all():
        alike = f"{comparison.alike.sum()} of {len(points) - 1} others"
        yield Text(
            f"~ not distinguishable from it: {alike} (paired t-tests, Holm-corrected, also for having chosen "
            f"the best). To be told apart, a point must be worse by {_times(comparison, points)}. "
            "Differences are to the baseline; each interval holds for itself, the mark for all points at "
            "once."
        )
    if plan.target is not None and any(point["target_reached"] < point["n"] for point in points):
        yield Text(f"Where not all runs reached {100 * plan.target:g} %, the table says how many did.")
    if len(points) > MOST_ROWS:
        yield Text(f"{len(points) - MOST_ROWS} more points, lower in accuracy, are in summary.csv.")
    if unfinished := _unfinished(points):
        yield Text(f"{unfinished}: means take finished runs only, best a point with the most.", style="red")
    if grouped.any():
        yield Text(
            "Two groups: some seeds ended far from the others; no mean describes both.", style="yellow"
        )


def _times(comparison: Comparison, points: Sequence[Point]) -> str:
    """How far apart points must be, with these seeds and with twice as many."""
    n = max(point["n"] for point in points)
    candidates, tests = sum(point["n"] == n for point in points), int((~np.isnan(comparison.p)).sum())
    now, then = (least_told(candidates, tests, seeds) for seeds in (n, 2 * n))
    return f"{now:.1f} times the sd of its paired difference, with {2 * n} seeds {then:.1f} times"


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


def _figure(point: Point, name: str) -> str:
    """A mean with half the width of its interval; accuracies in per cent."""
    if name.endswith("accuracy"):
        return _percent(point, name)
    half = (point[f"{name}_high"] - point[f"{name}_low"]) / 2
    mean = _number(point[f"{name}_mean"])
    return mean if np.isnan(half) else f"{mean} ± {half:.2g}"


def _to_target(point: Point, name: str) -> str:
    """The same; where not all runs reached the target, how many did."""
    reached, n = point["target_reached"], point["n"]
    return _figure(point, name) if reached == n else f"{reached} of {n}"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"

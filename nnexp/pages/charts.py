"""The charts of a sweep, from the same values as its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnexp.pages.content import Chart
from nnexp.pages.numbers import short
from nnexp.results.by_point import standing
from nnexp.results.columns import HISTORY
from nnexp.sweep.question.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

    from nnexp.plots.histories import PointHistory
    from nnexp.plots.measures import Measure
    from nnexp.results.by_point import Standing

FIGURES = ("final_training_accuracy", "final_validation_cost", "final_training_cost", "seconds_per_epoch")
CURVES = ("validation_accuracy", "training_accuracy", "validation_cost", "training_cost")
ON_LOG_SCALE = "On a logarithmic scale an accuracy is shown as its error rate, the best on top"
MOST_DOTS = 4000  # runs that are drawn one by one
MOST_LINES = 40  # points whose curves are drawn
MOST_EPOCHS = 200  # of a curve
MOST_UNFINISHED = 40  # runs without a result whose curves are drawn


def charts_of(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame) -> tuple[Chart, ...]:
    """Accuracy along each axis, and learning curves; none if no run finished."""
    if not (runs["status"] == "finished").any():
        return ()
    charts = [along_axes(plan, runs)] if standing(plan, runs).plan.axes else []
    return (*charts, *([] if history.empty else [learning_curves(plan, runs, history)]))


def along_axes(plan: Plan, runs: pd.DataFrame) -> Chart:
    """The figures of every point along an axis: means with intervals, and each run."""
    from nnexp.plots.point_values import by_axes, notes_on_axes, on_data, point_values
    from nnexp.plots.scales import axis_scale, label_of

    names = [name for name in FIGURES if runs[name].notna().any()]
    values = [point_values(plan, runs), *(point_values(plan, runs, name) for name in names)]
    first = values[0]
    points = first.plan.points
    axes = []
    for name in first.plan.axes:
        scale = axis_scale([point[name] for point in points])
        labels = [label_of(point[name]) for point in points]
        axes.append(
            {"name": name, "kind": scale.kind, "places": short(scale.places, 12), "labels": labels}
            | {"ticks": [[float(place), label] for place, label in scale.ticks.items()]}
        )
    dots = first.runs.size <= MOST_DOTS and first.runs.shape[1] > 1
    metrics = [
        _metric(each.measure)
        | {"mean": short(each.mean), "low": short(each.low), "high": short(each.high)}
        | {"scale": each.scale().kind}
        | ({"runs": short(each.runs), "stuck": short(each.stuck)} if dots else {})
        for each in values
    ]
    data = {"axes": axes, "metrics": metrics, "marks": list(first.marks)}
    data["n"] = first.counts["n"].tolist()
    notes = tuple(dict.fromkeys([*first.notes, *notes_on_axes(first.plan), ON_LOG_SCALE]))
    return Chart("axis", f"{first.measure.name}{by_axes(first.plan)}{on_data(first.plan)}", data, notes)


def learning_curves(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame) -> Chart:
    """What was measured in each epoch: a line per point, the mean of its finished runs."""
    from nnexp.plots.curves import TOP, evenly, points_in_order
    from nnexp.plots.histories import histories
    from nnexp.plots.measures import measure_of
    from nnexp.plots.metric_scales import metric_scale
    from nnexp.plots.point_values import by_axes, on_data, point_name

    stand = standing(plan, runs)
    plan = stand.plan
    best = next((number for number, mark in enumerate(stand.marks) if mark in TOP), None)
    numbers = evenly(points_in_order(plan), MOST_LINES, best)
    metrics = []
    epochs: list[list[int]] = []
    for name in _columns(history):
        measure, points = measure_of(name), histories(stand, history, name)
        lines = [_line(number, points[number], measure, epochs) for number in numbers]
        whole = [line for line in lines if line]
        means = [value for line in whole for value in line["mean"] if value is not None]
        metric = _metric(measure) | {"lines": whole, "runs": _unfinished(numbers, points, measure)}
        metrics.append(metric | {"scale": metric_scale(measure, means).kind})
    data = {
        "points": {number: point_name(plan, number) or "mean" for number in numbers},
        "order": numbers,
        "marks": {number: stand.marks[number] for number in numbers},
        "epochs": epochs,
        "metrics": metrics,
    }
    return Chart(
        "curves", f"Learning curves{by_axes(plan)}{on_data(plan)}", data, tuple(_notes(stand, len(numbers)))
    )


def _metric(measure: Measure) -> dict[str, Any]:
    """What a chart must know of a measure: its label, and the scale that suits it."""
    return {"name": measure.name, "label": measure.label, "error": measure.error, "log": measure.log}


def _columns(history: pd.DataFrame) -> Iterator[str]:
    """The columns of the history that have curves: cost and accuracy, then monitors; none of test data."""
    monitors = list(history.columns)[list(history.columns).index(HISTORY[-1]) + 1 :]
    return (name for name in (*CURVES, *monitors) if history[name].notna().any())


def _line(
    number: int, point: PointHistory, measure: Measure, epochs: list[list[int]]
) -> dict[str, Any] | None:
    """The mean of a point's finished runs with its interval; `epochs` gathers the lists that lines share."""
    from nnexp.plots.histories import mean_curve

    if not point.finished:
        return None
    curve = mean_curve(point, measure)
    kept = _few(len(curve.epochs))
    own = curve.epochs[kept].astype(int).tolist()
    if own not in epochs:
        epochs.append(own)
    line = {"point": number, "epochs": epochs.index(own), "mean": short(curve.metric[kept])}
    line["seconds"] = short(curve.seconds[kept], 4)
    if not np.isnan(curve.low).all():
        line |= {"low": short(curve.low[kept]), "high": short(curve.high[kept])}
    return line


def _unfinished(
    numbers: Sequence[int], points: dict[int, PointHistory], measure: Measure
) -> list[dict[str, Any]]:
    """Runs that did not finish, or did not learn, one by one."""
    curves = []
    for number in numbers:
        for status, run in points[number].unfinished:
            kept = _few(len(run.epochs))
            curve = {"point": number, "status": status.replace("_", " "), "epochs": short(run.epochs[kept])}
            curve |= {
                "seconds": short(run.seconds[kept], 4),
                "values": short(measure.factor * run.metric[kept]),
            }
            curves.append(curve)
    return curves[:MOST_UNFINISHED]


def _few(length: int) -> Any:
    """The numbers of at most `MOST_EPOCHS` rows at even steps, first and last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, MOST_EPOCHS)).round().astype(int))


def _notes(stand: Standing, lines: int) -> Iterator[str]:
    from nnexp.plots.point_values import name_of_interval, notes_on_axes, notes_on_marks, number_of_seeds

    finished = stand.runs[stand.runs["status"] == "finished"]
    by_point = finished.groupby([*stand.plan.axes] or (lambda _: 0), dropna=False).size().tolist()
    band = "" if stand.crossing else f", band: {name_of_interval(stand.plan)} where seeds are enough"
    yield f"Mean over {number_of_seeds(by_point)}{band}"
    if (finished["epochs_done"] < finished["epochs"]).any():
        yield "Runs that stopped early count on with their last value"
    yield from notes_on_marks(stand)
    yield from notes_on_axes(stand.plan)
    yield ON_LOG_SCALE
    if lines < len(stand.plan.points):
        yield f"{lines} of {len(stand.plan.points)} points are drawn"

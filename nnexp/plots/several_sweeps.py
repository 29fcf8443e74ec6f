"""Several sweeps side by side: some metrics along their common axis."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnexp.errors import UserError
from nnexp.plots.metric_scales import metric_scale, set_scale
from nnexp.plots.point_values import (
    PointValues,
    leading_axis,
    notes_on_seconds,
    number_of_seeds,
    on_data,
    point_values,
)
from nnexp.plots.scales import along_x, scale_of
from nnexp.plots.style import TICK, Picture, legend, lines, panel, picture, write_notes
from nnexp.sweep.question.plan import Plan

WIDTH_OF_PANEL, HEIGHT_OF_PANEL = 4.4, 3.2  # inches
LENGTH = 3.2  # inches that an x axis has at least


class Frames(NamedTuple):
    """A sweep: its plan, runs.csv and summary.csv."""

    plan: Plan
    runs: pd.DataFrame
    summary: pd.DataFrame


def sweeps_by_axis(sweeps: Mapping[str, Frames], metrics: Sequence[str]) -> Picture:
    """Metrics along the axis that leads all of the sweeps: a panel per metric, a line per sweep.

    Means with 95 % intervals, and every run as a dot. Where a run missed the target, its point has no mean
    epochs and seconds to it, and its line a gap.

    Args:
        sweeps: name in the legend -> the sweep.
        metrics: metrics of summary.csv.

    Raises:
        UserError: the sweeps have no common leading axis of numbers.
    """
    axis = _common_axis(sweeps)
    places = {name: [point[axis] for point in sweep.plan.points] for name, sweep in sweeps.items()}
    columns = min(2, len(metrics))
    rows = -(-len(metrics) // columns)
    first = next(iter(sweeps.values())).plan
    title = f"{', '.join(sweeps)} by {axis}{on_data(first)}"
    figure = picture(title, WIDTH_OF_PANEL * columns + 1.6, HEIGHT_OF_PANEL * rows + 1)
    notes = [_over_seeds(sweeps)]
    for number, metric in enumerate(metrics, start=1):
        of_sweeps = {name: point_values(*sweep, metric) for name, sweep in sweeps.items()}
        label = next(iter(of_sweeps.values())).measure.label
        if first.target is not None:
            label = label.replace("to target", f"to {100 * first.target:g} %")
        axes = panel(figure, axis, "", (rows, columns, number))
        axes.set_title(label, fontsize=TICK)
        along_x(axes, scale_of([value for values in places.values() for value in values]), LENGTH)
        notes += _draw_metric(axes, of_sweeps, places)
        if number == columns:
            legend(axes)
    if any("seconds" in metric for metric in metrics):
        notes += [note for sweep in sweeps.values() for note in notes_on_seconds(sweep.plan, sweep.runs)]
    write_notes(figure, list(dict.fromkeys(notes)))
    return figure


def _draw_metric(
    axes: Axes, sweeps: Mapping[str, PointValues], places: Mapping[str, Sequence[float]]
) -> list[str]:
    """A line, intervals and runs per sweep; what to note of the scale."""
    means = [points.mean for points in sweeps.values()]
    others = [part for p in sweeps.values() for part in (p.low, p.high, p.runs.ravel())]
    measure = next(iter(sweeps.values())).measure
    scale = metric_scale(measure, np.concatenate(means), np.concatenate(others))
    set_scale(axes.yaxis, scale)
    for (name, points), look in zip(sweeps.items(), lines(len(sweeps)), strict=True):
        x = np.array(places[name], dtype=float)
        order = np.argsort(x)
        runs: dict[str, Any] = {"marker": ".", "linestyle": "none", "color": look["color"], "alpha": 0.5}
        axes.plot(x[order], points.runs[order], **runs, label="_run")
        error = np.array([points.mean - points.low, points.high - points.mean])
        bars: dict[str, Any] = look | {"elinewidth": 1.5, "capsize": 3, "markersize": 6, "label": name}
        axes.errorbar(x[order], points.mean[order], error[:, order], **bars)
    return scale.notes(measure)


def _common_axis(sweeps: Mapping[str, Frames]) -> str:
    axes = {leading_axis(sweep.plan) for sweep in sweeps.values()}
    if len(axes) != 1 or (axis := axes.pop()) is None:
        names = ", ".join(sweep.plan.name for sweep in sweeps.values())
        raise UserError(f"the sweeps must vary one axis, the same in all of them, got {names}")
    values = [point[axis] for sweep in sweeps.values() for point in sweep.plan.points]
    if scale_of(values).kind == "categories":
        raise UserError(f"the values of the sweeps' axis must be numbers, got {axis}")
    return axis


def _over_seeds(sweeps: Mapping[str, Frames]) -> str:
    counts = [int(count) for sweep in sweeps.values() for count in sweep.summary["n"] if count]
    return f"Mean and 95 % interval over {number_of_seeds(counts)}; dots: each run"

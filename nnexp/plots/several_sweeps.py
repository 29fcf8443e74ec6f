"""Several sweeps side by side: some metrics along their common axis."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from nnexp.errors import UserError
from nnexp.plots.measures import measure_of
from nnexp.plots.metric_scales import metric_scale, set_scale
from nnexp.plots.point_values import (
    PointValues,
    leading_axis,
    name_of_interval,
    note_on_cut,
    notes_on_seconds,
    number_of_seeds,
    on_data,
    point_values,
)
from nnexp.plots.scales import along_x, axis_scale
from nnexp.plots.style import STUCK, TICK, Picture, legend, lines, panel, picture, write_notes
from nnexp.sweep.question.plan import Plan

Floats = NDArray[np.float64]
WIDTH_OF_PANEL, HEIGHT_OF_PANEL = 4.4, 3.2  # inches
LENGTH = 3.2  # inches that an x axis has at least


class SweepFrames(Protocol):
    """A sweep, as `nnexp.load_sweep` gives it: its plan and runs.csv."""

    @property
    def plan(self) -> Plan: ...
    @property
    def runs(self) -> pd.DataFrame: ...


def sweeps_by_axis(sweeps: Mapping[str, SweepFrames], metrics: Sequence[str], heading: str = "") -> Picture:
    """Metrics along the axis that leads all of the sweeps: a panel per metric, a line per sweep.

    Means with 95 % intervals, and every run as a dot. Where a run missed the target, its point has no mean
    epochs and seconds to it, and its line a gap.

    Args:
        sweeps: name in the legend -> the sweep.
        metrics: metrics of runs.csv.
        heading: of the legend.

    Raises:
        UserError: the sweeps have no common leading axis of numbers.
    """
    axis = _common_axis(sweeps)
    first = next(iter(sweeps.values())).plan
    columns = min(2, len(metrics))
    rows = -(-len(metrics) // columns)
    title = f"{len(sweeps)} sweeps by {axis}{on_data(first)}"
    figure = picture(title, WIDTH_OF_PANEL * columns + 1.6, HEIGHT_OF_PANEL * rows + 1)
    notes = [_over_seeds(sweeps)]
    for number, metric in enumerate(metrics, start=1):
        axes = panel(figure, axis, "", (rows, columns, number))
        notes += _draw_metric(axes, sweeps, axis, metric)
        if number == columns:
            legend(axes, heading)
    if any("seconds" in metric for metric in metrics):
        notes += [note for sweep in sweeps.values() for note in notes_on_seconds(sweep.plan, sweep.runs)]
    write_notes(figure, list(dict.fromkeys(notes)))
    return figure


def _draw_metric(axes: Axes, sweeps: Mapping[str, SweepFrames], axis: str, metric: str) -> list[str]:
    """A line, intervals and runs per sweep; what to note of them."""
    points = {name: point_values(sweep.plan, sweep.runs, metric) for name, sweep in sweeps.items()}
    measure, target = measure_of(metric), next(iter(sweeps.values())).plan.target
    label = measure.label if target is None else measure.label.replace("target", f"{100 * target:g} %")
    axes.set_title(label, fontsize=TICK)
    places = {name: [point[axis] for point in sweep.plan.points] for name, sweep in sweeps.items()}
    notes = []
    if without_label := along_x(
        axes, axis_scale([value for values in places.values() for value in values]), LENGTH
    ):
        notes.append(f"There is no room to name {axis}={', '.join(without_label)}")
    means = np.concatenate([values.mean for values in points.values()])
    others = [part for p in points.values() for part in (p.low, p.high, p.runs.ravel(), p.stuck.ravel())]
    scale = metric_scale(measure, means, np.concatenate(others))
    set_scale(axes.yaxis, scale)
    for (name, values), look in zip(points.items(), lines(len(sweeps)), strict=True):
        _draw_sweep(axes, np.array(places[name], dtype=float), values, look | {"label": name})
    cut = [note_on_cut(measure)] if any(values.cut for values in points.values()) else []
    if any(values.counts["stuck"].any() for values in points.values()):
        cut.append("x: runs that got stuck, not in the means")
    return [*notes, *cut, *(scale.notes(measure) if scale.kind == "error" else [])]


def _draw_sweep(axes: Axes, x: Floats, values: PointValues, look: dict[str, Any]) -> None:
    """Means with their intervals, and each run; every point holds its place even without values."""
    order = np.argsort(x)
    runs: dict[str, Any] = {"marker": ".", "linestyle": "none", "color": look["color"], "alpha": 0.5}
    axes.plot(x[order], values.runs[order], **runs, label="_run")
    if not np.isnan(values.stuck).all():
        axes.plot(x[order], values.stuck[order], **STUCK | {"color": look["color"]}, label="_stuck")
    error = np.array([values.mean - values.low, values.high - values.mean])
    bars: dict[str, Any] = look | {"elinewidth": 1.5, "capsize": 3, "markersize": 6}
    axes.errorbar(x[order], values.mean[order], error[:, order], **bars)
    axes.update_datalim(np.column_stack([x, np.full(len(x), axes.get_ylim()[0])]), updatey=False)


def _common_axis(sweeps: Mapping[str, SweepFrames]) -> str:
    axes = {leading_axis(sweep.plan) for sweep in sweeps.values()}
    if len(axes) != 1 or (axis := axes.pop()) is None:
        names = ", ".join(sweep.plan.name for sweep in sweeps.values())
        raise UserError(f"the sweeps must vary one axis, the same in all of them, got {names}")
    values = [point[axis] for sweep in sweeps.values() for point in sweep.plan.points]
    if axis_scale(values).kind == "categories":
        raise UserError(f"the values of the sweeps' axis must be numbers, got {axis}")
    return axis


def _over_seeds(sweeps: Mapping[str, SweepFrames]) -> str:
    counts = [
        int(count)
        for sweep in sweeps.values()
        for count in sweep.runs[sweep.runs["status"] == "finished"].groupby(list(sweep.plan.axes)).size()
    ]
    intervals = " or ".join(dict.fromkeys(name_of_interval(sweep.plan) for sweep in sweeps.values()))
    return f"Mean and {intervals} over {number_of_seeds(counts)}; dots: each run"

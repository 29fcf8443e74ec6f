"""What monitors recorded, by layer and epoch: norms of gradients, weights and updates, shares of saturated
neurons and of small weights."""

import re
from collections.abc import Iterable
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nnexp.plots.curves import evenly, points_in_order
from nnexp.plots.histories import PointCurve, histories, median_curve
from nnexp.plots.measures import measure_of
from nnexp.plots.metric_scales import metric_scale, set_scale
from nnexp.plots.point_values import by_axes, number_of_seeds, on_data, point_name
from nnexp.plots.style import SMALL, TICK, Picture, legend, lines, panel, picture, write_notes
from nnexp.results.by_point import standing
from nnexp.sweep.question.plan import Plan

Floats = NDArray[np.float64]
BY_LAYER = (
    *("gradient_norm_bias", "gradient_norm_weight", "saturated_share", "weight_norm", "small_weights"),
    "update_norm",
)
MOST_PANELS, IN_A_ROW = 12, 4


def monitors_of(plan: Plan, history: pd.DataFrame) -> list[str]:
    """The monitors that this history has by layer, those first that the sweep's claims name."""
    claims = str(plan.claims)
    monitors = [monitor for monitor in BY_LAYER if len(history) and _columns(monitor, history)]
    return sorted(monitors, key=lambda monitor: monitor not in claims)


def monitor_by_layer(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, monitor: str) -> Picture:
    """A monitor against the epoch: a panel per point, a line per layer from light (first) to dark (last).

    Lines are medians over the finished runs, on one scale for all panels; bands go from the lowest run to the
    highest. Of more than 12 points, 12 are shown.

    Args:
        plan: the sweep.
        runs, history: the frames of runs.csv and history.csv.
        monitor: a name of `monitors_of`.
    """
    if monitor == "update_norm":  # its 0 before the first epoch has no place on a log scale
        history = history[history["epoch"] > 0]
    columns, measure = _columns(monitor, history), measure_of(monitor)
    stand = standing(plan, runs)
    plan, runs = stand.plan, stand.runs
    numbers = evenly(points_in_order(plan), MOST_PANELS, None)
    curves = {layer: histories(stand, history, column) for layer, column in columns.items()}
    medians = {
        (number, layer): median_curve(of_layer[number].finished, measure)
        for layer, of_layer in curves.items()
        for number in numbers
        if of_layer[number].finished
    }
    titles = {number: point_name(plan, number).replace(", ", "\n") for number in numbers}
    in_a_row = _panels_in_a_row(plan, len(numbers))
    rows = ceil(len(numbers) / in_a_row)
    figure = _figure(f"{measure.name} of each layer{by_axes(plan)}{on_data(plan)}", titles, in_a_row, rows)
    centres = _concatenate(curve.metric for curve in medians.values())
    limits = _concatenate(end for curve in medians.values() for end in (curve.low, curve.high))
    scale = metric_scale(measure, centres, limits)
    looks = dict(zip(columns, lines(len(columns)), strict=True))
    for place, number in enumerate(numbers):
        axes = panel(figure, "epoch" * (place + in_a_row >= len(numbers)), "", (rows, in_a_row, place + 1))
        axes.set_title(titles[number], fontsize=SMALL)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
        set_scale(axes.yaxis, scale)
        axes.tick_params(labelsize=SMALL, labelleft=place % in_a_row == 0)
        for layer, look in looks.items():
            if (number, layer) in medians:
                _draw_layer(axes, medians[number, layer], look | {"label": f"{layer}"})
    figure.supylabel(measure.label, fontsize=TICK)
    legend(figure.axes[in_a_row - 1], "layer", max(figure.axes, key=lambda axes: len(axes.lines)))
    write_notes(figure, [*_notes(plan, runs, len(numbers)), *scale.notes(measure)])
    return figure


def _panels_in_a_row(plan: Plan, count: int) -> int:
    """As many as the second of two axes has values, if they fill all rows; else four."""
    if len(plan.axes) == 2 and count == len(plan.points):
        last = len({str(point[plan.axes[1]]) for point in plan.points})
        if count % last == 0 and 1 < last <= IN_A_ROW:
            return last
    return min(count, IN_A_ROW)


def _figure(title: str, titles: dict[int, str], in_a_row: int, rows: int) -> Picture:
    """A figure with room for its panels and their titles."""
    parts = [title.split("\n") for title in titles.values()]
    widest = max(len(line) for lines_of_title in parts for line in lines_of_title)
    height = 1.7 + 0.2 * max(map(len, parts))
    return picture(title, max(5.0, 1.6 + max(2.3, 0.09 * widest + 0.3) * in_a_row), 1.9 + height * rows)


def _draw_layer(axes: Axes, curve: PointCurve, look: dict[str, Any]) -> None:
    """A line and its band, with a few markers."""
    step = max(len(curve.epochs) // 4, 1)
    axes.plot(curve.epochs, curve.metric, markevery=step, markersize=5, **look)
    axes.fill_between(curve.epochs, curve.low, curve.high, color=look["color"], alpha=0.18, linewidth=0)


def _notes(plan: Plan, runs: pd.DataFrame, panels: int) -> list[str]:
    counts = runs[runs["status"] == "finished"].groupby([*plan.axes] or (lambda _: 0), dropna=False).size()
    if not len(counts):
        return ["No run finished"]
    seeds = number_of_seeds(counts.tolist())
    band = "band: from the lowest run to the highest"
    over = f"Median over {seeds}, {band}" if counts.max() > 1 else "One seed"
    few = [f"{panels} of {len(plan.points)} points, evenly spaced"] if panels < len(plan.points) else []
    return [over, *few]


def _columns(monitor: str, history: pd.DataFrame) -> dict[int, str]:
    """Layer -> the column of a monitor, ascending."""
    matches = [re.fullmatch(rf"{monitor}_(\d+)", column) for column in history.columns]
    return {int(match[1]): match[0] for match in sorted(filter(None, matches), key=lambda m: int(m[1]))}


def _concatenate(parts: Iterable[Floats]) -> Floats:
    return np.concatenate([*parts, []])

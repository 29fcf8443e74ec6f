"""A metric over two axes, as a heat map with its values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nnexp.plots.metric_scales import MetricScale, tick_text
from nnexp.plots.point_values import PointValues, by_axes, meaning_of_signs, on_data, point_values
from nnexp.plots.scales import categories
from nnexp.plots.style import (
    FAINT,
    HEIGHT,
    MARKS,
    SHADES,
    SMALL,
    TICK,
    WIDTH,
    Picture,
    contrast,
    panel,
    picture,
    write_notes,
)
from nnexp.sweep.question.plan import Plan

FRAMES = {"best": 3.0, "alike": 1.5}  # widths, of points that may be the best


def heat_map(plan: Plan, runs: pd.DataFrame, metric: str | None = None) -> Picture:
    """A metric over the two axes of a sweep: the mean of each point by shade and as a number.

    Below the mean stands half the width of its interval, or its ends where they are not symmetric. The shades
    span all runs and intervals too, so that noise does not look like an effect. Once all runs have ended, the
    best point is marked, and framed as those that may be it are. A point without a finished run says how its
    runs ended; a combination that is no point of the sweep is hatched.

    Args:
        plan: of exactly two axes; the first runs along x.
        runs: the frame of runs.csv.
        metric: a metric of runs.csv; by default the validation accuracy that points are compared by.
    """
    points = point_values(plan, runs, metric)
    plan = points.plan
    x, y = (categories([point[axis] for point in plan.points]) for axis in plan.axes)
    words = _words(points, [len(runs) for runs in plan.runs_by_point])
    lines = [line for word in words for line in word.split("\n")]
    cell = 0.15 + max(0.75, *(0.1 * len(text) for text in [*lines, *x.ticks.values()]))  # inches
    row = 0.15 + 0.2 * max(word.count("\n") + 1 for word in words)
    figure = picture(
        f"{points.measure.name}{by_axes(plan)}{on_data(plan)}",
        width=max(WIDTH, 3 + cell * len(x.ticks)),
        height=max(HEIGHT, 2 + row * len(y.ticks)),
    )
    axes = panel(figure, plan.axes[0], plan.axes[1])
    axes.grid(visible=False)
    axes.set_xticks(list(x.ticks), list(x.ticks.values()))
    axes.set_yticks(list(y.ticks), list(y.ticks.values()))
    scale = points.scale()
    places = list(zip(x.places.astype(int), y.places.astype(int), strict=True))
    _draw_cells(axes, points, scale, places, words)
    _draw_shade_bar(figure, axes, scale, points.measure.label)
    absent = _hatch_the_absent(axes, set(places), (len(x.ticks), len(y.ticks)))
    notes = [*points.notes, *meaning_of_signs(points.marks), *scale.notes(points.measure)]
    write_notes(figure, notes + ["Hatched: not in this sweep"] * absent)
    return figure


def _draw_cells(
    axes: Axes, points: PointValues, scale: MetricScale, places: list[tuple[int, int]], words: list[str]
) -> None:
    """A cell per point, with its shade and its words."""
    columns, rows = (max(place) + 1 for place in zip(*places, strict=True))
    grid = np.full((rows, columns), np.nan)
    for (x, y), mean in zip(places, points.mean, strict=True):
        grid[y, x] = mean
    norm = scale.norm()
    axes.pcolormesh(np.arange(columns), np.arange(rows), grid, cmap=SHADES, norm=norm, edgecolors="white")
    for (x, y), word, mean, mark in zip(places, words, points.mean, points.marks, strict=True):
        color = contrast("white" if np.isnan(mean) else SHADES(norm(mean)))
        axes.text(x, y, word, ha="center", va="center", fontsize=SMALL, color=color)
        if mark in FRAMES:
            look: dict[str, Any] = {"edgecolor": color, "linewidth": FRAMES[mark], "label": f"_{mark}"}
            axes.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, **look))


def _draw_shade_bar(figure: Figure, axes: Axes, scale: MetricScale, label: str) -> None:
    """What the shades mean, right of the picture."""
    bar = figure.colorbar(ScalarMappable(scale.norm(), SHADES), ax=axes)
    bar.set_ticks(scale.ticks(), labels=[tick_text(tick) for tick in scale.ticks()])
    bar.minorticks_off()
    bar.set_label(label, fontsize=TICK)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)


def _hatch_the_absent(axes: Axes, places: set[tuple[int, int]], shape: tuple[int, int]) -> bool:
    """Hatch the cells that are no points; whether there are any."""
    cells = {(x, y) for x in range(shape[0]) for y in range(shape[1])}
    for x, y in cells - places:
        look: dict[str, Any] = {"hatch": "//", "edgecolor": FAINT, "linewidth": 0, "label": "_absent"}
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, **look))
    return bool(cells - places)


def _words(points: PointValues, seeds: Sequence[int]) -> list[str]:
    """Of each point: its sign and mean, its interval, then the runs that have no part in them."""
    text = points.measure.text
    words = []
    for number, (mean, low, high) in enumerate(zip(points.mean, points.low, points.high, strict=True)):
        counts = {kind: int(of_points[number]) for kind, of_points in points.counts.items()}
        cell = [] if np.isnan(mean) else [f"{MARKS[points.marks[number]].sign} {text(mean)}".strip()]
        if not np.isnan(low):
            even = np.isclose(high - mean, mean - low, atol=10.0**-9)
            cell.append(f"± {text(high - mean)}" if even else f"{text(low)} to {text(high)}")
        pending = seeds[number] - sum(counts.values())
        cell += [f"{count} {kind}" for kind, count in counts.items() if count and kind != "n"]
        words.append("\n".join(cell + ([f"{pending} pending"] if pending else [])))
    return words

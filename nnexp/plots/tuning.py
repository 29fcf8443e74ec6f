"""Tuning curves; and what all pictures of trials share."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from nnexp.plots.curves import MOST_NAMES, evenly
from nnexp.plots.measures import measure_of
from nnexp.plots.metric_scales import metric_scale, set_scale
from nnexp.plots.point_values import on_data
from nnexp.plots.scales import axis_scale, label_of
from nnexp.plots.style import WIDTH, Picture, legend, lines, panel, picture, write_notes
from nnexp.results.by_point import accuracy_metric
from nnexp.results.trials import Trials
from nnexp.statistics.tuning_curves import BAND, best_of
from nnexp.text import count


def tuning_curve(trials: Trials) -> Picture:
    """Of each point, how good the best of k settings is: the median over all orders of trying them, with a
    band from the 10 to the 90 % quantile. Of more than 8 points 8 are drawn."""
    numbers, measure = shown(trials), measure_of(accuracy_metric(trials.plan))
    sizes = np.arange(1, trials.accuracy.shape[1] + 1)
    curves = np.array([measure.factor * best_of(trials.accuracy[k], sizes.tolist(), BAND) for k in numbers])
    figure = empty_picture(trials, "Tuning curve", numbers)
    axes = panel(figure, "settings tried", f"best {measure.label}")
    scale = metric_scale(measure, curves[..., 1], curves)
    set_scale(axes.yaxis, scale)
    for number, curve, look in zip(numbers, curves, lines(len(curves)), strict=True):
        low, median, high = curve.T
        axes.fill_between(sizes, low, high, color=look["color"], alpha=0.13, linewidth=0)
        name = name_of(trials, number) or "median"
        axes.plot(
            sizes, median, **look, markersize=6, markevery=[k - 1 for k in _doublings(len(sizes))], label=name
        )
    _scale_sizes(axes, len(sizes))
    legend(axes, heading(trials))
    how = f"Median of the best of so many settings, over all orders of the {len(sizes)} that were tried"
    notes = [f"{how}; band: 10 to 90 % of orders", *notes_on_trials(trials, numbers), *scale.notes(measure)]
    write_notes(figure, notes)
    return figure


def empty_picture(trials: Trials, title: str, numbers: Sequence[int]) -> Picture:
    """An empty figure, wide enough for the names of the points."""
    axes = scientific(trials)
    of_points = f" at each {' and '.join(axes)}" if axes else ""
    room = max([len(name_of(trials, number)) for number in numbers] + [len(heading(trials))])
    return picture(f"{title}{of_points}{on_data(trials.plan)}", WIDTH + 0.085 * max(0, room - 12))


def scientific(trials: Trials) -> list[str]:
    """The axes along which points are compared."""
    plan = trials.plan
    assert plan.tuning
    return [axis for axis in plan.axes if axis not in plan.tuning.names]


def heading(trials: Trials) -> str:
    return ",\n".join(scientific(trials))


def name_of(trials: Trials, number: int) -> str:
    """Of a point in the legend; empty where there is one."""
    return ", ".join(label_of(trials.plan.points[number][axis]) for axis in scientific(trials))


def shown(trials: Trials) -> list[int]:
    """The numbers of the points that are drawn; along an axis of numbers in ascending order."""
    numbers, axes = list(range(len(trials.accuracy))), scientific(trials)
    if len(axes) == 1:
        places = axis_scale([trials.plan.points[number][axes[0]] for number in numbers]).places
        numbers.sort(key=lambda number: places[number])
    return evenly(numbers, MOST_NAMES, None)


def notes_on_trials(trials: Trials, numbers: Sequence[int]) -> list[str]:
    """What the accuracies are, and which points are drawn."""
    seeds = count(len(trials.plan.seeds), "seed")
    notes = [
        f"Mean over the {seeds} that chose" if len(trials.plan.seeds) > 1 else "By the one seed that chose"
    ]
    if len(numbers) < len(trials.accuracy):
        notes.append(f"{len(numbers)} of {len(trials.accuracy)} points are drawn")
    return notes


def _doublings(budget: int) -> list[int]:
    """1, 2, 4, ... settings, and all."""
    sizes = [2**power for power in range(budget.bit_length())]
    return sizes if budget < 1.3 * sizes[-1] else [*sizes, budget]


def _scale_sizes(axes: Axes, budget: int) -> None:
    """Each doubling of the number of settings takes the same room."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(_doublings(budget)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))

"""How a search went: its settings in the order in which they were tried, and each through all its values."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from nnexp.plots.dimensions import is_list, places, ticks
from nnexp.plots.measures import measure_of
from nnexp.plots.metric_scales import metric_scale, set_scale
from nnexp.plots.parallel import (
    NOWHERE,
    coordinates,
    draw_lines,
    draw_results,
    draw_values,
    height,
    side_by_side,
)
from nnexp.plots.point_values import on_data
from nnexp.plots.style import (
    CROSS,
    DIM,
    INK,
    MARKS,
    POINT,
    PRUNED,
    SEED,
    SHADES,
    SMALL,
    STUCK,
    Picture,
    legend,
    panel,
    write_notes,
)
from nnexp.plots.tuning import empty_picture, notes_on_trials
from nnexp.results.by_point import accuracy_metric
from nnexp.results.trials import AT_CHANCE, LEARNT, LOST, PENDING, Trials
from nnexp.results.trials import PRUNED as WAS_PRUNED
from nnexp.text import count

Floats = NDArray[np.float64]
MOST_ROUNDS = 40  # up to which each has its line
CHOSEN = MARKS["best"].look | {"linestyle": "none", "color": POINT, "markersize": 15, "zorder": 6}
CHOSEN |= {"markeredgecolor": "white", "markeredgewidth": 1.0}


def search_history(trials: Trials) -> Picture:
    """Every setting in the order in which it was tried, with the best until then; upright lines begin rounds.

    Stars are what was chosen. A run that a pruner ended lies at what it had by then; one that diverged or
    failed is a cross at the lower edge.
    """
    measure, reached = measure_of(accuracy_metric(trials.plan)), _reached(trials)
    figure = empty_picture(trials, "History of the search", [0])
    axes = panel(figure, "setting", measure.label)
    scale = metric_scale(measure, reached)
    set_scale(axes.yaxis, scale)
    numbers, outcome = np.arange(1, len(reached) + 1), trials.outcome[0]
    axes.set_xlim(0.2, len(reached) + 0.8)
    axes.locator_params(axis="x", nbins=9, integer=True)
    _draw_rounds(axes, trials)
    best = np.fmax.accumulate(measure.factor * trials.accuracy[0])
    axes.step(numbers, best, where="post", color=POINT, linewidth=2, label="best until then")
    dot = {"linestyle": "none", "marker": "o", "color": SEED, "markersize": 5}
    for kind, look, name in ((LEARNT, dot, "a setting"), (AT_CHANCE, STUCK, "stayed at chance"),
                             (WAS_PRUNED, PRUNED, "ended by the pruner")):  # fmt: skip
        if (outcome == kind).any():
            axes.plot(numbers[outcome == kind], reached[outcome == kind], **look, label=name)
    if (lost := outcome == LOST).any():
        edge = blended_transform_factory(axes.transData, axes.transAxes)
        axes.plot(numbers[lost], np.full(lost.sum(), 0.02), **CROSS, transform=edge, label="did not finish")
    if trials.chosen:
        axes.plot(numbers[trials.chosen], reached[trials.chosen], **CHOSEN, label="chosen")
    legend(axes)
    write_notes(figure, [*_notes(trials), *scale.notes(measure)])
    return figure


def search_coordinates(trials: Trials) -> Picture:
    """A line per setting through its values on their own scales to its accuracy; the darker, the higher.

    Thick lines with a star are what was chosen. Below an axis pass those for which its value was not drawn.
    """
    plan = trials.plan
    assert plan.tuning
    measure, reached = measure_of(accuracy_metric(plan)), _reached(trials)
    rows = np.flatnonzero(trials.outcome[0] != PENDING)
    reached, outcome = reached[rows], trials.outcome[0, rows]
    best = [int(np.flatnonzero(rows == number)[0]) for number in trials.chosen]
    scale = metric_scale(measure, reached)
    ends, last = height(scale, reached), len(plan.tuning.space)
    figure, axes = coordinates(f"Settings tried{on_data(plan)}", [*plan.tuning.names, measure.label])
    columns = []
    for column, dimension in enumerate(plan.tuning.space):
        values, labels = places(dimension, [plan.points[k] for k in rows]), ticks(dimension)
        if is_list(dimension):
            values = side_by_side(values, 1 / len(labels), ends)
        columns.append(values)
        if np.isnan(values).any():
            axes.text(column, NOWHERE - 0.03, "not drawn", ha="center", va="top", fontsize=SMALL, color=INK)
        draw_values(axes, column, labels)
    draw_lines(axes, columns, ends, [k in best for k in range(len(rows))], list(outcome == WAS_PRUNED))
    draw_results(axes, last, scale, "did not\nfinish" if np.isnan(ends).any() else "")
    for kind, look in ((AT_CHANCE, STUCK), (WAS_PRUNED, PRUNED)):
        axes.plot(np.full((outcome == kind).sum(), last), ends[outcome == kind], **look, zorder=5)
    for k in best:
        axes.plot(last, ends[k], **CHOSEN | {"color": SHADES(ends[k]), "markersize": 18, "clip_on": False})
    signs = {"★ and thick: chosen": bool(best), "x: stayed at chance": (outcome == AT_CHANCE).any(),
             "▽ and broken: ended by the pruner": (outcome == WAS_PRUNED).any()}  # fmt: skip
    signs_text = ", ".join(sign for sign, here in signs.items() if here)
    notes = [f"A line is a setting; dark: high{', ' * bool(signs_text)}{signs_text}"]
    write_notes(figure, [*notes, *_notes(trials), *scale.notes(measure)])
    return figure


def _reached(trials: Trials) -> Floats:
    """The accuracy of each setting, in %."""
    reached: Floats = measure_of(accuracy_metric(trials.plan)).factor * trials.reached[0]
    return reached


def _notes(trials: Trials) -> list[str]:
    """How many settings there are, how they were found, and what their accuracies are."""
    tuning = trials.plan.tuning
    assert tuning
    ended = int((trials.outcome[0] != PENDING).sum())
    of = f" of {tuning.budget}" if ended < tuning.budget else ""
    rounds = f" in rounds of {tuning.together}" if tuning.together else ""
    pruner = "" if tuning.pruner == "none" else f", pruner {tuning.pruner}"
    settings = count(ended, "setting") if not of else f"{ended}{of} settings"
    return [f"{settings} by {tuning.sampler}{rounds}{pruner}", *notes_on_trials(trials, [0])]


def _draw_rounds(axes: Axes, trials: Trials) -> None:
    """A line where each round begins, but the first."""
    tuning = trials.plan.tuning
    assert tuning
    if not tuning.together or tuning.budget > MOST_ROUNDS * tuning.together:
        return
    for first in range(tuning.together, trials.accuracy.shape[1], tuning.together):
        label = "a round begins" if first == tuning.together else "_round"
        axes.axvline(first + 0.5, color=DIM, linewidth=1, linestyle=(0, (2, 2)), zorder=0, label=label)

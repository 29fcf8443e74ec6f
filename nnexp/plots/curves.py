"""Curves over a training: a metric against epochs or training seconds, one line per point."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nnexp.plots.curve_lines import MOST_BANDS, PointLine, draw_lines
from nnexp.plots.histories import histories
from nnexp.plots.measures import measure_of
from nnexp.plots.point_values import (
    by_axes,
    leading_axis,
    name_of_interval,
    notes_on_axes,
    notes_on_marks,
    notes_on_seconds,
    noun_of,
    number_of_seeds,
    on_data,
)
from nnexp.plots.scales import axis_scale, label_of
from nnexp.plots.style import MARKS, WIDTH, Picture, legend, panel, picture, write_notes
from nnexp.results.by_point import Standing, standing
from nnexp.results.means import least_seeds_of_interval
from nnexp.sweep.question.plan import Plan

TOP = ("best", "highest")  # marks of the point that stands out
MOST_LINES = 40
MOST_NAMES = 8  # lines that a reader can tell apart


def learning_curves(
    plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str = "validation_accuracy"
) -> Picture:
    """A metric against the epoch: a line per point, the mean over its finished runs, with a band.

    The band is the 95 % interval at each epoch, from 3 seeds on; of more than 4 points each line has a bar at
    its end instead. A run that stopped early counts on with its last value. Runs that did not finish, or got
    stuck, are drawn one by one, up to a cross. Of more than 8 points 8 are named, and the others are thin
    lines; of more than 40 points 40 are drawn.

    Args:
        plan: the sweep.
        runs, history: the frames of runs.csv and history.csv.
        metric: a column of the history.
    """
    return _by_point(plan, runs, history, metric, over_time=False)


def accuracy_over_time(
    plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str = "validation_accuracy"
) -> Picture:
    """As `learning_curves`, against the seconds that training took, as a mean over the seeds.

    The axis is logarithmic where the points' times differ by more than a factor of 10. Runs of one stack
    share its time.
    """
    return _by_point(plan, runs, history, metric, over_time=True)


def training_and_validation(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame) -> Picture:
    """The learning curves of a sweep without axes: accuracy and cost, on training and validation data."""
    stand = standing(plan, runs)
    figure = picture(f"Learning curves{on_data(plan)}", WIDTH + 1.5)
    notes = _notes_on_lines(stand, bands=True)
    for column, what in enumerate(("accuracy", "cost"), start=1):
        measure = measure_of(what)
        axes = panel(figure, "epoch", measure.label, (1, 2, column))
        points = [
            PointLine(histories(stand, history, f"{part}_{what}")[0], part)
            for part in ("training", "validation")
        ]
        notes += draw_lines(axes, measure, points, over_time=False)
    legend(figure.axes[0 if not figure.axes[1].get_legend_handles_labels()[0] else 1])
    write_notes(figure, notes)
    return figure


def points_in_order(plan: Plan) -> list[int]:
    """The numbers of all points; along an axis of numbers that tells them apart, in ascending order."""
    order = list(range(len(plan.points)))
    if axis := leading_axis(plan):
        places = axis_scale([point[axis] for point in plan.points]).places
        order.sort(key=lambda number: places[number])
    return order


def evenly(numbers: Sequence[int], most: int, best: int | None) -> list[int]:
    """All numbers, or `most` of them at even steps, the best one among them."""
    if len(numbers) <= most:
        return list(numbers)
    choice = np.linspace(0, len(numbers) - 1, most).round().astype(int)
    if best is not None and (place := numbers.index(best)) not in choice:
        choice[np.argmin(abs(choice - place))] = place
    return [numbers[k] for k in choice]


def _by_point(plan: Plan, runs: pd.DataFrame, history: pd.DataFrame, metric: str, over_time: bool) -> Picture:
    stand, measure = standing(plan, runs), measure_of(metric)
    plan, marks = stand.plan, stand.marks
    best = next((number for number, mark in enumerate(marks) if mark in TOP), None)
    numbers = evenly(points_in_order(plan), MOST_LINES, best)
    names = {number: _name(plan, number, marks) for number in evenly(numbers, MOST_NAMES, best)}
    heading = leading_axis(plan) or ",\n".join(plan.axes)
    room = max(len(line) for line in [*names.values(), *heading.split("\n")])
    title = "Learning curves" if measure.name.endswith(("accuracy", "cost")) else measure.name
    title = f"{measure.name} over time" if over_time else title
    figure = picture(f"{title}{by_axes(plan)}{on_data(plan)}", WIDTH + 0.085 * max(0, room - 12))
    axes = panel(figure, "training time of a run (s)" if over_time else "epoch", measure.label)
    points = histories(stand, history, metric)
    lines = [PointLine(points[number], names.get(number), number == best) for number in numbers]
    notes_on_values = draw_lines(axes, measure, lines, over_time)
    legend(axes, heading)
    notes = [*_notes_on_lines(stand, len(names) <= MOST_BANDS), *notes_on_marks(stand)]
    notes += [*notes_on_axes(plan), *notes_on_values]
    notes += _notes_on_choice(len(names), len(numbers), len(plan.points))
    notes += notes_on_seconds(plan, runs) if over_time else []
    write_notes(figure, notes)
    return figure


def _name(plan: Plan, number: int, marks: Sequence[str]) -> str:
    """Of a line in the legend, with the sign of how the point stands: of the best, and of what may be it."""
    axes = [axis] if (axis := leading_axis(plan)) else plan.axes
    name = ", ".join(label_of(plan.points[number][axis]) for axis in axes) or "mean"
    sign = MARKS[marks[number]].sign if marks[number] != "worse" else ""
    word = marks[number] if marks[number] in TOP else ""
    return f"{name} {sign} {word}".strip()


def _notes_on_lines(stand: Standing, bands: bool) -> list[str]:
    """What a line is, and its band or the bar at its end."""
    plan, finished = stand.plan, stand.runs[stand.runs["status"] == "finished"]
    counts = finished.groupby([*plan.axes] or (lambda _: 0), dropna=False).size().tolist()
    if not counts:
        return ["No run finished"]
    has_interval = max(counts) >= least_seeds_of_interval(plan) and not stand.crossing
    band = f", {'band' if bands else 'bar at the end'}: {name_of_interval(plan)}" if has_interval else ""
    over = number_of_seeds(counts, noun_of(stand))
    notes = [f"Mean over {over}{band}" if max(counts) > 1 else "One seed"]
    if (finished["epochs_done"] < finished["epochs"]).any():
        notes.append("Runs that stopped early count on with their last value")
    return notes


def _notes_on_choice(names: int, lines: int, points: int) -> list[str]:
    """Which points have a name, and which a line."""
    if names == points:
        return []
    if lines == points:
        return [f"{names} points are named, the others of {points} are thin lines"]
    return [f"{names} points are named, others are thin lines, {points - lines} of {points} are not drawn"]

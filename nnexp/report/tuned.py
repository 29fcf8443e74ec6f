"""What the answer of a tuned sweep says of its trials: what was tried and chosen, what more would bring."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from nnexp.report.answer import Line
from nnexp.report.variation import MOST_POINTS
from nnexp.results.borders import Border, borders
from nnexp.results.trials import Trials
from nnexp.statistics.intervals import Floats
from nnexp.statistics.tuning_curves import BAND, best_of
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.tuning import Tuning
from nnexp.text import count, spelled

TURNS = {"low": "lower", "high": "raise"}


def tuning_lines(plan: Plan, trials: Trials | None, best: int | None) -> Iterator[Line]:
    """Of a sweep that rests on trials; `best`: the number of its best point."""
    if not plan.trials or not plan.tuning:
        return
    fair = _fair(plan.tuning, len(plan.points))
    if trials is None:
        tried = _tried(plan.tuning, len(plan.points))
        yield Line(f"{tried}. {fair}")
        yield Line(f"{plan.trials} is not here: how the settings did cannot be said.", "warning")
    else:
        yield Line(f"{tried_text(trials)} {fair}")
        yield from _curves(trials)
    searched = plan.tuning.finalists is not None
    yield from _warnings(plan, [best] if searched and best is not None else range(len(plan.points)))


def tried_text(trials: Trials) -> str:
    """`16 settings x 2 seeds were tried at each point; 12 % of those runs diverged or stayed at chance.`"""
    assert trials.plan.tuning
    share = 100 * trials.lost.sum() / max(trials.runs, 1)
    lost = f"{share:{'.0f' if share >= 1 else '.2g'}} %" if share else "none"
    tried = _tried(trials.plan.tuning, len(trials.accuracy))
    return f"{tried}; {lost} of those runs diverged or stayed at chance."


def at_point(plan: Plan, point: int) -> str:
    """` at batch_size=10`; nothing where settings alone make the point, as in a search."""
    assert plan.tuning
    names = [name for name in plan.axes if name not in plan.tuning.names]
    label = " ".join(f"{name}={spelled(plan.points[point][name])}" for name in names)
    return f" at {label}" if label else ""


def undrawn_line(plan: Plan, points: Sequence[int]) -> Line | None:
    """Which values stand behind the dashes of a table; None if it has none."""
    values = {
        f"{name}={spelled(value)}"
        for point in points
        for name, value in plan.settings_at(point).items()
        if not plan.is_drawn(point, name)
    }
    return (
        Line(f"- is what a point has not drawn, and leaves as it was: {', '.join(sorted(values))}.")
        if values
        else None
    )


def _tried(tuning: Tuning, points: int) -> str:
    at_each = "" if points == 1 or tuning.finalists is not None else " at each point"
    return f"{count(tuning.budget, 'setting')} x {count(tuning.seeds, 'seed')} were tried{at_each}"


def _fair(tuning: Tuning, points: int) -> str:
    """What makes the comparison one of equals."""
    seeds = "seeds that judge nothing: the figures above are of fresh seeds"
    if tuning.finalists is not None:
        return f"The {count(points, 'finalist')} were chosen among them by {seeds}."
    if points == 1:
        return f"The best was chosen by {seeds}."
    return f"Each point had this same budget, and its setting was chosen by {seeds}."


def _curves(trials: Trials) -> Iterator[Line]:
    """The tuning curve of each point, at a few numbers of settings."""
    sizes, points = _sizes(trials.accuracy.shape[1]), len(trials.accuracy)
    if len(sizes) == 1:
        return
    yield Line(
        "Tuning curve: validation accuracy of the best of k settings, by those seeds, median (10 to 90 %)."
    )
    for point in range(min(points, MOST_POINTS)):
        where = at_point(trials.plan, point).removeprefix(" at ")
        yield Line(f"{where}: " * bool(where) + _curve(trials.accuracy[point], sizes))
    if points > MOST_POINTS:
        yield Line(f"The picture has the curves of {count(points - MOST_POINTS, 'more point')}.")


def _sizes(budget: int) -> list[int]:
    """One setting, a quarter of the budget, half of it, and all."""
    return sorted({1, max(budget // 4, 1), max(budget // 2, 1), budget})


def _curve(values: Floats, sizes: Sequence[int]) -> str:
    quantiles = 100 * best_of(values, sizes, BAND)
    cells = [_cell(*of_size) for of_size in quantiles.tolist()]
    return ", ".join(f"k={k} {cell}" for k, cell in zip(sizes, cells, strict=True))


def _cell(low: float, middle: float, high: float) -> str:
    """`95.67 (84.67 to 96.17)`; a setting that did not finish is none."""
    first, median, last = ("none" if math.isnan(value) else f"{value:.2f}" for value in (low, middle, high))
    return median if first == last else f"{median} ({first} to {last})"


def _warnings(plan: Plan, points: Sequence[int]) -> Iterator[Line]:
    """A line for each end of a range near which values were chosen."""
    found = sorted(borders(plan, points), key=lambda border: border.key)
    for key, members in groupby(found, key=lambda border: border.key):
        yield Line(_warning(plan, key, list(members)), "warning")


def _warning(plan: Plan, key: str, members: Sequence[Border]) -> str:
    name, values, end = members[0].name, members[0].range, members[0].end
    chosen = [f"{name}={spelled(border.value)}{at_point(plan, border.point)}" for border in members]
    return (
        f"At the {end} end of the range from {spelled(values.low)} to {spelled(values.high)}: "
        f"{', '.join(chosen)}. A better value may lie beyond: {TURNS[end]} {key} and run the sweep again."
    )

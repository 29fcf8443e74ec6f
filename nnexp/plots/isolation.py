"""What was tried of one hyperparameter."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from nnexp.plots.dimensions import is_list, range_of, words_of
from nnexp.plots.measures import Measure, measure_of
from nnexp.plots.metric_scales import metric_scale, set_scale
from nnexp.plots.scales import label_of, set_log_x
from nnexp.plots.style import CROSS, DIM, MARKS, Picture, legend, lines, panel, write_notes
from nnexp.plots.tuning import empty_picture, heading, name_of, notes_on_trials, shown
from nnexp.results.by_point import accuracy_metric
from nnexp.results.trials import Trials
from nnexp.sweep.question.space import Dimension, Range, text_of

Floats = NDArray[np.float64]
Look = dict[str, Any]
MOST_PARTS = 8  # of a range, whose best settings are drawn large
BESIDE = 0.6  # of the room of a word, that the points take side by side


class Tried(NamedTuple):
    """The settings of a point that drew a hyperparameter, of several ranges from one: their `name`, where
    they lie `along` the axis, and their mean accuracies in the measure's units (NaN where a run did not
    finish); which are `best` of their part, and which `chosen`."""

    name: str
    along: Floats
    accuracy: Floats
    best: list[int]
    chosen: list[int]


def isolation(trials: Trials, name: str) -> Picture:
    """Every setting that was tried, by its value of one hyperparameter: small, and large where it is the best
    of its part of the range, whatever other hyperparameters it had. Stars are what was chosen. Each range has
    a line of its own."""
    tuning, numbers = trials.plan.tuning, shown(trials)
    assert tuning
    measure = measure_of(accuracy_metric(trials.plan))
    dimension = next(each for each in tuning.space if each.name == name)
    figure = empty_picture(trials, f"Settings tried by {name}", numbers)
    axes = panel(figure, name, measure.label)
    tried = [each for number in numbers for each in _of_ranges(trials, number, dimension, measure)]
    scale = metric_scale(measure, np.concatenate([each.accuracy[each.best] for each in tried]),
                         np.concatenate([each.accuracy for each in tried]))  # fmt: skip
    set_scale(axes.yaxis, scale)
    _scale_values(axes, dimension)
    joined = not is_list(dimension)
    for rank, (each, look) in enumerate(zip(tried, lines(len(tried)), strict=True)):
        beside = 0.0 if joined else BESIDE * ((rank + 0.5) / len(tried) - 0.5)
        _draw_settings(axes, each, look, beside, joined)
    _draw_lost(axes, tried)
    _explain(axes, dimension)
    several = len(tried) > len(numbers)
    legend(axes, ",\n".join([*filter(None, [heading(trials)]), *[dimension.by or ""] * several]))
    notes = [
        "A dot is a setting, large where it is the best of its part of the range" if joined
        else "A dot is a setting, large where it is the best of its value",
        *(["Other hyperparameters were drawn along with it"] if len(tuning.space) > 1 else []),
        *notes_on_trials(trials, numbers),
        *scale.notes(measure),
    ]  # fmt: skip
    write_notes(figure, notes)
    return figure


def _of_ranges(trials: Trials, number: int, dimension: Dimension, measure: Measure) -> list[Tried]:
    """The settings of a point that drew the hyperparameter: together, or where its range differs by another
    setting that is tried, of each range."""
    points, budget = trials.accuracy.shape
    settings = [trials.plan.points[points * k + number] for k in range(budget)]
    drawn = [k for k, setting in enumerate(settings) if dimension.domain(setting)]
    by = "" if is_list(dimension) else dimension.by
    ranges = [text_of(settings[k][by]) if by else "" for k in drawn]
    values = [text_of(value) for value, _ in dimension.domains if text_of(value) in ranges] if by else [""]
    return [
        _tried(
            trials,
            number,
            [k for k, own in zip(drawn, ranges, strict=True) if own == value],
            dimension,
            measure,
            ", ".join(filter(None, [name_of(trials, number), value * (len(values) > 1)]))
            or "best of its part",
        )
        for value in values
    ]


def _tried(
    trials: Trials, number: int, kept: list[int], dimension: Dimension, measure: Measure, name: str
) -> Tried:
    """The settings with these numbers of a point."""
    points, budget = trials.accuracy.shape
    settings = [trials.plan.points[points * k + number] for k in kept]
    values = [setting[dimension.name] for setting in settings]
    accuracy = measure.factor * trials.accuracy[number, kept]
    if is_list(dimension):
        words = words_of(dimension)
        along = parts = np.array([words.index(label_of(value)) for value in values], float)
    else:
        along = np.array(values, float)
        domains = [dimension.domain(setting) for setting in settings]
        shares = [
            domain.place(value)
            for domain, value in zip(domains, values, strict=True)
            if isinstance(domain, Range)
        ]
        parts = np.minimum(np.floor(np.array(shares) * _parts(budget)), _parts(budget) - 1)
    chosen = [each // points for each in trials.chosen if each % points == number]
    best = _best_of_parts(parts, accuracy, along)
    return Tried(name, along, accuracy, best, [kept.index(k) for k in chosen if k in kept])


def _parts(budget: int) -> int:
    """Into how many parts a range is cut."""
    return min(MOST_PARTS, max(2, budget // 2))


def _best_of_parts(parts: Floats, accuracy: Floats, along: Floats) -> list[int]:
    """Of each part, in order, the setting with the highest accuracy."""
    best: dict[float, int] = {}
    for k in np.argsort(along, kind="stable").tolist():
        if not np.isnan(accuracy[k]) and (parts[k] not in best or accuracy[k] > accuracy[best[parts[k]]]):
            best[parts[k]] = k
    return list(best.values())


def _scale_values(axes: Axes, dimension: Dimension) -> None:
    """The hyperparameter's own scale."""
    if is_list(dimension):
        words = words_of(dimension)
        axes.set_xticks(range(len(words)), words)
        axes.set_xlim(-0.5, len(words) - 0.5)
        return
    whole = range_of(dimension)
    low, high = whole.low, whole.high
    if whole.log:
        set_log_x(axes, low, high)
        axes.set_xlim(low * (low / high) ** 0.04, high * (high / low) ** 0.04)
    else:
        axes.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))


def _draw_settings(axes: Axes, tried: Tried, look: Look, beside: float, joined: bool) -> None:
    x, y = tried.along + beside, tried.accuracy
    color, line = look["color"], look["linestyle"] if joined else "none"
    axes.plot(x, y, marker=".", linestyle="none", color=color, alpha=0.6, markersize=5, label="_setting")
    axes.plot(
        x[tried.best],
        y[tried.best],
        **(look | {"linestyle": line}),
        markersize=7,
        linewidth=1.4,
        label=tried.name,
    )
    star = MARKS["best"].look | {"linestyle": "none", "color": color, "markersize": 20, "zorder": 6}
    star |= {"markeredgecolor": "white", "markeredgewidth": 1.2, "label": "_chosen"}
    axes.plot(x[tried.chosen], y[tried.chosen], **star)


def _explain(axes: Axes, dimension: Dimension) -> None:
    """What the star is, and the two lines at the ends of the range, if there is one for all."""
    axes.plot([], [], **(MARKS["best"].look | {"linestyle": "none", "color": DIM, "label": "chosen"}))
    (_, domain), *others = dimension.domains
    if isinstance(domain, Range) and not others:
        for end, label in ((domain.low, "end of the range"), (domain.high, "_end")):
            axes.axvline(end, color=DIM, linewidth=1, linestyle=(0, (2, 2)), label=label)


def _draw_lost(axes: Axes, tried: Sequence[Tried]) -> None:
    """A cross at the lower edge for each setting of which a run did not finish."""
    lost = np.concatenate([each.along[np.isnan(each.accuracy)] for each in tried])
    if len(lost):
        edge = blended_transform_factory(axes.transData, axes.transAxes)
        axes.plot(lost, np.full(len(lost), 0.02), **CROSS, transform=edge, label="did not finish")

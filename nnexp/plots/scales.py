"""Where the values of a sweep's axis lie in a picture: a linear or logarithmic scale, or one by one."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from nnexp.text import spelled

Kind = Literal["linear", "log", "symlog", "categories"]
UPRIGHT = 0.175  # inches that an upright label takes along the axis
FEW_DECADES = 2.5  # up to which a logarithmic axis has ticks at 1, 2, 5
WIDE = 20  # largest / smallest value from which a scale is logarithmic


class Scale(NamedTuple):
    """`places`: one number per value given, in data units, or 0, 1, 2, ... for categories.

    `ticks`: place -> label, of the distinct values, ascending.
    """

    kind: Kind
    places: NDArray[np.float64]
    ticks: dict[float, str]


def axis_scale(values: Sequence[Any]) -> Scale:
    """Numbers that span much or grow by factors lie on a log scale, `symlog` if one of them is 0.

    Anything else than numbers (words, lists, null) makes categories, in order of appearance.
    """
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return categories(values)
    distinct = sorted(set(map(float, values)))
    ticks = {float(value): label_of(value) for value in sorted(values)}
    kind: Kind = "linear"
    if distinct and distinct[0] >= 0 and _by_factors([value for value in distinct if value]):
        kind = "log" if distinct[0] else "symlog"
    return Scale(kind, np.array(values, dtype=float), ticks)


def categories(values: Sequence[Any]) -> Scale:
    """Each distinct value at a place of its own: numbers ascending, others in order of appearance."""
    numbers = all(isinstance(value, int | float) for value in values)
    labels = list(dict.fromkeys(map(label_of, sorted(values) if numbers else values)))
    places = np.array([labels.index(label_of(value)) for value in values], dtype=float)
    return Scale("categories", places, dict(enumerate(labels)))


def label_of(value: Any) -> str:
    """A value as a tick label: exact, and as short as can be (0.5, 1, 1e-05, 50000, [0,1], null)."""
    if isinstance(value, float) and float(f"{value:g}") == value:
        return f"{value:g}"
    return spelled(value)


def set_log_x(axes: Axes, low: float, high: float) -> None:
    """A logarithmic x axis for values from `low` to `high`, with ticks at 1, 2, 5 if that leaves room."""
    axes.set_xscale("log")
    subs = (1.0, 2.0, 5.0) if np.log10(high / low) < FEW_DECADES else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def along_x(axes: Axes, scale: Scale, inches: float) -> list[str]:
    """Put the x axis, `inches` long, on `scale`, with a tick label at each of its values.

    The labels stand upright where they would touch otherwise. Returns those for which there is no room even
    then, which must be named elsewhere; first and last always have room.
    """
    places = sorted(scale.ticks)
    if scale.kind == "log":
        axes.set_xscale("log")
    if scale.kind == "symlog":
        positive = places[1:]
        step = np.log10(positive[-1] / positive[0]) / (len(positive) - 1)
        axes.set_xscale("symlog", linthresh=positive[0], linscale=float(step))
    axes.set_xticks(places, [scale.ticks[place] for place in places])
    axes.set_xticks([], minor=True)
    widths = {place: 0.1 * len(label) + 0.12 for place, label in scale.ticks.items()}
    if labels_with_room(axes, widths, inches) == places:
        return []
    axes.tick_params(axis="x", rotation=90)
    room = labels_with_room(axes, dict.fromkeys(places, UPRIGHT), inches)
    axes.set_xticks(places, [scale.ticks[place] if place in room else "" for place in places])
    return [scale.ticks[place] for place in places if place not in room]


def labels_with_room(axes: Axes, widths: Mapping[float, float], inches: float) -> list[float]:
    """The places, ascending, whose labels of these `widths` in inches do not touch along an x axis so long.

    First and last are among them.
    """
    places = sorted(widths)
    at = axes.transScale.transform([(place, 0) for place in places])[:, 0]
    at = (at - at[0]) / (at[-1] - at[0] or 1.0) * 0.9 * inches
    width = [widths[place] for place in places]
    choice = list(dict.fromkeys([0, len(places) - 1]))
    for k in range(len(places)):
        if all(abs(at[k] - at[other]) >= (width[k] + width[other]) / 2 for other in choice):
            choice.append(k)
    return [places[k] for k in sorted(choice)]


def _by_factors(values: Sequence[float]) -> bool:
    """Whether positive numbers, ascending, ask for a log scale."""
    if len(values) < 2:
        return False
    if values[-1] / values[0] > WIDE:
        return True
    factors = [high / low for low, high in pairwise(values)]
    steps = np.diff(values)
    even = steps.max() < 1.01 * steps.min()
    return not even and values[-1] / values[0] >= 4 and min(factors) > 1.4 and max(factors) < 2 * min(factors)

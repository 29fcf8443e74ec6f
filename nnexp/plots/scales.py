"""Where the values of a sweep's axis lie in a picture: a linear or logarithmic scale, or one by one."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from nnexp.text import spelled

Kind = Literal["linear", "log", "symlog", "categories"]
WIDE = 20  # largest / smallest value from which a scale is logarithmic


class Scale(NamedTuple):
    """`places`: one number per value given, in data units, or 0, 1, 2, ... for categories.

    `ticks`: place -> label, of the distinct values, ascending.
    """

    kind: Kind
    places: NDArray[np.float64]
    ticks: dict[float, str]


def scale_of(values: Sequence[Any]) -> Scale:
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


def along_x(axes: Axes, scale: Scale, inches: float, wanted: Sequence[float] = ()) -> None:
    """Put the x axis, `inches` long, on `scale`, with ticks at the values as far as their labels fit, those
    `wanted` before others."""
    places = sorted(scale.ticks)
    if scale.kind == "log":
        axes.set_xscale("log")
    if scale.kind == "symlog":
        positive = places[1:]
        step = np.log10(positive[-1] / positive[0]) / (len(positive) - 1)
        axes.set_xscale("symlog", linthresh=positive[0], linscale=float(step))
    fitting = fitting_labels(axes, scale.ticks, inches, wanted)
    axes.set_xticks(fitting, [scale.ticks[place] for place in fitting])
    axes.set_xticks([], minor=True)


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


def fitting_labels(
    axes: Axes, labels: Mapping[float, str], inches: float, wanted: Sequence[float] = ()
) -> list[float]:
    """The places, ascending, whose labels do not touch along an x axis so long.

    First and last are among them, then those `wanted`, as far as they fit.
    """
    places = sorted(labels)
    at = axes.transScale.transform([(place, 0) for place in places])[:, 0]
    at = (at - at[0]) / (at[-1] - at[0] or 1.0) * 0.9 * inches
    width = [0.1 * len(labels[place]) + 0.12 for place in places]
    ends = [0, len(places) - 1]

    def clear(one: int, other: int) -> bool:
        return bool(abs(at[one] - at[other]) >= (width[one] + width[other]) / 2)

    kept = list(dict.fromkeys(ends))
    for k in [*(places.index(place) for place in wanted), *range(len(places))]:
        if all(clear(k, other) for other in kept):
            kept.append(k)
    return [places[k] for k in sorted(kept)]

"""Where settings lie along a hyperparameter of a space: on the scale of its range, or in its list."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnexp.plots.metric_scales import MetricScale, tick_text
from nnexp.plots.scales import categories, label_of
from nnexp.sweep.question.space import Choices, Dimension, Range

Floats = NDArray[np.float64]


def is_list(dimension: Dimension) -> bool:
    """Whether it has values one by one."""
    return any(isinstance(domain, Choices) for _, domain in dimension.domains)


def words_of(dimension: Dimension) -> list[str]:
    """The values of its lists, in order, as labels."""
    values = [v for _, domain in dimension.domains if isinstance(domain, Choices) for v in domain.values]
    return list(categories(values).ticks.values())


def range_of(dimension: Dimension) -> Range:
    """The range from its least to its largest value, logarithmic if all its ranges are."""
    ranges = [domain for _, domain in dimension.domains if isinstance(domain, Range)]
    low, high = min(each.low for each in ranges), max(each.high for each in ranges)
    return Range(low, high, all(each.log for each in ranges))


def places(dimension: Dimension, settings: Sequence[Mapping[str, Any]]) -> Floats:
    """Where each setting lies, from 0 to 1; NaN where the hyperparameter was not drawn."""
    if is_list(dimension):
        words = words_of(dimension)
        where = {word: (number + 0.5) / len(words) for number, word in enumerate(words)}
    else:
        whole = range_of(dimension)
    name = dimension.name
    return np.array(
        [
            np.nan if dimension.domain(setting) is None
            else where[label_of(setting[name])] if is_list(dimension)
            else whole.place(setting[name])
            for setting in settings
        ]
    )  # fmt: skip


def ticks(dimension: Dimension) -> dict[float, str]:
    """Place -> label."""
    if is_list(dimension):
        words = words_of(dimension)
        return {(number + 0.5) / len(words): word for number, word in enumerate(words)}
    whole = range_of(dimension)
    scale = MetricScale("log" if whole.log else "linear", whole.low, whole.high)
    return {whole.place(tick): tick_text(tick) for tick in scale.ticks()}

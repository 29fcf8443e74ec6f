"""The scale that the values of a measure are drawn on: along an axis, and as shades."""

from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axis import Axis
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from nnexp.plots.measures import Measure

Floats = NDArray[np.float64]
Kind = Literal["linear", "log", "error"]
LOG_FROM = 10.0  # largest / smallest value from which a scale is logarithmic
ERROR_FROM = 3.0  # the same of error rates, for accuracies


class MetricScale(NamedTuple):
    """A measure's scale from `low` to `high`.

    `error`: accuracies at the logarithm of their error rate, 100 - accuracy, with the best still on top:
    among accuracies near 100 % a linear scale shows nothing. Errors below `grain`, half of the smallest mean
    error, lie nearly linear, so that 100 % has a place.
    """

    kind: Kind
    low: float
    high: float
    grain: float = 1.0

    def forward(self, values: ArrayLike) -> Floats:
        """Where values lie, in units of the picture."""
        values = np.asarray(values, np.float64)
        if self.kind == "error":
            return np.asarray(-np.arcsinh((100 - values) / self.grain))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(values) if self.kind == "log" else values

    def inverse(self, places: ArrayLike) -> Floats:
        """The values at places."""
        places = np.asarray(places, np.float64)
        if self.kind == "error":
            return np.asarray(100 + self.grain * np.sinh(places))
        return 10**places if self.kind == "log" else places

    def ticks(self) -> list[float]:
        """Round values from `low` to `high`."""
        if self.kind == "linear":
            steps = MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
            return [float(tick) for tick in steps if self.low <= tick <= self.high]
        low, high = self.low, self.high
        if self.kind == "error":
            low, high = max(100 - self.high, self.grain), 100 - self.low
        steps = _round_values(low, high)
        if self.kind == "log":
            return steps
        top = [100.0] if self.high >= 100 else []
        return sorted([round(100 - step, 10) for step in steps] + top)

    def norm(self) -> Normalize:
        """The same scale for shades."""
        if self.kind == "linear":
            return Normalize(self.low, self.high)
        return FuncNorm((self.forward, self.inverse), self.low, self.high)

    def notes(self, measure: Measure) -> list[str]:
        """What a reader must know of the scale."""
        if self.kind == "error":
            return ["Accuracies lie on a logarithmic scale of the error rate"]
        return (
            [f"The scale of the {measure.name} is logarithmic, 0 lies below it"] if self.kind == "log" else []
        )


def metric_scale(measure: Measure, means: ArrayLike, others: ArrayLike = ()) -> MetricScale:
    """The scale that shows the means apart, and on which all `others` have a place too.

    Accuracies lie at the logarithm of their error rate where the largest mean error is 3 times the smallest;
    other values on a log scale where the largest mean is 10 times the smallest, and none is 0.
    """
    middle, ends = _finite(means), _finite(np.concatenate([np.ravel(means), np.ravel(others)]))
    if not len(ends):
        return MetricScale("linear", 0.0, 1.0)
    low, high = float(ends.min()), float(ends.max())
    if measure.error and len(middle):
        errors = 100 - middle
        if errors.max() >= ERROR_FROM * errors.min() and errors.max() > 0:
            return MetricScale("error", low, high, float(errors[errors > 0].min()) / 2)
    elif measure.log and len(middle) and middle.min() > 0 and middle.max() > LOG_FROM * middle.min():
        return MetricScale("log", float(ends[ends > 0].min()), high)
    if low == high:
        half = min(0.5, measure.most / 2) if low else 0.5
        low, high = max(low - half, 0.0), min(high + half, measure.most)
    return MetricScale("linear", low, high)


def set_scale(axis: Axis, scale: MetricScale) -> None:
    """Put an axis of a picture on the scale, with its ticks and a little air at both ends."""
    axes = axis.axes
    x = axis is axes.xaxis
    options: dict[str, Any] = {"functions": (scale.forward, scale.inverse)} if scale.kind == "error" else {}
    (axes.set_xscale if x else axes.set_yscale)("function" if options else scale.kind, **options)
    first, last = scale.forward([scale.low, scale.high])
    air = 0.05 * (last - first)
    (axes.set_xlim if x else axes.set_ylim)(*scale.inverse([first - air, last + air]))
    axis.set_major_locator(FixedLocator(scale.ticks()))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(tick_text)


def tick_text(value: float, _: Any = None) -> str:
    return f"{value:.10g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else f"{value:g}"


def _round_values(low: float, high: float) -> list[float]:
    """1, 2, 5 of every power of ten from `low` to `high`; more of few, and fewer of many."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for digits in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1,)):
        steps = [float(f"{digit}e{power}") for power in powers for digit in digits]
        steps = [step for step in steps if low <= step <= high]
        if len(steps) <= 8:
            break
    return steps[:: -(-len(steps) // 7)]


def _finite(values: ArrayLike) -> Floats:
    numbers: Floats = np.ravel(np.asarray(values, np.float64))
    return numbers[np.isfinite(numbers)]

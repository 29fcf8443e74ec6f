"""Statistics of one run's curve, a metric against the epoch: the names that claims use, and their meaning."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Curve(NamedTuple):
    """A metric of one run: `epochs`, `values`, `seconds` (rows,), missing values left out.

    `last`: the last epoch of the run. `better`: 1 if a higher value is better, -1 if a lower, 0 if neither.
    """

    epochs: Floats
    values: Floats
    seconds: Floats
    last: float
    better: int


class Statistic(NamedTuple):
    """`number`: what it takes beside the metric, by name. `of`: its value; NaN where a curve has none."""

    number: str | None
    of: Callable[[Curve, float], float]


def trained(curve: Curve) -> Curve:
    """Without epoch 0, which is before training."""
    rows = curve.epochs > 0
    return curve._replace(epochs=curve.epochs[rows], values=curve.values[rows], seconds=curve.seconds[rows])


def _at(curve: Curve, epoch: float) -> float:
    found = curve.values[curve.epochs == epoch]
    return float(found[0]) if len(found) else math.nan


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan


def _best(curve: Curve) -> int:
    """The row of the first best value."""
    return int(np.argmax(curve.better * curve.values))


def _mean_first(curve: Curve, epochs: float) -> float:
    return _mean(curve.values[curve.epochs <= epochs]) if curve.last >= epochs else math.nan


def _lowest_first(curve: Curve, epochs: float) -> float:
    first = curve.values[curve.epochs <= epochs]
    return float(first.min()) if len(first) and curve.last >= epochs else math.nan


def _mean_step(curve: Curve, epochs: float) -> float:
    return _mean(np.abs(np.diff(curve.values))[curve.epochs[1:] > curve.last - epochs])


def _reached(clock: Floats, curve: Curve, target: float) -> float:
    """The first time on the clock at which the target is reached; infinite if it never is."""
    rows = np.flatnonzero(curve.better * curve.values >= curve.better * target)
    return float(clock[rows[0]]) if len(rows) else math.inf


STATISTICS = {
    "final": Statistic(None, lambda curve, _: _at(curve, curve.last)),
    "best": Statistic(None, lambda curve, _: float(curve.values[_best(curve)])),
    "lowest": Statistic(None, lambda curve, _: float(curve.values.min())),
    "highest": Statistic(None, lambda curve, _: float(curve.values.max())),
    "best_epoch": Statistic(None, lambda curve, _: float(curve.epochs[_best(curve)])),
    "increases": Statistic(None, lambda curve, _: float((np.diff(curve.values) > 0).sum())),
    "at_epoch": Statistic("epoch", _at),
    "mean_first": Statistic("epochs", _mean_first),
    "lowest_first": Statistic("epochs", _lowest_first),
    "mean_last": Statistic("epochs", lambda curve, n: _mean(curve.values[curve.epochs > curve.last - n])),
    "mean_step": Statistic("epochs", _mean_step),  # mean |change| between neighbours, in the last epochs
    "epochs_to": Statistic("target", lambda curve, target: _reached(curve.epochs, curve, target)),
    "seconds_to": Statistic("target", lambda curve, target: _reached(curve.seconds, curve, target)),
}


def statistic_of(name: str, curve: Curve, number: float | None) -> float:
    """The value of a statistic; NaN where the run has none. Rows are the evaluated epochs."""
    if name != "at_epoch":
        curve = trained(curve)
    return STATISTICS[name].of(curve, number or 0.0) if len(curve.values) else math.nan

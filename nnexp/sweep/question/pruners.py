"""Pruners: which runs of a search are ended before their last epoch, because they fall behind.

A round's floors follow from the histories of earlier rounds alone, and are frozen before it trains: a run is
ended after an epoch if its highest validation accuracy so far is below the floor of that epoch. So no run
hears of another that trains beside it, and how many workers there are plays no part.

median: after the first fifth of its epochs, a run must be as good as half of all earlier runs were by then.
asha: after 1, 3, 9, 27... epochs, it must be among the best third of the earlier runs that came so far
(Li et al. 2020, A system for massively parallel hyperparameter tuning).
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from statistics import median
from typing import TypeAlias

Curve: TypeAlias = Mapping[int, float]  # epoch -> validation accuracy, in order of epochs
Floors: TypeAlias = Mapping[int, float]  # epoch -> the least accuracy with which a run goes on

NO_PRUNER, MEDIAN, ASHA = PRUNERS = ("none", "median", "asha")
WARM_UP = 0.2  # share of the epochs in which the median ends no run
REDUCTION = 3  # one run of so many passes a rung of asha
LEAST = 4  # runs that a floor rests on


def floors(pruner: str, curves: Sequence[Curve], epochs: int) -> dict[int, float]:
    """The floors that follow from the curves of earlier runs, for runs of at most so many epochs."""
    best = [dict(zip(curve, accumulate(curve.values(), max), strict=True)) for curve in curves if curve]
    if pruner == NO_PRUNER or len(best) < LEAST:
        return {}
    return _medians(best, epochs) if pruner == MEDIAN else _rungs(best, epochs)


def _medians(best: Sequence[Curve], epochs: int) -> dict[int, float]:
    """A run that was ended earlier counts with what it had then."""
    values: dict[int, float] = {}
    for epoch in range(max(1, round(WARM_UP * epochs)), epochs):
        if any(epoch in curve for curve in best):
            values[epoch] = median(_by(curve, epoch) for curve in best)
    return values


def _by(curve: Curve, epoch: int) -> float:
    """The highest accuracy up to an epoch, 0 where there is none."""
    return max((value for at, value in curve.items() if at <= epoch), default=0.0)


def _rungs(best: Sequence[Curve], epochs: int) -> dict[int, float]:
    passing: dict[int, float] = {}
    rung = 1
    while rung < epochs:
        values = sorted((curve[rung] for curve in best if rung in curve), reverse=True)
        if len(values) >= LEAST:
            passing[rung] = values[-(-len(values) // REDUCTION) - 1]
        rung *= REDUCTION
    return passing

"""The values of quantities in finished sweeps, a number per seed, and what a reader should know of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from statistics import fmean, median, stdev
from typing import Any, NamedTuple

from nnexp.claims.places import select_points
from nnexp.claims.quantities import OVER_SEEDS, Quantity
from nnexp.claims.sweep_runs import Frames, SweepRuns, Values
from nnexp.claims.wording import place_text, quantity_words
from nnexp.errors import UserError
from nnexp.results.by_point import stuck_text

HELD_OUT = ("validation_", "test_")
ENDED = ("finished", "diverged", "failed", "timed_out", "pruned")


class Sample(NamedTuple):
    """The values of the seeds; `summarize` makes one number of them, where a check compares such numbers.

    `images`: how many an accuracy was measured on, of those of the validation or the test set; None if it is
    none. `grain`: the step between two values of an accuracy, or of a difference of two; 0 for others.
    `stuck`: which runs failed to learn where others did, in words; empty if none.
    """

    values: Values
    summarize: Callable[[Iterable[float]], float]
    images: int | None = None
    grain: float = 0.0
    stuck: str = ""

    def of(self, seeds: Container[int]) -> Sample:
        """The same of these seeds alone; runs that are stuck count, whichever they are."""
        return self._replace(values={seed: value for seed, value in self.values.items() if seed in seeds})

    @property
    def summary(self) -> float:
        return self.summarize(self.values.values()) if self.values else math.nan


class Sweeps:
    """The sweep that is judged, and others by name. `notes`: what a reader should know of the values."""

    def __init__(self, own: SweepRuns, others: Callable[[str], Frames] | None) -> None:
        self._by_name: dict[str | None, SweepRuns] = {None: own}
        self._others = others
        self.notes: list[str] = []

    def __getitem__(self, name: str | None) -> SweepRuns:
        if name not in self._by_name:
            if self._others is None or name is None:
                raise UserError(f"it rests on the sweep {name}, which is not here")
            self._by_name[name] = SweepRuns(*self._others(name))
        return self._by_name[name]

    def as_seen_from(self, name: str | None) -> Sweeps:
        """The same, with another sweep in the place of the one that is judged."""
        return Sweeps(self[name], self._others)

    def points(self, leaf: Quantity, place: Mapping[str, Any], along: str | None = None) -> list[int]:
        """The points that a quantity may take its values from."""
        return select_points(self[leaf.sweep].plan.points, {**dict(leaf.at), **place}, along or leaf.best_of)

    def sample(self, quantity: Quantity, over: str, place: Mapping[str, Any]) -> Sample:
        """A quantity at its point; `place` adds to its partial point."""
        if quantity.statistic == "sd":
            values = self._values(quantity.parts[0], over, place)
            return Sample(values, lambda v: stdev(v) if len(values) > 1 else math.nan)
        if quantity.statistic == "share" and quantity.parts:
            limit, sign = quantity.number or 0.0, 1 if quantity.above else -1
            values = self._values(quantity.parts[0], over, place)
            return Sample({s: float(sign * (v - limit) > 0) for s, v in values.items()}, fmean)
        parts = quantity.parts if quantity.statistic == "difference" else (quantity,)
        counts = [self._images(part, place) for part in parts]
        return self._sample(quantity, over, place)._replace(
            images=None if quantity.parts else counts[0],
            grain=max(1 / count if count else 0.0 for count in counts),
            stuck=self._stuck(quantity, place),
        )

    def _sample(self, quantity: Quantity, over: str, place: Mapping[str, Any]) -> Sample:
        summarize: Callable[[Iterable[float]], float] = fmean if over in ("mean", "paired") else median
        if over == "best":
            summarize = max if quantity.better > 0 else min
        return Sample(
            self._values(quantity, over, place), fmean if quantity.statistic in OVER_SEEDS else summarize
        )

    def _images(self, quantity: Quantity, place: Mapping[str, Any]) -> int | None:
        """Of an accuracy on images that were not trained on; of several points it may be at, the fewest."""
        if quantity.parts or not quantity.is_accuracy or not quantity.metric.startswith(HELD_OUT):
            return None
        sweep = self[quantity.sweep]
        images = [sweep.images(quantity.metric, point) for point in self.points(quantity, place)]
        return min(filter(None, images), default=None)

    def _stuck(self, quantity: Quantity, place: Mapping[str, Any]) -> str:
        """Of the points that the quantity takes its values from: of that where most runs are stuck."""
        points = [(leaf.sweep, point) for leaf in quantity.leaves for point in self.points(leaf, place)]
        name, point = max(points, key=lambda place: self[place[0]].stuck(place[1])[0])
        stuck, n = self[name].stuck(point)
        where = place_text(self[name].plan.points[point], name)
        return stuck_text(stuck, n, f" runs{where}") if stuck else ""

    def _values(self, quantity: Quantity, over: str, place: Mapping[str, Any]) -> Values:
        if quantity.parts:
            a, b = (self._values(part, over, place) for part in quantity.parts)
            pairs = {seed: (a[seed], b[seed]) for seed in a if seed in b}
            combine = ratio if quantity.statistic == "ratio" else difference
            values = {seed: combine(*pair) for seed, pair in pairs.items()}
        else:
            by_point = [self[quantity.sweep].values(quantity, i) for i in self.points(quantity, place)]
            values = by_point[0] if len(by_point) == 1 else _best(by_point, quantity.better, over)
        present = {seed: value for seed, value in values.items() if not math.isnan(value)}
        if len(present) < len(values):
            missing = len(values) - len(present)
            self.notes.append(f"{missing} of {len(values)} runs have no {quantity_words(quantity).text}")
        return present


def _best(by_point: list[Values], better: int, over: str) -> Values:
    """The values of the best point."""
    summarize = median if over != "best" else max if better > 0 else min
    present = [[v for v in values.values() if not math.isnan(v)] for values in by_point]
    ranks = [better * summarize(values) if values else -math.inf for values in present]
    return by_point[ranks.index(max(ranks))]


def difference(a: float, b: float) -> float:
    """a - b; NaN where both are infinite."""
    return a - b


def ratio(a: float, b: float) -> float:
    """a / b; infinite over 0, NaN where both are 0 or infinite."""
    if b == 0:
        return math.copysign(math.inf, a) if a else math.nan
    return a / b


def losses(sweeps: Sweeps, used: Iterable[tuple[str | None, int]]) -> tuple[int, int, list[str]]:
    """Of the points in `used`: runs that have not ended, all runs, and for each point what did not finish."""
    left = total = 0
    lines = []
    for name, point in used:
        sweep = sweeps[name]
        statuses, seeds = sweep.status(point), len(sweep.plan.runs_by_point[point])
        counts = Counter(statuses.values())
        left, total = left + seeds - sum(counts[status] for status in ENDED), total + seeds
        lost = [f"{counts[s]} {s.replace('_', ' ')}" for s in ENDED[1:] if counts[s]]
        if lost:
            where = place_text(sweep.plan.points[point], name)
            lines.append(f"{counts['finished']} of {seeds} runs{where} finished, {', '.join(lost)}")
    return left, total, lines

"""The values of quantities in finished sweeps: a number per seed, from the frames of runs and history."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnexp.claims.curves import OBJECTIVE, STATISTICS, Curve, statistic_of
from nnexp.claims.places import select_points
from nnexp.claims.quantities import DIVERGED, OVER_SEEDS, Quantity
from nnexp.errors import UserError
from nnexp.sweep.question.plan import Plan
from nnexp.text import spelled

if TYPE_CHECKING:
    import pandas as pd

Values = dict[int, float]  # seed -> value, of finished runs that have one
Frames: TypeAlias = "tuple[Plan, pd.DataFrame, pd.DataFrame]"  # a plan, its runs.csv, its history.csv
IS_DIVERGED = {"finished": 0.0, "diverged": 1.0}
ENDED = ("finished", "diverged", "failed", "timed_out", "pruned")


class Sample(NamedTuple):
    """The values of the seeds; `summarize` makes one number of them, where a check compares such numbers."""

    values: Values
    summarize: Callable[[Iterable[float]], float]

    @property
    def summary(self) -> float:
        return self.summarize(self.values.values()) if self.values else math.nan


class SweepRuns:
    """A sweep's frames, by point and run."""

    def __init__(self, plan: Plan, runs: pd.DataFrame, history: pd.DataFrame) -> None:
        self.plan, self.runs, self.history = plan, runs.set_index("run_id"), history
        self._rows = history.groupby("run_id", sort=False).indices
        self._columns: dict[str, NDArray[np.float64]] = {}
        self._status: dict[str, str] = dict(zip(runs["run_id"], runs["status"], strict=True))

    def status(self, point: int) -> dict[int, str]:
        """seed -> status, of the runs of a point that have a record."""
        ids = self._ids(point)
        return {seed: self._status[run_id] for seed, run_id in ids.items() if run_id in self._status}

    def shared(self, point: int) -> bool:
        """Whether any run of a point trained in a stack, so that its times are no measurements."""
        ids = [run_id for run_id in self._ids(point).values() if run_id in self._status]
        return bool((self.runs.loc[ids, "seconds_shared_by"].fillna(1) > 1).any())

    def values(self, quantity: Quantity, point: int) -> Values:
        """The statistic of each finished run; NaN where a run has none.

        Raises:
            UserError: the sweep does not have the metric.
        """
        if quantity.metric == DIVERGED:
            statuses = self.status(point).items()
            return {seed: IS_DIVERGED[status] for seed, status in statuses if status in IS_DIVERGED}
        finished = {s: i for s, i in self._ids(point).items() if self._status.get(i) == "finished"}
        if quantity.column:
            column = self.runs[quantity.column].astype("float64")
            return {seed: float(column[run_id]) for seed, run_id in finished.items()}
        return {seed: self._statistic(quantity, run_id) for seed, run_id in finished.items()}

    def _ids(self, point: int) -> dict[int, str]:
        """seed -> run_id of a point's runs."""
        return {run.seed: run.run_id for run in self.plan.runs_by_point[point]}

    def _column(self, name: str) -> NDArray[np.float64]:
        """A column of the history, NaN for a missing value."""
        if name == OBJECTIVE:
            return self._column("training_cost") + self._column("penalty")
        if name not in self.history:
            raise UserError(f"sweep {self.plan.name} does not record {name}")
        if name not in self._columns:
            self._columns[name] = self.history[name].to_numpy(np.float64, na_value=np.nan)
        return self._columns[name]

    def _statistic(self, quantity: Quantity, run_id: str) -> float:
        rows = self._rows.get(run_id, np.empty(0, np.int64))
        columns = ("epoch", quantity.metric, "seconds")
        epochs, values, seconds = (self._column(name)[rows] for name in columns)
        if quantity.relative_to:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = values / self._column(quantity.relative_to)[rows]
        present = ~np.isnan(values)
        last = float(epochs.max(initial=0))
        curve = Curve(epochs[present], values[present], seconds[present], last, quantity.curve_better)
        return statistic_of(quantity.statistic, curve, quantity.number)


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
        summarize: Callable[[Iterable[float]], float] = fmean if over in ("mean", "paired") else median
        if over == "best":
            summarize = max if quantity.better > 0 else min
        return Sample(
            self._values(quantity, over, place), fmean if quantity.statistic in OVER_SEEDS else summarize
        )

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
            self.notes.append(f"{missing} of {len(values)} runs have no {quantity_text(quantity)}")
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


def quantity_text(quantity: Quantity) -> str:
    """In words: `at_epoch 3 validation_accuracy at batch_size=10`."""
    if quantity.parts:
        return f"{quantity.statistic} of {' and '.join(quantity_text(part) for part in quantity.parts)}"
    words = [quantity.statistic, quantity.metric]
    if quantity.relative_to:
        words.append(f"relative to {quantity.relative_to}")
    if quantity.number is not None:
        words.append(f"({STATISTICS[quantity.statistic].number} {quantity.number:g})")
    return " ".join(words) + place_text(dict(quantity.at), quantity.sweep)


def place_text(at: Mapping[str, Any], sweep: str | None = None) -> str:
    """` at batch_size=10 of sweep NAME`; empty for the only point."""
    where = " at " + " ".join(f"{axis}={spelled(value)}" for axis, value in at.items()) if at else ""
    return where + (f" of sweep {sweep}" if sweep else "")


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

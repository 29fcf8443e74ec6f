"""The values of quantities in finished sweeps: a number per seed, from the frames of runs and history."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from statistics import fmean, median, stdev
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nnexp.claims.curves import STATISTICS, Curve, statistic_of
from nnexp.claims.metrics import OBJECTIVE, RUN_METRICS
from nnexp.claims.places import select
from nnexp.claims.quantities import OVER_SEEDS, Quantity
from nnexp.errors import UserError
from nnexp.sweep.question.plan import Plan
from nnexp.text import spelled

Values = dict[int, float]  # seed -> value, of finished runs that have one
Frames = tuple[Plan, pd.DataFrame, pd.DataFrame]
DIVERGED = {"finished": 0.0, "diverged": 1.0}
ENDED = ("finished", "diverged", "failed", "timed_out")


class Sample(NamedTuple):
    """Values of the seeds, and how they are taken together where they are."""

    values: Values
    take: Callable[[Iterable[float]], float]

    @property
    def taken(self) -> float:
        return self.take(self.values.values()) if self.values else math.nan


class Results:
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
        if quantity.metric == "diverged":
            return {s: DIVERGED[status] for s, status in self.status(point).items() if status in DIVERGED}
        finished = {s: i for s, i in self._ids(point).items() if self._status.get(i) == "finished"}
        if quantity.metric in RUN_METRICS or quantity.of_kept_weights:
            column = self.runs[quantity.metric].astype("float64")
            return {seed: float(column[run_id]) for seed, run_id in finished.items()}
        return {seed: self._statistic(quantity, run_id) for seed, run_id in finished.items()}

    def _ids(self, point: int) -> dict[int, str]:
        """seed -> run_id of a point's runs."""
        seeds = self.plan.seeds
        return {
            run.hyperparameters.seed: run.run_id for run in self.plan.runs[point * len(seeds) :][: len(seeds)]
        }

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
        known = ~np.isnan(values)
        last = float(epochs.max(initial=0))
        curve = Curve(epochs[known], values[known], seconds[known], last, quantity.curve_better)
        return statistic_of(quantity.statistic, curve, quantity.number)


class Sweeps:
    """The sweep that is judged, and others by name. `notes`: what a reader should know of the values."""

    def __init__(self, own: Results, others: Callable[[str], Frames] | None) -> None:
        self._known: dict[str | None, Results] = {None: own}
        self._others = others
        self.notes: list[str] = []

    def __getitem__(self, name: str | None) -> Results:
        if name not in self._known:
            if self._others is None or name is None:
                raise UserError(f"it rests on the sweep {name}, which is not at hand")
            self._known[name] = Results(*self._others(name))
        return self._known[name]

    def as_seen_from(self, name: str | None) -> "Sweeps":
        """The same, with another sweep in the place of the one that is judged."""
        return Sweeps(self[name], self._others)

    def points(self, leaf: Quantity, place: Mapping[str, Any], along: str | None = None) -> list[int]:
        """The points that a quantity may take its values from."""
        return select(self[leaf.sweep].plan.points, {**dict(leaf.at), **place}, along or leaf.best_of)

    def sample(self, quantity: Quantity, over: str, place: Mapping[str, Any]) -> Sample:
        """A quantity at its point; `place` adds to its partial point."""
        if quantity.statistic == "sd":
            values = self._values(quantity.parts[0], over, place)
            return Sample(values, lambda v: stdev(v) if len(values) > 1 else math.nan)
        if quantity.statistic == "share" and quantity.parts:
            limit, sign = quantity.number or 0.0, 1 if quantity.above else -1
            values = self._values(quantity.parts[0], over, place)
            return Sample({s: float(sign * (v - limit) > 0) for s, v in values.items()}, fmean)
        take: Callable[[Iterable[float]], float] = fmean if over in ("mean", "paired") else median
        if over == "best":
            take = max if quantity.better > 0 else min
        return Sample(
            self._values(quantity, over, place), fmean if quantity.statistic in OVER_SEEDS else take
        )

    def _values(self, quantity: Quantity, over: str, place: Mapping[str, Any]) -> Values:
        if quantity.parts:
            a, b = (self._values(part, over, place) for part in quantity.parts)
            pairs = {seed: (a[seed], b[seed]) for seed in a if seed in b}
            combine = ratio if quantity.statistic == "ratio" else difference
            values = {seed: combine(*pair) for seed, pair in pairs.items()}
        else:
            found = [self[quantity.sweep].values(quantity, i) for i in self.points(quantity, place)]
            values = found[0] if len(found) == 1 else _best(found, quantity.better, over)
        known = {seed: value for seed, value in values.items() if not math.isnan(value)}
        if len(known) < len(values):
            self.notes.append(f"{len(values) - len(known)} of {len(values)} runs have no {told(quantity)}")
        return known


def _best(found: list[Values], better: int, over: str) -> Values:
    """The values of the best point."""
    take = median if over != "best" else max if better > 0 else min
    known = [[v for v in values.values() if not math.isnan(v)] for values in found]
    ranks = [better * take(values) if values else -math.inf for values in known]
    return found[ranks.index(max(ranks))]


def difference(a: float, b: float) -> float:
    """a - b; NaN where both are infinite."""
    return a - b


def ratio(a: float, b: float) -> float:
    """a / b; infinite over 0, NaN where both are 0 or infinite."""
    if b == 0:
        return math.copysign(math.inf, a) if a else math.nan
    return a / b


def told(quantity: Quantity) -> str:
    """In words: `at_epoch 3 validation_accuracy at batch_size=10`."""
    if quantity.parts:
        return f"{quantity.statistic} of {' and '.join(told(part) for part in quantity.parts)}"
    number = (
        "" if quantity.number is None else f" ({STATISTICS[quantity.statistic].number} {quantity.number:g})"
    )
    relative = f" relative to {quantity.relative_to}" if quantity.relative_to else ""
    return (
        f"{quantity.statistic} {quantity.metric}{relative}{number}{placed(dict(quantity.at), quantity.sweep)}"
    )


def placed(at: Mapping[str, Any], sweep: str | None = None) -> str:
    """` at batch_size=10 of sweep NAME`; empty for the only point."""
    where = " at " + " ".join(f"{axis}={spelled(value)}" for axis, value in at.items()) if at else ""
    return where + (f" of sweep {sweep}" if sweep else "")


def standing(sweeps: Sweeps, used: Iterable[tuple[str | None, int]]) -> tuple[int, int, list[str]]:
    """Of the points in `used`: runs that have not ended, all runs, and for each point what did not finish."""
    left = total = 0
    losses = []
    for name, point in used:
        results = sweeps[name]
        statuses, seeds = results.status(point), len(results.plan.seeds)
        counts = Counter(statuses.values())
        left, total = left + seeds - sum(counts[status] for status in ENDED), total + seeds
        lost = [f"{counts[s]} {s.replace('_', ' ')}" for s in ENDED[1:] if counts[s]]
        if lost:
            where = placed(results.plan.points[point], name)
            losses.append(f"{counts['finished']} of {seeds} runs{where} finished, {', '.join(lost)}")
    return left, total, losses

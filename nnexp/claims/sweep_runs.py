"""The runs of one finished sweep: a number per seed at a point, from the frames of runs and history."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnexp.claims.curves import OBJECTIVE, Curve, statistic_of
from nnexp.claims.quantities import DIVERGED, Quantity
from nnexp.data import WHOLE
from nnexp.errors import UserError
from nnexp.results.by_point import stuck_ids
from nnexp.sweep.question.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

Values = dict[int, float]  # seed -> value, of finished runs that have one
Frames: TypeAlias = "tuple[Plan, pd.DataFrame, pd.DataFrame]"  # a plan, its runs.csv, its history.csv
IS_DIVERGED = {"finished": 0.0, "diverged": 1.0}


class SweepRuns:
    """A sweep's frames, by point and run."""

    def __init__(self, plan: Plan, runs: pd.DataFrame, history: pd.DataFrame) -> None:
        self.plan, self.runs, self.history = plan, runs.set_index("run_id"), history
        self._frame = runs
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

    def stuck(self, point: int) -> tuple[int, int]:
        """How many runs of the point failed to learn, of how many that finished; by how all of them end."""
        finished = [i for i in self._ids(point).values() if self._status.get(i) == "finished"]
        return sum(run_id in self._stuck for run_id in finished), len(finished)

    @cached_property
    def _stuck(self) -> frozenset[str]:
        return stuck_ids(self.plan, self._frame)

    def images(self, metric: str, point: int) -> int | None:
        """How many images an accuracy of validation or test was measured on at a point; None where these are
        no sample of more."""
        if self.plan.first_runs[point].data.name in WHOLE:
            return None
        sizes = self.plan.sizes_at(point)
        return sizes.test if metric.startswith("test_") else sizes.validation

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

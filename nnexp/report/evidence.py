"""What the answer of a sweep rests on: the figures of every point, and how the points compare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnexp.report.answer import Figure
from nnexp.results.by_point import Standing, points_at_chance, standing, stuck_runs
from nnexp.results.tables import Results, summary_table
from nnexp.sweep.question.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 100  # of a table that one still reads

SummaryRow = Mapping[Any, Any]  # column -> value of one point


@dataclass(frozen=True)
class Evidence:
    """`summary`: its rows, by number of the point, over the runs that learnt. `stuck`: at each point, how
    many did not. `at_chance`: where none of those that finished did. `shown`: numbers of the points that get
    a row.
    """

    standing: Standing
    summary: Sequence[SummaryRow]
    stuck: NDArray[np.int64]
    at_chance: NDArray[np.bool_]
    shown: Sequence[int]

    @property
    def plan(self) -> Plan:
        return self.standing.plan

    @property
    def runs(self) -> pd.DataFrame:
        return self.standing.runs

    @property
    def metric(self) -> str:
        """The accuracy by which points compare."""
        return self.standing.metric

    @property
    def has_tests(self) -> bool:
        """Whether any point was compared with the best."""
        return not np.isnan(self.standing.comparison.p).all()

    @property
    def is_complete(self) -> bool:
        """Whether every run has ended."""
        return len(self.runs) == len(self.plan.runs)


def evidence_of(results: Results) -> Evidence:
    """The figures of a sweep's points."""
    stand = standing(results.plan, results.tables.runs)
    summary = summary_table(stand.plan, stand.runs)
    if stand.crossing:
        summary = summary.assign(**dict.fromkeys(map(str, summary.filter(regex="_(low|high)$")), np.nan))
    means = summary[f"{stand.metric}_mean"].to_numpy(float, na_value=np.nan)
    return Evidence(
        standing=stand,
        summary=summary.to_dict("records"),
        stuck=stuck_runs(stand.plan, stand.runs),
        at_chance=points_at_chance(stand.plan, stand.runs),
        shown=_shown(means, stand.comparison.best),
    )


def _shown(means: NDArray[np.float64], best: int | None) -> list[int]:
    """In order: all points, or the best one and as many of the highest as one reads."""
    means = means.copy()
    if best is not None:
        means[best] = np.inf
    return sorted(np.argsort(-means, kind="stable")[:MOST_ROWS].tolist())  # NaN last


def data_text(plan: Plan, runs: pd.DataFrame, metric: str) -> str:
    """`Data: digits. Validation accuracy after the last epoch, in %.` A file goes by its name alone."""
    path = plan.runs[0].data.path
    shown = {"file": f"file ({Path(path).name})"} if path else {}
    data = ", ".join(shown.get(name, name) for name in sorted(runs["data"].unique()))
    if "train_size" not in plan.axes and runs["train_size"].notna().all():
        data += f", train_size={runs['train_size'].iloc[0]}"
    when = "at the best epoch" if metric.startswith("best") else "after the last epoch"
    return f"Data: {data}. Validation accuracy {when}, in %."


def mean_figure(row: SummaryRow, metric: str) -> Figure:
    """The mean of a metric at one point; no interval of an accuracy ends where no accuracy can be."""
    low, high = (row[f"{metric}_{end}"] for end in ("low", "high"))
    if not metric.endswith("accuracy"):
        return Figure(row[f"{metric}_mean"], low, high, "number")
    low, high = np.clip([low, high], 0, 1)
    return Figure(row[f"{metric}_mean"], float(low), float(high), "per cent")


def mean_alone(row: SummaryRow, metric: str) -> Figure:
    """The mean without its interval, which would take too much room, or say too much."""
    return replace(mean_figure(row, metric), low=math.nan, high=math.nan)


def is_cut(row: SummaryRow, metric: str) -> bool:
    """Whether the interval of an accuracy would leave 0 to 100 %."""
    return bool(row[f"{metric}_low"] < 0 or row[f"{metric}_high"] > 1)


def difference_figure(row: SummaryRow, metric: str) -> Figure:
    """The paired difference of an accuracy to the baseline."""
    ends = (row[f"{metric}_{end}"] for end in ("difference", "difference_low", "difference_high"))
    mean, low, high = ends
    return Figure(mean, low, high, "points")


def losses_text(rows: Sequence[SummaryRow]) -> str:
    """`2 diverged, 1 failed`, in all of the rows; empty if none."""
    counts = {kind: sum(row[kind] for row in rows) for kind in ("diverged", "failed", "pruned")}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)

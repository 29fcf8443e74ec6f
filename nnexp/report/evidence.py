"""What the answer of a sweep rests on: the figures of every point, and how the points compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnexp.report.answer import Figure
from nnexp.results.by_point import accuracy_metric, compare_points, samples
from nnexp.results.tables import Results
from nnexp.statistics.intervals import LEAST_GAP, Comparison, mean_interval, two_groups
from nnexp.sweep.question.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 100  # of a table that one still reads

SummaryRow = Mapping[Any, Any]  # column -> value of one point


@dataclass(frozen=True)
class Evidence:
    """`summary`: its rows, by number of the point. `metric`: the accuracy by which points compare.

    `grouped`: the points whose seeds ended in two groups. `shown`: numbers of the points that get a row.
    """

    plan: Plan
    runs: pd.DataFrame
    summary: Sequence[SummaryRow]
    metric: str
    comparison: Comparison
    grouped: NDArray[np.bool_]
    shown: Sequence[int]

    @property
    def is_complete(self) -> bool:
        """Whether every run has ended."""
        return len(self.runs) == len(self.plan.runs)


def evidence_of(results: Results) -> Evidence:
    """The figures of a sweep's points."""
    plan, runs = results.plan, results.tables.runs
    metric = accuracy_metric(plan)
    values = samples(plan, runs, [metric])[0]
    comparison = compare_points(plan, runs)
    return Evidence(
        plan=plan,
        runs=runs,
        summary=results.tables.summary.to_dict("records"),
        metric=metric,
        comparison=comparison,
        grouped=two_groups(values, LEAST_GAP),
        shown=_shown(values, comparison.best),
    )


def _shown(values: NDArray[np.float64], best: int | None) -> list[int]:
    """In order: all points, or the best one and as many of the highest as one reads."""
    means = mean_interval(values).mean
    if best is not None:
        means[best] = np.inf
    return sorted(np.argsort(-means, kind="stable")[:MOST_ROWS].tolist())  # NaN last


def mean_figure(row: SummaryRow, metric: str) -> Figure:
    """The mean of a metric at one point."""
    half = (row[f"{metric}_high"] - row[f"{metric}_low"]) / 2
    return Figure(row[f"{metric}_mean"], half, "per cent" if metric.endswith("accuracy") else "number")


def difference_figure(row: SummaryRow, metric: str) -> Figure:
    """The paired difference of an accuracy to the baseline."""
    half = (row[f"{metric}_difference_high"] - row[f"{metric}_difference_low"]) / 2
    return Figure(row[f"{metric}_difference"], half, "points")


def losses_text(rows: Sequence[SummaryRow]) -> str:
    """`2 diverged, 1 failed`, in all of the rows; empty if none."""
    counts = {kind: sum(row[kind] for row in rows) for kind in ("diverged", "failed", "pruned")}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)

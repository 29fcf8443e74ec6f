"""The table of an answer: a row per point, with its figures and marks."""

import math
from collections.abc import Iterator, Sequence

from nnexp.report.answer import Column, Figure, Line, Table, TableRow
from nnexp.report.evidence import (
    Evidence,
    SummaryRow,
    difference_figure,
    losses_text,
    mean_alone,
    mean_figure,
)
from nnexp.results.by_point import stuck_text

Cells = dict[Column, Figure | str]


def point_table(evidence: Evidence, metrics: Sequence[str]) -> Table:
    """The rows of the points that are shown. `metrics`: figures that get a column of their own."""
    cells = [_cells(evidence, number, metrics) for number in evidence.shown]
    rows = (
        TableRow(tuple(row.values()), tuple(_marks(evidence, number)), _is_best(evidence, number))
        for number, row in zip(evidence.shown, cells, strict=True)
    )
    return Table(tuple(cells[0]), tuple(rows))


def _cells(evidence: Evidence, number: int, metrics: Sequence[str]) -> Cells:
    """A point's figures, each under its column."""
    plan, row = evidence.plan, evidence.summary[number]
    cells: Cells = {
        Column(("chosen", name) if name in plan.tuned else (name,)): text
        for name, text in plan.texts_at(number).items()
    }
    cells[Column(("validation", "accuracy"))] = mean_figure(row, evidence.metric)
    cells[Column(("n",))] = str(row["n"])
    if len(plan.points) > 1:
        is_baseline = number == plan.baseline
        cells[Column(("difference", "in points"))] = (
            "baseline" if is_baseline else difference_figure(row, evidence.metric)
        )
        if evidence.has_tests:
            cells[Column(("to the best", "in points"), spare=4)] = _to_the_best(evidence, number)
    cells |= {Column(tuple(name.split("_", 1))): mean_figure(row, name) for name in metrics}
    shared = ("(shared)",) if (evidence.runs["seconds_shared_by"] > 1).any() else ()
    if plan.target is not None:
        target = f"to {100 * plan.target:g} %"
        cells[Column(("epochs", target))] = _to_target(row, "epochs_to_target")
        cells[Column(("seconds", target, *shared), spare=3)] = _to_target(row, "seconds_to_target")
    cells[Column(("training", "cost"), spare=1)] = mean_alone(row, "final_training_cost")
    cells[Column(("s/epoch", *shared), spare=2)] = mean_alone(row, "seconds_per_epoch")
    return cells


def _to_target(row: SummaryRow, name: str) -> Figure | str:
    """The mean; where not all runs reached the target, how many did."""
    reached, n = row["target_reached"], row["n"]
    return mean_figure(row, name) if reached == n else f"{reached} of {n}"


def _to_the_best(evidence: Evidence, number: int) -> str:
    """Hsu's interval on the difference to the best of the others: `-2.45 to 0`."""
    comparison = evidence.standing.comparison
    ends = (100 * comparison.low[number], 100 * comparison.high[number])
    return "-" if math.isnan(ends[0]) else " to ".join(f"{end:+.2f}" if end else "0" for end in ends)


def _is_best(evidence: Evidence, number: int) -> bool:
    return evidence.standing.marks[number] == "best"


def _marks(evidence: Evidence, number: int) -> Iterator[Line]:
    """Best or like it, and the runs that have no part in the mean."""
    mark, row, stuck = evidence.standing.marks[number], evidence.summary[number], evidence.stuck[number]
    if mark == "best":
        yield Line("*best, but" if stuck else "*best", "good")
    if mark == "highest":
        yield Line("highest")
    if mark == "alike":
        yield Line("~", "good")
    if not mark and evidence.has_tests and row["n"]:
        yield Line("not compared")
    if lost := losses_text([row]):
        yield Line(lost, "problem" if row["failed"] or row["diverged"] else "plain")
    if stuck:
        yield Line(stuck_text(stuck, row["n"] + stuck), "warning")

"""From the results of a sweep to its answer: the table, and the sentences around it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnexp.data import DataSpec
from nnexp.errors import unknown
from nnexp.nn import Hyperparameters
from nnexp.report.answer import Answer, Line, cell_text
from nnexp.report.effects import verdicts_of
from nnexp.report.evidence import Evidence, evidence_of, losses_text, mean_figure
from nnexp.report.table import point_table
from nnexp.results.by_point import point_numbers
from nnexp.results.columns import metric_names
from nnexp.results.tables import Results
from nnexp.statistics.intervals import LEAST_SEEDS, least_difference
from nnexp.sweep.question.plan import Plan, Run
from nnexp.text import count, spelled

TEST_AT_EVERY_POINT = Line(
    "The table shows test figures of every point: a point that is chosen by them is not tested.", "warning"
)
TWO_GROUPS = Line("Two groups: some seeds ended far from the others, so no mean describes both.", "warning")


def answer_of(results: Results, metrics: Sequence[str] = ()) -> Answer:
    """The answer of a sweep.

    Args:
        metrics: figures of runs.csv that get a column of their own, such as `final_validation_cost`.

    Raises:
        UserError: the sweep has no such figure.
    """
    plan = results.plan
    for name in metrics:
        if name not in metric_names(plan):
            raise unknown("metric", name, metric_names(plan))
    common: dict[str, Any] = {
        "name": f"{plan.name}/{plan.sweep_id}",
        "question": " ".join(plan.question.split()),
        "verdicts": verdicts_of(results.verdicts),
        "notes": results.notes,
        "settings": _changed_settings(plan),
    }
    evidence = evidence_of(results)
    if not any(row["n"] for row in evidence.summary):
        why = losses_text(evidence.summary) or "none has ended"
        return Answer(result=Line(f"No run finished ({why}), so there is no answer.", "problem"), **common)
    warnings = [TEST_AT_EVERY_POINT] if any(name.startswith("test_") for name in metrics) else []
    return Answer(
        heading=_heading(evidence),
        table=point_table(evidence, metrics),
        result=_result(evidence),
        explanations=(*_explanations(evidence), *warnings),
        **common,
    )


def _changed_settings(plan: Plan) -> dict[str, Any]:
    """What all runs share and is not at its default; the data set always."""
    usual = Run("", Hyperparameters(), DataSpec(), 0).settings
    return {k: v for k, v in plan.shared.items() if k == "data" or v != usual[k]}


def _heading(evidence: Evidence) -> tuple[str, str]:
    """Data set and metric; and what the error bars are."""
    plan, runs = evidence.plan, evidence.runs
    data = ", ".join(sorted(runs["data"].unique()))
    if "train_size" not in plan.axes and runs["train_size"].notna().all():
        data += f", train_size={runs['train_size'].iloc[0]}"
    when = "at the best epoch" if evidence.metric.startswith("best") else "after the last epoch"
    n = sorted({row["n"] for row in evidence.summary} - {0})
    seeds = f"{n[0]} to {n[-1]} seeds" if len(n) > 1 else count(n[0], "seed")
    few = f"; none where fewer than {LEAST_SEEDS}" if n[0] < LEAST_SEEDS else ""
    bars = f"Mean ± 95 % interval (Student's t over {seeds}{few})."
    if n[-1] < LEAST_SEEDS:
        bars = f"Mean over {seeds}, without an interval: that needs {LEAST_SEEDS} seeds."
    return f"Data: {data}. Validation accuracy {when}, in %.", bars


def _result(evidence: Evidence) -> Line | None:
    """The best point with its test accuracy; before all runs have ended, how many have."""
    plan, summary, best = evidence.plan, evidence.summary, evidence.comparison.best
    if not evidence.is_complete:
        ended = np.bincount(point_numbers(plan, evidence.runs), minlength=len(summary))
        complete = (ended == [len(runs) for runs in plan.runs_by_point]).sum()
        return Line(
            f"{len(evidence.runs)} of {len(plan.runs)} runs have ended, and {complete} of {len(summary)} "
            "points have all of their seeds: no point is chosen yet.",
            "warning",
        )
    if best is None:
        return None
    where = " ".join(f"{axis}={spelled(value)}" for axis, value in plan.points[best].items())
    beginning = f"Best on validation: {where}. Its test" if where else "Test"
    accuracy = cell_text(mean_figure(summary[best], "test_accuracy"))
    return Line(f"{beginning} accuracy: {accuracy} % (n = {summary[best]['n']}).", "result")


def _explanations(evidence: Evidence) -> Iterator[Line]:
    """What the marks of the table mean, and what it leaves out."""
    plan, summary = evidence.plan, evidence.summary
    if not np.isnan(evidence.comparison.p).all():
        yield Line(_alike(evidence))
    if plan.target is not None and any(row["target_reached"] < row["n"] for row in summary):
        yield Line(f"Where not all runs reached {100 * plan.target:g} %, the table says how many did.")
    if left := len(summary) - len(evidence.shown):
        yield Line(f"{left} more points, lower in accuracy, are in summary.csv.")
    if lost := losses_text(summary):
        yield Line(
            f"{lost}: means are over finished runs only, and the best is a point with the most of them.",
            "problem" if any(row["failed"] or row["diverged"] for row in summary) else "plain",
        )
    if evidence.grouped.any():
        yield TWO_GROUPS


def _alike(evidence: Evidence) -> str:
    """What `~` means, and how far below the best a point must lie to go without it."""
    comparison, summary = evidence.comparison, evidence.summary
    n = max(row["n"] for row in summary)
    candidates, tests = sum(row["n"] == n for row in summary), int((~np.isnan(comparison.p)).sum())
    now, later = (least_difference(candidates, tests, seeds) for seeds in (n, 2 * n))
    return (
        f"~ cannot be told from the best: {comparison.alike.sum()} of {len(summary) - 1} other points "
        "(paired t-tests, corrected by Holm's method and for choosing the best by the same data). "
        f"With {n} seeds a point counts as worse only if it lies at least {now:.1f} standard deviations "
        f"(of its paired difference) below the best; with {2 * n} seeds, {later:.1f}. "
        "Differences are to the baseline. "
        "Each interval is a separate 95 % interval; the ~ marks hold jointly."
    )

"""The first sentence of an answer: which point is best, how sure that is, and its test accuracy."""

import math

import numpy as np

from nnexp.data import WHOLE
from nnexp.report.answer import Figure, Line, cell_text
from nnexp.report.evidence import Evidence, mean_figure
from nnexp.report.variation import label_of
from nnexp.results.by_point import point_numbers, samples, stuck_text
from nnexp.statistics.images import accuracy_interval, anytime_accuracy_interval
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.stages import is_of_stage
from nnexp.text import spelled


def headline(evidence: Evidence) -> Line | None:
    """The best point with its test accuracy; before all runs have ended, how many have."""
    plan, summary, best = evidence.plan, evidence.summary, evidence.standing.comparison.best
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
    where = label_of(plan, best) + _tuned_text(plan, best)
    mark = evidence.standing.marks[best]
    chosen = "Best" if mark == "best" else "Highest"
    others = "any that it was compared with" if "" in evidence.standing.marks else "any other point"
    remarks = [f"not told from {others}"] if mark == "alike" else []
    if evidence.at_chance[best]:
        remarks.append("no better than chance")
    told = f" ({', '.join(remarks)})" if remarks else ""
    stuck = evidence.stuck[best]
    though = f", though {stuck_text(stuck, summary[best]['n'] + stuck, ' runs')}" if stuck else ""
    means = [row[f"{evidence.metric}_mean"] for row in summary]
    among = ", of runs that learn" if evidence.stuck.any() else ""
    higher = any(means[k] > means[best] for k in np.flatnonzero(evidence.stuck))
    if not stuck and (higher or (among and plan.until)):
        chosen, among = f"{chosen} without stuck runs", ""
    if is_of_stage(plan):  # it is chosen from: only the study's own sweep looks at the test set
        return Line(f"{chosen} on validation{among}{told}: {where}{though}.", "result") if where else None
    beginning = f"{chosen} on validation{among}{told}: {where}{though}. Its test" if where else "Test"
    return Line(f"{beginning} accuracy: {_test_accuracy(evidence, best)}.", "result")


def _tuned_text(plan: Plan, point: int) -> str:
    """` (learning_rate=1.323)`: what was chosen for a point."""
    chosen = plan.settings_at(point)
    text = " ".join(f"{n}={spelled(chosen[n])}" for n in plan.tuned if plan.is_drawn(point, n))
    return f" ({text})" if text and plan.axes else text


def _test_accuracy(evidence: Evidence, point: int) -> str:
    """The mean at a point, with what its interval holds: seeds, and beside it test examples too."""
    figure, n = mean_figure(evidence.summary[point], "test_accuracy"), evidence.summary[point]["n"]
    if math.isnan(figure.low) or evidence.plan.first_runs[point].data.name in WHOLE:
        return f"{cell_text(figure)} % (n = {n})"
    examples = evidence.plan.sizes_at(point).test
    accuracies = samples(evidence.plan, evidence.runs, ["test_accuracy"])[0, point]
    interval = anytime_accuracy_interval if evidence.plan.until else accuracy_interval
    mean, low, high, _ = map(float, interval(accuracies, examples))
    wider = Figure(mean, max(low, 0.0), min(high, 1.0), "per cent")
    return (
        f"{cell_text(figure)} % over seeds (n = {n}), {cell_text(wider)} % with the sampling of the "
        f"{examples:,} test examples"
    )

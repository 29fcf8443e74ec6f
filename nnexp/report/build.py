"""From the results of a sweep to its answer: the table, and the sentences around it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nnexp.data import DataSpec
from nnexp.errors import unknown
from nnexp.nn import Hyperparameters
from nnexp.report.adaptive import adaptive_lines, intervals_of
from nnexp.report.answer import Answer, Line
from nnexp.report.effects import verdicts_of
from nnexp.report.evidence import Evidence, data_text, evidence_of, is_cut, losses_text
from nnexp.report.headline import headline
from nnexp.report.study import stage_lines
from nnexp.report.table import point_table
from nnexp.report.trials import with_choice_shown
from nnexp.report.tuned import tuning_lines, undrawn_line
from nnexp.report.variation import label_of, source_name, variation_lines
from nnexp.results.by_point import chances
from nnexp.results.columns import metric_names
from nnexp.results.means import least_seeds_of_interval
from nnexp.results.tables import Results
from nnexp.statistics.best import least_difference
from nnexp.statistics.intervals import LEAST_SEEDS
from nnexp.sweep.question.plan import Plan, Run, is_of_trials
from nnexp.text import count

TEST_AT_EVERY_POINT = Line(
    "The table shows test figures of every point: a point that is chosen by them is not tested.", "warning"
)
MOST_AT_CHANCE = 5  # points that are named
STUCK_RUNS = Line(
    "Stuck runs did not learn as others of their point did. Means and tests are over those that did; in "
    "brackets: 95 % interval on the share of seeds that get stuck.",
    "warning",
)


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
    bare = Answer(
        name=f"{plan.name}/{plan.sweep_id}",
        question=" ".join(plan.question.split()),
        verdicts=verdicts_of(results.verdicts),
        intervals=intervals_of(plan),
        notes=results.notes,
        settings=_changed_settings(plan),
    )
    if is_of_trials(plan):
        return with_choice_shown(bare, results, metrics)
    evidence = evidence_of(results)
    if not any(row["n"] for row in evidence.summary):
        if not (why := losses_text(evidence.summary)):
            return replace(bare, result=Line("No run has ended yet, so there is no answer.", "warning"))
        return replace(bare, result=Line(f"No run finished ({why}), so there is no answer.", "problem"))
    warnings = [TEST_AT_EVERY_POINT] if any(name.startswith("test_") for name in metrics) else []
    best = evidence.standing.comparison.best
    explanations = [*_explanations(evidence), *tuning_lines(plan, results.trials, best)]
    return replace(
        bare,
        heading=(data_text(plan, evidence.runs, evidence.metric), _bars(evidence)),
        table=point_table(evidence, metrics),
        result=headline(evidence),
        explanations=(*explanations, *adaptive_lines(evidence, bare.verdicts), *warnings),
    )


def _changed_settings(plan: Plan) -> dict[str, Any]:
    """What all runs share and is not at its default; the data set always."""
    usual = Run("", Hyperparameters(), DataSpec(), 0).settings
    return {k: v for k, v in plan.shared.items() if k == "data" or v != usual[k]}


def _bars(evidence: Evidence) -> str:
    """What the means are over, and what their error bars are."""
    n = sorted({row["n"] for row in evidence.summary} - {0})
    if evidence.standing.crossing:
        sources = " x ".join(map(source_name, evidence.standing.crossing.axes))
        return f"Mean over {n[-1]} runs, {sources} crossed: not independent, so without an interval."
    seeds = f"{n[0]} to {n[-1]} seeds" if len(n) > 1 else count(n[0], "seed")
    least = least_seeds_of_interval(evidence.plan)
    if n[-1] < least:
        return f"Mean over {seeds}, without an interval: that needs {least} seeds."
    few = f"; none where fewer than {least}" if n[0] < least else ""
    cut = any(is_cut(evidence.summary[number], evidence.metric) for number in evidence.shown)
    ends = ", cut at 0 and 100 %" if cut else ""
    rule = "a t that holds at all looks," if evidence.plan.until else "Student's t"
    return f"Mean ± 95 % interval ({rule} over {seeds}{few}{ends})."


def _explanations(evidence: Evidence) -> Iterator[Line]:
    """What the marks of the table mean, and what it leaves out."""
    plan, summary = evidence.plan, evidence.summary
    if evidence.has_tests:
        yield Line(_marks_text(evidence))
    yield from variation_lines(evidence)
    if line := undrawn_line(plan, evidence.shown):
        yield line
    yield from stage_lines(plan)
    if plan.target is not None and any(row["target_reached"] < row["n"] for row in summary):
        yield Line(f"Where not all runs reached {100 * plan.target:g} %, the table says how many did.")
    if left := len(summary) - len(evidence.shown):
        yield Line(f"{left} more points, lower in accuracy, are in summary.csv.")
    if lost := losses_text(summary):
        yield Line(
            f"{lost}: means are over finished runs only, and the best is a point with the most of them.",
            "problem" if any(row["failed"] or row["diverged"] for row in summary) else "plain",
        )
    if evidence.stuck.any():
        yield STUCK_RUNS
    if line := _chance_line(evidence):
        yield line


def _chance_line(evidence: Evidence) -> Line | None:
    """Where no run has learnt."""
    plan = evidence.plan
    points = np.flatnonzero(evidence.at_chance).tolist()
    if not points:
        return None
    labels = [label for label in (label_of(plan, point) for point in points[:MOST_AT_CHANCE]) if label]
    labels += [f"{len(points) - MOST_AT_CHANCE} more points"] * (len(points) > MOST_AT_CHANCE)
    limits = sorted({f"{100 * limit:.2f} %" for limit in chances(plan)[points].tolist()})
    chance = f"No better than chance ({' or '.join(limits)}: one class for all, or guesses)"
    return Line(f"{chance}{': ' if labels else ''}{'; '.join(labels)}.", "problem")


def _marks_text(evidence: Evidence) -> str:
    """What `*` and `~` say, and how far below the best a point must lie to go without a mark."""
    comparison = evidence.standing.comparison
    test = "paired t-tests that may be repeated" if evidence.plan.until else "paired t-tests"
    tests = f"{test}, Bonferroni over {comparison.tests}"
    point = f"point {evidence.standing.scope}".rstrip()
    if not comparison.worse.any():
        text = f"No {point} is told from the best: any may be it ({tests})."
    elif "alike" in evidence.standing.marks:
        text = f"With 95 % confidence the best {point} is among * and ~ ({tests})."
    else:
        text = f"With 95 % confidence * is the best {point} ({tests})."
    sd = comparison.sd[np.isfinite(comparison.least_difference)]
    if "" in evidence.standing.marks:
        few = f"fewer than {LEAST_SEEDS} seeds in common with others"
        stuck = "stuck runs, or " if evidence.plan.until and evidence.stuck.any() else ""
        text += f" Not compared: points that have {stuck}{few}."
    if comparison.best is not None and len(sd) and not evidence.plan.until:
        n = evidence.summary[comparison.best]["n"]
        now = 100 * comparison.typical_difference
        later = 100 * float(least_difference(np.median(sd, keepdims=True), 2 * n, comparison.tests)[0])
        now_and_later = f"With {n} seeds a typical point is told from it at {now:.2f} points"
        text += f" {now_and_later}, with {2 * n} at {later:.2f}."
    at_once = "all points and looks" if evidence.plan.until else "all points"
    one_by_one = "hold one by one" + ", at all looks" * (evidence.plan.until is not None)
    return (
        f"{text} The intervals to the best (Hsu's) hold for {at_once} at once; those to the baseline, and "
        f"all others, {one_by_one}."
    )

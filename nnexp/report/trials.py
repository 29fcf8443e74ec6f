"""The answer of a sweep of trials: what it chose. Its figures are those that chose: nothing is compared."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from nnexp.report.answer import Answer, Column, Figure, Line, Table, TableRow
from nnexp.report.evidence import data_text, mean_alone
from nnexp.report.tuned import at_point, tried_text, undrawn_line
from nnexp.results.by_point import accuracy_metric
from nnexp.results.tables import Results, summary_table
from nnexp.results.trials import Trials, trials_in
from nnexp.sweep.question.tuning import TRIALS
from nnexp.text import count


def with_choice_shown(answer: Answer, results: Results, metrics: Sequence[str]) -> Answer:
    """The answer with the settings that are chosen, once all runs have ended.

    `metrics`: figures that get a column of their own.
    """
    plan, runs = results.plan, results.tables.runs
    if len(runs) < len(plan.runs):
        ended = f"{len(runs)} of {len(plan.runs)} runs have ended"
        return replace(answer, result=Line(f"{ended}: no setting is chosen yet.", "warning"))
    trials = trials_in(plan, runs)
    highest = f"the highest of {count(trials.accuracy.shape[1], 'setting')}"
    mean = f"Mean over {count(len(plan.seeds), 'seed')}, {highest}: fresh seeds tend to do worse."
    return replace(
        answer,
        heading=(data_text(plan, runs, accuracy_metric(plan)), mean),
        table=_table(results, trials, metrics) if trials.chosen else None,
        result=Line(tried_text(trials), "result"),
        explanations=tuple(_explanations(trials)),
    )


def _table(results: Results, trials: Trials, metrics: Sequence[str]) -> Table:
    """A row for each setting that is chosen."""
    plan, names = results.plan, (accuracy_metric(results.plan), *metrics)
    summary = summary_table(plan, results.tables.runs).to_dict("records")
    figures = [Column(("validation", "accuracy")), *(Column(tuple(name.split("_", 1))) for name in metrics)]
    cells: list[list[Figure | str]] = [
        [*plan.texts_at(number).values(), *(mean_alone(summary[number], name) for name in names)]
        for number in trials.chosen
    ]
    columns = (*(Column((axis,)) for axis in plan.axes), *figures)
    return Table(columns, tuple(TableRow(tuple(row)) for row in cells))


def _explanations(trials: Trials) -> Iterator[Line]:
    """What the rows are for, and which points have none."""
    name = trials.plan.name.removesuffix(f"/{TRIALS}")
    if line := undrawn_line(trials.plan, trials.chosen):
        yield line
    if trials.chosen:
        yield Line(
            f"Shown is what is chosen: {name} trains it again with fresh seeds, and compares only those."
        )
    for point in np.flatnonzero(np.isnan(trials.accuracy).all(axis=1)).tolist():
        where = at_point(trials.plan, point)
        yield Line(f"None of {trials.accuracy.shape[1]} settings finished{where}.", "problem")

"""Tuned sweeps and searches whose trials are known, made without training."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nnexp.claims.sweep_verdicts import results_of
from nnexp.data import DataSpec, load
from nnexp.nn import Hyperparameters
from nnexp.results.tables import Results, make_tables, runs_table
from nnexp.results.trials import Trials, trials_in, with_choice
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.trials import trials_of
from nnexp.sweep.question.tuning import tuning_of
from tests.results.sweeps import make_records

RATES = {"learning_rate": {"low": 0.01, "high": 10, "scale": "log"}, "budget": 4}
BASE = Run("", Hyperparameters(), DataSpec(), 0).settings


def tuned(sizes: Sequence[int] = (1, 10), **parts: Any) -> Question:
    axes = {"batch_size": list(sizes)} if "nuisance" in parts else {}
    question = Question("sample", "What does it do?", axes, range(3))
    return replace(question, tuning=tuning_of(question, parts.get("nuisance"), parts.get("search")))


def plan_of(question: Question) -> Plan:
    assert question.tuning
    return make_plan(trials_of(question, question.tuning, BASE), Hyperparameters(), DataSpec(), load)


def trials(question: Question, accuracies: Sequence[Sequence[float | None]]) -> Trials:
    plan = plan_of(question)
    return trials_in(plan, runs_table(plan, make_records(plan, accuracies), {}))


def compared(question: Question, made: Trials) -> Plan:
    """The plan of what trials chose."""
    return make_plan(with_choice(question, made), Hyperparameters(), DataSpec(), load)


def results(
    question: Question, made: Trials, accuracies: Sequence[Sequence[float | None]], here: bool = True
) -> Results:
    """The results of what trials chose, of these accuracies with fresh seeds; `here`: the trials, too."""
    plan = compared(question, made)
    known = results_of(plan, make_tables(plan, make_records(plan, accuracies), {}), [], ".")
    return known._replace(trials=made) if here else known

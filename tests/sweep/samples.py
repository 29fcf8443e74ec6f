"""Small sweeps to plan, train and record in tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from nnexp.data import DataSpec, load
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.seeds import SeedRule


def plan(
    axes: Mapping[str, Sequence[Any]],
    seeds: SeedRule = (0, 1),
    baseline: Mapping[str, Any] | None = None,
    data: DataSpec | None = None,
    **base: Any,
) -> Plan:
    """The plan of a sweep over synthetic data that trains two epochs, or what `base` says."""
    question = Question("sample", "What does it do?", axes, seeds, baseline)
    values = {"epochs": 2, "hidden_size": 5} | base
    return make_plan(question, Hyperparameters(**values), data or DataSpec(name="synthetic"), load)

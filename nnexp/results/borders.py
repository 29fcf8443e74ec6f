"""Chosen values that lie at the border of their range: a better one may lie beyond it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from nnexp.errors import UserError
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.points import HYPERPARAMETERS
from nnexp.sweep.question.space import Dimension, Range
from nnexp.sweep.question.stages import is_of_stage
from nnexp.sweep.question.tuning import NUISANCE, SEARCH

NEAR = 0.05  # of a range, or a step between settings that are spread evenly over it if that is more
LEAST_BUDGET = 10  # of fewer settings one in five or more lies so near by chance


class Border(NamedTuple):
    """A value near an end of its range. `key`: what widens the range there; `point`: number of its point."""

    point: int
    name: str
    value: float
    range: Range
    end: Literal["low", "high"]
    key: str


def borders(plan: Plan, points: Sequence[int]) -> Iterator[Border]:
    """The values chosen for these points that lie near an end of their range.

    An end that no value may pass, such as dropout=0, is no border; a list has none. Of a small budget nothing
    is said.
    """
    if not plan.tuning or plan.tuning.budget < LEAST_BUDGET:
        return
    for number in points:
        settings = plan.settings_at(number)
        for dimension in plan.tuning.space:
            domain = dimension.domain(settings)
            if isinstance(domain, Range) and (end := _end(domain, settings[dimension.name], _near(plan))):
                border = Border(number, dimension.name, settings[dimension.name], domain, end, "")
                if _can_be_passed(plan, border):
                    yield border._replace(key=_key(plan, dimension, settings, end))


def _near(plan: Plan) -> float:
    assert plan.tuning
    return max(NEAR, 1 / plan.tuning.budget)


def _end(domain: Range, value: float, near: float) -> Literal["low", "high"] | None:
    """The end that a value is near; of a short range, where it is near both, the nearer one."""
    place = domain.place(value)
    if min(place, 1 - place) > near:
        return None
    return "low" if place < 0.5 else "high"


def _can_be_passed(plan: Plan, border: Border) -> bool:
    """Whether a run may have a value a little beyond the end; data tell whether theirs may, once loaded."""
    if border.name not in HYPERPARAMETERS:
        return True
    beyond = border.range.beyond(border.end)
    try:
        replace(plan.first_runs[border.point].hyperparameters, **{border.name: beyond})
    except UserError:
        return False
    return True


def _key(plan: Plan, dimension: Dimension, settings: dict[str, Any], end: str) -> str:
    assert plan.tuning
    part = NUISANCE if plan.tuning.finalists is None else SEARCH
    by = [str(settings[dimension.by])] if dimension.by else []
    key = ".".join([part, dimension.name, *by, end])
    return f"{key} of the stage {plan.name.rpartition('/')[2]}" if is_of_stage(plan) else f"sweep.{key}"

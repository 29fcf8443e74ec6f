"""Rounds: the runs that a plan adds at once, frozen before they train. A grid is one round.

What comes next follows from the question and the rounds that are frozen, and from nothing else: whoever
plans again plans the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

from nnexp.sweep.question.plan import Plan

GRID = "grid"  # the rule of a round: all points with all seeds


class RunKey(NamedTuple):
    """Which run: its id, the number of its point, its seed."""

    run_id: str
    point: int
    seed: int


class Round(NamedTuple):
    """Runs that were added at once. `number` counts from 1; `rule` says what added them."""

    number: int
    rule: str
    runs: tuple[RunKey, ...]


def next_round(plan: Plan, rounds: Sequence[Round]) -> Round | None:
    """The runs of the plan that no round has yet, in plan order; None at the end.

    The first round of a grid is all of it. With more seeds than before there is another, of the new seeds.
    """
    known = {key.run_id for each in rounds for key in each.runs}
    keys = (RunKey(run.run_id, run.point, run.seed) for run in plan.runs)
    new = tuple(key for key in keys if key.run_id not in known)
    return Round(len(rounds) + 1, GRID, new) if new else None

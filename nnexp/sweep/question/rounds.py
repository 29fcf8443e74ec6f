"""Rounds: the runs that a plan adds at once, frozen before they train. A grid is one round.

What comes next follows from the question, the rounds that are frozen and their records, and from nothing
else: whoever plans again plans the same.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.pruners import Floors

# Rules of rounds: all points with all seeds; more seeds where something is undecided; more settings to try.
GRID, DECIDED, SEARCH = "grid", "until decided", "to be tried"


class RunKey(NamedTuple):
    """Which run: its id, the number of its point, its seed."""

    run_id: str
    point: int
    seed: int


class Round(NamedTuple):
    """Runs that were added at once. `number` counts from 1; `rule` says what added them; `floors`: where a
    pruner ends them (see `pruners.floors`).

    One without runs says that no more come: what is asked is decided, or has all of its seeds or settings.
    """

    number: int
    rule: str
    runs: tuple[RunKey, ...]
    floors: Floors = MappingProxyType({})


def next_round(plan: Plan, rounds: Sequence[Round]) -> Round | None:
    """The runs of the plan that no round has yet, in plan order; None at the end.

    The first round of a grid is all of it. With more seeds than before there is another, of the new seeds.
    """
    known = {key.run_id for each in rounds for key in each.runs}
    keys = (RunKey(run.run_id, run.point, run.seed) for run in plan.runs)
    new = tuple(key for key in keys if key.run_id not in known)
    if not new:
        return None
    rule = DECIDED if plan.until else SEARCH if plan.is_search else GRID
    return Round(len(rounds) + 1, rule, new, plan.floors)


def floors_by_run(rounds: Iterable[Round]) -> dict[str, Floors]:
    """run_id -> where it is ended, of runs with a pruner."""
    return {key.run_id: each.floors for each in rounds for key in each.runs if each.floors}


def so_far(whole: Plan, rounds: Sequence[Round]) -> Plan:
    """The part of a plan that its rounds have, and the first of them at least; of a grid all."""
    if whole.until is None:
        return whole
    seeds = [whole.until.first] * len(whole.points)
    for point, seed in ((key.point, key.seed) for each in rounds for key in each.runs):
        if point < len(seeds):
            seeds[point] = min(max(seeds[point], seed + 1), whole.until.most)
    return _with_seeds(whole, seeds)


def grown(whole: Plan, now: Plan, undecided: Collection[int]) -> Plan | None:
    """The plan `now` with its next round: more seeds of the points that are undecided; None if none may come.

    Of these, points with fewer seeds than others catch up first.
    """
    seeds = [len(runs) for runs in now.runs_by_point]
    if whole.until is None or not undecided:
        return None
    least = min(seeds[point] for point in undecided)
    more = whole.until.after(least)
    if more == least:
        return None
    return _with_seeds(whole, [max(n, more) if point in undecided else n for point, n in enumerate(seeds)])


def _with_seeds(whole: Plan, seeds: Sequence[int]) -> Plan:
    """The part of a plan that has the first so many seeds of each point."""
    runs = tuple(run for run in whole.runs if run.seed < seeds[run.point])
    return replace(whole, seeds=tuple(range(max(seeds))), runs=runs)

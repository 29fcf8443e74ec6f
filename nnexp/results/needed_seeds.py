"""How many seeds a difference of accuracy takes, by the scatter of a sweep that is trained already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnexp.results.by_point import accuracy_metric, samples, with_stuck
from nnexp.statistics.intervals import MOST_SEEDS
from nnexp.statistics.power import Needed, seeds_by_pair
from nnexp.sweep.question.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

DIFFERENCES = (0.3, 1.0)  # points of accuracy
NO_SCATTER = "Seeds: no spread to go by; a pilot of 5 seeds tells how many a difference takes."


def needed_seeds(plan: Plan, runs: pd.DataFrame, difference: float) -> dict[str, Needed]:
    """Those of `seeds_by_pair` for so many points of accuracy, over runs that learnt; empty if too few."""
    return seeds_by_pair(100 * samples(plan, with_stuck(plan, runs), [accuracy_metric(plan)])[0], difference)


def seeds_line(plan: Plan, runs: pd.DataFrame) -> str:
    """The same in a line, for a typical pair of points; empty if too few runs learnt."""
    texts = []
    for difference in DIFFERENCES:
        if needed := needed_seeds(plan, runs, difference).get("typical"):
            seeds, low, high = map(seeds_text, needed[1:])
            texts.append(f"{seeds} ({low} to {high}) for {difference:g} points")
    where = f"by the scatter of {plan.name}/{plan.sweep_id}"
    return f"Seeds that one pair of points takes, {where}: {', '.join(texts)}." if texts else ""


def seeds_text(seeds: int | None) -> str:
    """A number of seeds, or that it is beyond the largest."""
    return f"over {MOST_SEEDS}" if seeds is None else str(seeds)

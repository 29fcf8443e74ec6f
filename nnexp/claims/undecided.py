"""Which points need more seeds, where these go on until what a sweep asks is decided."""

from pathlib import Path

import numpy as np

from nnexp.claims.answerable import frozen_claims
from nnexp.claims.sweep_verdicts import sweeps_by_name
from nnexp.claims.verdicts import points_to_decide
from nnexp.results.by_point import standing, stuck_runs
from nnexp.results.tables import Tables
from nnexp.sweep.question.plan import Plan


def undecided_points(plan: Plan, tables: Tables, sweeps_dir: str | Path) -> frozenset[int]:
    """Numbers of the points that may still be the best one, if there are several, and of those that an
    undecided claim names."""
    others = sweeps_by_name(sweeps_dir)
    named = points_to_decide(frozen_claims(plan), plan, tables.runs, tables.history, others)
    return frozenset(named | _that_may_be_best(plan, tables))


def _that_may_be_best(plan: Plan, tables: Tables) -> set[int]:
    """None where the seeds of streams are crossed: then nothing is tested. Nor points with stuck runs, which
    are compared with no other, however many seeds they have."""
    stand = standing(plan, tables.runs)
    if stand.comparison.best is None or stand.crossing:
        return set()
    left = np.flatnonzero(~stand.comparison.worse & (stuck_runs(plan, stand.runs) == 0))
    return set(left.tolist()) if len(left) > 1 else set()

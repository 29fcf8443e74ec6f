"""Judging a claim again from runs.csv alone, where that holds every figure that the claim takes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from nnexp.claims.parsing import Claim
from nnexp.claims.samples import Frames
from nnexp.claims.verdicts import judge
from nnexp.results.tables import history_table
from nnexp.sweep.question.plan import Plan

FIGURES = ["effect", "effect_low", "effect_high", "n"]


class Runs(NamedTuple):
    """A sweep's plan, and the frame of its runs.csv."""

    plan: Plan
    runs: pd.DataFrame

    @property
    def frames(self) -> Frames:
        """What claims are judged by; without a history."""
        return self.plan, self.runs, history_table(self.plan, {})


def comes_out_again(claim: Claim, row: pd.Series, own: Runs, others: Callable[[str], Runs]) -> bool:
    """Whether judging the runs gives this row of verdicts.csv; true where runs.csv is not enough to tell."""
    if not all(leaf.in_runs_csv for leaf in claim.leaves):
        return True
    now = judge([claim], *own.frames, lambda name: others(name).frames).iloc[0]
    a, b = (pd.to_numeric(verdict[FIGURES]).to_numpy(np.float64, na_value=np.nan) for verdict in (now, row))
    return bool(now["verdict"] == row["verdict"] and np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True))

"""Judging a claim again from runs.csv alone, where that holds every figure that the claim takes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from nnexp.claims.metrics import RUN_METRICS
from nnexp.claims.parsing import Claim
from nnexp.claims.quantities import Quantity
from nnexp.claims.samples import Frames
from nnexp.claims.verdicts import judge
from nnexp.results.tables import history_table
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import BEST, FINAL

FIGURES = ["effect", "effect_low", "effect_high", "n"]


class Runs(NamedTuple):
    """A sweep's plan, and the frame of its runs.csv."""

    plan: Plan
    runs: pd.DataFrame


def sweeps_of(claim: Claim) -> list[str]:
    """The other sweeps whose points the claim's checks take."""
    return sorted({leaf.sweep for leaf in _leaves(claim) if leaf.sweep})


def _leaves(claim: Claim) -> list[Quantity]:
    sides = [side for check in claim.checks for side in (check.left, check.right)]
    return [leaf for side in sides if isinstance(side, Quantity) for leaf in side.leaves]


def comes_out_again(claim: Claim, row: pd.Series, own: Runs, others: Callable[[str], Runs]) -> bool:
    """Whether judging the runs gives this row of verdicts.csv; true where runs.csv is not enough to tell."""
    if not all(_in_runs(leaf) for leaf in _leaves(claim)):
        return True

    def ends_of(name: str) -> Frames:
        return *others(name), _ends(others(name))

    now = judge([claim], *own, _ends(own), ends_of).iloc[0]
    a, b = (pd.to_numeric(told[FIGURES]).to_numpy(np.float64, na_value=np.nan) for told in (now, row))
    return bool(now["verdict"] == row["verdict"] and np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True))


def _in_runs(leaf: Quantity) -> bool:
    """Whether runs.csv holds the quantity of each run."""
    if leaf.statistic == "final":
        return leaf.of_kept_weights or (leaf.metric in (*FINAL, *RUN_METRICS) and not leaf.relative_to)
    best = leaf.statistic in ("best", "highest", "best_epoch") and leaf.metric == "validation_accuracy"
    return leaf.metric == "diverged" or (best and not leaf.relative_to)


def _ends(sweep: Runs) -> pd.DataFrame:
    """The best and the last row of each finished run's history, as far as runs.csv holds them."""
    runs = sweep.runs[sweep.runs["status"] == "finished"]
    rows = []
    for epoch, kind, names in (("best_epoch", "best", BEST), ("epochs_done", "final", FINAL)):
        figures = {name: runs[f"{kind}_{name}"] for name in names}
        rows.append(pd.DataFrame({"run_id": runs["run_id"], "epoch": runs[epoch], **figures}))
    ends = pd.concat(rows).drop_duplicates(["run_id", "epoch"], keep="last")
    return ends.sort_values(["run_id", "epoch"]).reindex(columns=list(history_table(sweep.plan, {})))

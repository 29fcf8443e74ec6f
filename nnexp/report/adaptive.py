"""How a sweep ended whose seeds go on until decided, and what its decisions rest on."""

from collections.abc import Iterator, Sequence

import numpy as np

from nnexp.report.answer import INTERVALS, Line, Verdict
from nnexp.report.evidence import Evidence
from nnexp.report.variation import label_of
from nnexp.sweep.question.plan import Plan

MOST_NAMES = 6  # of points that may be the best
RATES = Line(  # measured: docs/statistics.md
    "At most 5 % of such decisions are wrong where runs learn and noise is near normal; at the threshold "
    "21 % are under lognormal noise, and 55 % where one run in ten is stuck.",
    "warning",
)


def intervals_of(plan: Plan) -> str:
    """What the intervals of the verdicts are, in words."""
    return INTERVALS if plan.until is None else "intervals that hold at 95 % for all looks and tests"


def adaptive_lines(evidence: Evidence, verdicts: Sequence[Verdict]) -> Iterator[Line]:
    """What is decided with which seeds, then the error rates; nothing of other sweeps, or in a round."""
    if evidence.plan.until is None or not evidence.is_complete:
        return
    seeds = sorted({len(runs) for runs in evidence.plan.runs_by_point})
    number = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
    rule = f"with {number} seeds of at most {evidence.plan.until.most}"
    open_ = [verdict.id for verdict in verdicts if verdict.verdict == "undecided"]
    if best := _may_be_best(evidence):
        more = f" and {len(best) - MOST_NAMES} more" if len(best) > MOST_NAMES else ""
        open_.append(f"which is the best of {', '.join(best[:MOST_NAMES])}{more}")
    suspended = " More seeds do not decide what stuck runs leave open." if evidence.stuck.any() else ""
    told = f"Not decided {rule}: {'; '.join(open_)}.{suspended}" if open_ else f"Decided {rule}."
    yield Line(told, "result")
    yield RATES


def _may_be_best(evidence: Evidence) -> list[str]:
    """The points that may be the best, if there are several; none where nothing is to be tested."""
    stand = evidence.standing
    if stand.comparison.best is None or stand.crossing:
        return []
    left = np.flatnonzero(~stand.comparison.worse).tolist()
    return [label_of(evidence.plan, number) for number in left] if len(left) > 1 else []

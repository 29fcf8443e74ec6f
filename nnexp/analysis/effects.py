"""The figures of a verdict in the units that a reader expects: per cent, points, ratios."""

import re
from typing import NamedTuple

import pandas as pd

from nnexp.analysis.claims.checks import Check
from nnexp.analysis.claims.parsing import Claim
from nnexp.analysis.claims.quantities import Quantity


class Unit(NamedTuple):
    """How an effect is printed."""

    factor: float = 1.0
    form: str = ".4g"
    name: str = ""


PER_CENT, POINTS, RATIO, PLAIN = (
    Unit(100, ".2f", " %"),
    Unit(100, "+.2f", " points"),
    Unit(name=" times"),
    Unit(),
)


def told_effect(claim: Claim, row: pd.Series) -> str:
    """`96.61 % (96.50 to 96.72), threshold 96.30, n = 5`; what is known instead where there is no effect."""
    note = "" if pd.isna(row["note"]) else str(row["note"])
    if pd.isna(row["effect"]):
        return note
    unit = unit_of(_deciding(claim, note))

    def told(name: str) -> str:
        return f"{unit.factor * row[name]:{unit.form}}"

    words = f"{told('effect')}{unit.name}"
    if not pd.isna(row["effect_low"]):
        words += f" ({told('effect_low')} to {told('effect_high')})"
    return f"{words}, threshold {told('threshold')}, n = {row['n']}"


def _deciding(claim: Claim, note: str) -> Check:
    """The check whose figures the verdict has: of several, the note says which."""
    found = re.search(r"\bcheck (\d+) of \d+", note)
    return claim.checks[int(found[1]) - 1 if found else 0]


def unit_of(check: Check) -> Unit:
    """The unit of a check's effect."""
    if check.times is not None:
        return RATIO
    differs = isinstance(check.right, Quantity) or check.along is not None
    if check.left.is_accuracy:
        return POINTS if differs or check.left.statistic == "difference" else PER_CENT
    return PER_CENT if check.left.statistic == "share" and not differs else PLAIN

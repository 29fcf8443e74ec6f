"""The figures of a verdict in the units that a reader expects: per cent, points, ratios."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd


class Unit(NamedTuple):
    """How an effect is printed."""

    factor: float = 1.0
    form: str = ".4g"
    name: str = ""


PLAIN, PER_CENT, POINTS = Unit(), Unit(100, ".2f", " %"), Unit(100, "+z.2f", " points")
UNITS = {  # effect_kind -> unit; others are plain
    "accuracy": PER_CENT,
    "share": PER_CENT,
    "accuracy difference": POINTS,
    "share difference": POINTS,
    "ratio": Unit(name=" times"),
}


def told_effect(row: Mapping[Any, Any]) -> str:
    """`96.61 % (96.50 to 96.72), wanted >= 96.30, n = 5`, of a row of the frame of `judge`; empty without an
    effect. In brackets its 95 % interval."""
    if pd.isna(row["effect"]):
        return ""
    if math.isinf(row["effect"]):
        return f"one side never reaches the target, n = {row['n']}"
    unit = UNITS.get(row["effect_kind"], PLAIN)

    def told(name: str) -> str:
        return f"{unit.factor * row[name]:{unit.form}}"

    words = f"{told('effect')}{unit.name}"
    if not pd.isna(row["effect_low"]):
        words += f" ({told('effect_low')} to {told('effect_high')})"
    return f"{words}, wanted {row['rel']} {told('threshold')}, n = {row['n']}"

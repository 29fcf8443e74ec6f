"""Verdicts as plain data, and their figures in the units that a reader expects: per cent, points, ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nnexp.report.answer import Effect, Verdict

if TYPE_CHECKING:
    import pandas as pd


class EffectUnit(NamedTuple):
    """How an effect is printed."""

    factor: float = 1.0
    form: str = ".4g"
    name: str = ""

    def text(self, figure: float) -> str:
        return f"{self.factor * figure:{self.form}}"


PLAIN, PER_CENT, POINTS = EffectUnit(), EffectUnit(100, ".2f", " %"), EffectUnit(100, "+z.2f", " points")
RATIO = EffectUnit(name=" times")
VERDICT_TEXTS = ("text", "published", "note")
UNITS = {  # kind of effect -> unit; others are plain
    "accuracy": PER_CENT,
    "share": PER_CENT,
    "accuracy difference": POINTS,
    "share difference": POINTS,
    "ratio": RATIO,
}


def unit_of(effect: Effect) -> EffectUnit:
    """In what its figures are printed."""
    return UNITS.get(effect.kind, PLAIN)


def effect_text(effect: Effect | None) -> str:
    """`A minus B: +0.61 points (+0.50 to +0.72), wanted > +0.30, n = 5`; empty for none. In brackets the 95 %
    interval."""
    return " ".join(filter(None, effect_lines(effect)))


def effect_lines(effect: Effect | None) -> tuple[str, str]:
    """The same in two lines: what it is, and its figures; empty ones for none."""
    if effect is None:
        return "", ""
    return (f"{effect.compared}:" if effect.compared else "", figures_text(effect))


def figures_text(effect: Effect) -> str:
    """The same without the words on what it is."""
    if math.isinf(effect.value):
        return f"one side never reaches the target, n = {effect.n}"
    unit = unit_of(effect)
    value, low, high = (unit.text(figure) for figure in (effect.value, effect.low, effect.high))
    interval = "" if math.isnan(effect.low) else f" ({low} to {high})"
    return f"{value}{unit.name}{interval}, wanted {_wanted(effect, unit)}, n = {effect.n}"


def _wanted(effect: Effect, unit: EffectUnit) -> str:
    """`> +0.50`; `within 0.50 of 0`; `96.30 to 97.10`."""
    if effect.rel == "between":
        return f"{unit.text(effect.threshold)} to {unit.text(effect.threshold_high)}"
    if effect.rel != "within":
        return f"{effect.rel} {unit.text(effect.threshold)}"
    centre = unit.text(effect.threshold) if effect.threshold else "0"
    return f"within {unit.text(effect.within).removeprefix('+')} of {centre}"


def verdicts_of(frame: pd.DataFrame) -> tuple[Verdict, ...]:
    """The rows of the frame of `judge`, or of a verdicts.csv."""
    return tuple(verdict_of(row) for row in frame.to_dict("records"))


def verdict_of(row: Mapping[Any, Any] | pd.Series) -> Verdict:
    """One row of it."""
    import pandas as pd

    text, published, note = ("" if pd.isna(row[k]) else " ".join(row[k].split()) for k in VERDICT_TEXTS)
    return Verdict(row["id"], text, row["verdict"], published, _effect(row), note)


def _effect(row: Mapping[Any, Any] | pd.Series) -> Effect | None:
    import pandas as pd

    if pd.isna(row["effect"]):
        return None
    value, low, high = (float(row[name]) for name in ("effect", "effect_low", "effect_high"))
    threshold, upper, within = (float(row[name]) for name in ("threshold", "threshold_high", "within"))
    compared = "" if pd.isna(row["compared"]) else row["compared"]
    kind, rel, n = row["effect_kind"], row["rel"], int(row["n"])
    return Effect(value, low, high, kind, rel, threshold, n, upper, within, compared)

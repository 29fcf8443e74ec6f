"""The answer of a sweep as plain data: every renderer (`terminal`, `markdown`) is a function of it.

Texts are plain: a renderer decides where lines break, and masks what its own language would take for markup.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FigureUnit = Literal["number", "per cent", "points"]  # points: differences of percentages, with their sign
Tone = Literal["plain", "result", "good", "warning", "problem"]  # how a renderer sets a text off

CELL_FORMS = {"number": (1, ".3g", ".2g"), "per cent": (100, ".2f", ".2f"), "points": (100, "+z.2f", ".2f")}
INTERVALS = "95 % intervals"  # of verdicts
EVEN = 1e-6  # of half an interval: as far apart its two halves may be


@dataclass(frozen=True)
class Figure:
    """A mean, with the ends of its 95 % interval if it has one; accuracies as fractions."""

    mean: float
    low: float = math.nan
    high: float = math.nan
    unit: FigureUnit = "number"


@dataclass(frozen=True)
class Line:
    """A sentence or two."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Column:
    """`heading`: its parts, each of which may stand on a line of its own.

    `spare`: 0 for a column that is always shown; others may go where room is short, 1 first, then 2, 3.
    """

    heading: tuple[str, ...]
    spare: int = 0


@dataclass(frozen=True)
class TableRow:
    """A point of the sweep. `cells`: one per column. `marks`: what is special about it, in a word or two."""

    cells: tuple[Figure | str, ...]
    marks: tuple[Line, ...] = ()
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A row per point, in plan order."""

    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class Effect:
    """What decides a claim: `value` must lie as `rel` says to `threshold`; over `n` seeds.

    `kind`, `compared`: as `effect_kind` and `compared` of the frame of `judge`. `low`, `high`: 95 % interval,
    NaN if there is none. `threshold_high`, `within`: as in that frame.
    """

    value: float
    low: float
    high: float
    kind: str
    rel: str
    threshold: float
    n: int
    threshold_high: float = math.nan
    within: float = math.nan
    compared: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim. `published`: the figure of the claim's source; `effect`: None if not judged."""

    id: str
    text: str
    verdict: str
    published: str = ""
    effect: Effect | None = None
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """What a sweep says.

    `name`: NAME/ID. `heading`: what the figures of the table are. `table`: None if no run has finished.
    `result`: the best point and its test accuracy, or why there is none. `explanations`: what the marks of
    the table mean. `intervals`: what those of the verdicts are. `notes`: what is odd about the runs.
    `settings`: hyperparameters and data that all runs share and that are not at their default, the data set
    always.
    """

    name: str
    question: str
    heading: tuple[str, ...] = ()
    table: Table | None = None
    result: Line | None = None
    explanations: tuple[Line, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    intervals: str = INTERVALS
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def cell_text(cell: Figure | str) -> str:
    """`95.00 ± 2.48`, `+0.50 ± 2.58` for points, `-` for no value; `84.27 (49.40 to 100.00)` where cut."""
    if isinstance(cell, str):
        return cell
    if math.isnan(cell.mean):
        return "-"
    factor, form, half_form = CELL_FORMS[cell.unit]
    mean, low, high = (f"{factor * value:{form}}" for value in (cell.mean, cell.low, cell.high))
    if math.isnan(cell.low):
        return mean
    above, below = cell.high - cell.mean, cell.mean - cell.low
    even = abs(above - below) <= EVEN * max(above, below)
    return f"{mean} ± {factor * above:{half_form}}" if even else f"{mean} ({low} to {high})"

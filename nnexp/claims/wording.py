"""What the figures of a check are, in words: what is measured, and which side minus which.

`at hidden_size=60: validation accuracy after epoch 1, batch_size=10 minus batch_size=300`. Where both sides
measure the same, that is said once; where at the same place, that comes first, or it would read as the second
side's alone.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from nnexp.claims.checks import Check
from nnexp.claims.curves import RUN_METRICS, STATISTICS
from nnexp.claims.quantities import DIVERGED, Quantity
from nnexp.text import spelled

MINUS, DIVIDED = "minus", "divided by"
OVER = {"median": ", median over seeds", "best": ", best seed", "each": ", least favourable seed"}
RATIO_OVER = OVER | {"paired": ", geometric mean over seeds", "mean": ", ratio of the means"}


class Words(NamedTuple):
    """`what` is measured, and `where`: parts of a place, such as `batch_size=10`; `sides`: whether it is one
    side minus, or divided by, another."""

    what: str
    where: tuple[str, ...] = ()
    sides: bool = False

    @property
    def text(self) -> str:
        if not self.where:
            return self.what
        place = f"at {' '.join(self.where)}"
        return f"{place}: {self.what}" if self.sides else f"{self.what} {place}"

    @property
    def bracketed(self) -> str:
        """What is measured, as a part of something larger."""
        return f"({self.what})" if self.sides else self.what


def check_words(check: Check) -> str:
    """What the effect of a check is that takes no axis."""
    left = quantity_words(check.left)
    if isinstance(check.right, Quantity):
        left = _between(left, quantity_words(check.right), _sign(check))
    return left.text + _over(check)


def step_words(check: Check, here: str, there: str) -> str:
    """What the effect of a check along an axis is, from the place `there` to `here`."""
    left = quantity_words(check.left)
    weakest = f", the weakest of {check.tests} steps" if check.tests > 1 else ""
    step = _between(_beside(left, here), _beside(left, there), _sign(check))
    return step.text + weakest + _over(check)


def optimum_words(check: Check, best: str = "", end: str = "") -> str:
    """What the effect of an optimum is: by how much the best point inside is better than the better end."""
    left = quantity_words(check.left)
    inside = _beside(left, f"{best} (best inside)" if best else "the best inside")
    outside = _beside(left, f"{end} (better end)" if end else "the better end")
    sides = (inside, outside) if check.left.better > 0 else (outside, inside)
    return _between(*sides, MINUS).text + _over(check)


def _sign(check: Check) -> str:
    return MINUS if check.times is None else DIVIDED


def _over(check: Check) -> str:
    """How the seeds are taken together, where it is not their mean."""
    return (OVER if check.times is None else RATIO_OVER).get(check.over, "")


def _beside(words: Words, place: str) -> Words:
    return words._replace(where=(place, *words.where))


def _between(left: Words, right: Words, sign: str) -> Words:
    """Left minus, or divided by, right; what both have in common stands once."""
    common = tuple(place for place in left.where if place in right.where)
    own, other = (tuple(place for place in side.where if place not in common) for side in (left, right))
    if left.what == right.what:
        places = (" ".join(places) or "this sweep" for places in (own, other))
        return Words(f"{left.bracketed}, {f' {sign} '.join(places)}", common, sides=True)
    sides = (Words(left.bracketed, own), Words(right.bracketed, other))
    return Words(f" {sign} ".join(side.text for side in sides), common, sides=True)


def quantity_words(quantity: Quantity) -> Words:
    """`validation accuracy after epoch 1`, and its place."""
    if quantity.statistic in ("difference", "ratio"):
        left, right = map(quantity_words, quantity.parts)
        return _between(left, right, MINUS if quantity.statistic == "difference" else DIVIDED)
    if quantity.parts:
        (part,) = map(quantity_words, quantity.parts)
        return Words(_over_seeds(quantity, part.bracketed), part.where)
    return Words(_statistic(quantity), _where(quantity))


def _over_seeds(quantity: Quantity, what: str) -> str:
    if quantity.statistic == "sd":
        return f"standard deviation of {what}"
    return f"share of seeds with {what} {'above' if quantity.above else 'below'} {quantity.number:g}"


def _statistic(quantity: Quantity) -> str:
    """A statistic of a metric."""
    if quantity.metric == DIVERGED:
        return "share of runs that diverged"
    metric = quantity.metric.replace("_", " ")
    if quantity.relative_to:
        metric += f" relative to {quantity.relative_to.replace('_', ' ')}"
    if quantity.metric in RUN_METRICS:
        return metric
    number = None if quantity.number is None else f"{quantity.number:g}"
    return STATISTICS[quantity.statistic].words.format(metric=metric, number=number)


def _where(quantity: Quantity) -> tuple[str, ...]:
    best_of = (f"the best {quantity.best_of}",) if quantity.best_of else ()
    sweep = (f"sweep={quantity.sweep}",) if quantity.sweep else ()
    return (*best_of, *_places(dict(quantity.at)), *sweep)


def place_text(at: Mapping[str, Any], sweep: str | None = None) -> str:
    """` at batch_size=10 of sweep NAME`; empty for the only point."""
    where = f" at {' '.join(_places(at))}" if at else ""
    return where + (f" of sweep {sweep}" if sweep else "")


def _places(at: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{axis}={spelled(value)}" for axis, value in at.items())

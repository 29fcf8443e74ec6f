"""A check as a sweep file states it -> `Check`; what its forms are stands in `checks`."""

import math
from collections.abc import Mapping
from typing import Any

from nnexp.claims.checks import OF_ALL_SEEDS, OVER, Check
from nnexp.claims.places import asking_the_runs, select_points, sort_along
from nnexp.claims.quantities import OVER_SEEDS, Design, Quantity, number, read_quantity
from nnexp.errors import UserError, unknown

RELATIONS = (">", ">=", "<", "<=")
OPTIMUM_OVER = ("median", "each", "paired")
# The forms: the keys that tell each, and the keys that it takes beside them, left and over.
FORMS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("rel",): ("right", "margin", "times", "along", "between"),
    ("low", "high"): (),
    ("optimum",): ("margin", "along", "between"),
}
KEYS = ("left", "over", *dict.fromkeys(key for form in FORMS.items() for keys in form for key in keys))
EQUAL_KEYS = ("left", "right", "within", "over")
EQUAL_OVER = ("paired", "mean")


def read_check(raw: Any, design: Design) -> Check:
    """The check that a sweep file states.

    Raises:
        UserError: it cannot be understood; `NoAnswerError`: the runs of the sweep cannot answer it.
    """
    if isinstance(raw, Mapping) and "equal" in raw:
        return _read_equal(raw, design)
    if not isinstance(raw, Mapping) or "left" not in raw:
        raise UserError(f"a check must be a mapping with left, got {raw!r}")
    for key in raw:
        if key not in KEYS:
            raise unknown("key of a check", key, KEYS)
    forms = [form for form in FORMS if any(key in raw for key in form)]
    if len(forms) != 1:
        raise UserError(f"a check must have either rel, or low and high, or optimum, got {', '.join(raw)}")
    form, along = forms[0], raw.get("along")
    for key in raw:
        if key not in ("left", "over", *form, *FORMS[form]):
            raise UserError(f"a check with {form[0]} takes no {key}, got {raw[key]!r}")
    left = read_quantity(raw["left"], design, along)
    right = raw.get("right")
    right = read_quantity(right, design) if isinstance(right, Mapping) else right
    if form == ("rel",):
        _check_relation(raw, left, right)
    if "optimum" in raw and (raw["optimum"] != "inside" or along is None or not left.better):
        raise UserError(
            f"optimum must be inside, along an axis, of an accuracy, a cost or a time, got {dict(raw)}"
        )
    numbers = {k: number(k, raw[k]) for k in ("margin", "times", "low", "high") if k in raw}
    if right is not None and not isinstance(right, Quantity):
        numbers["right"] = right = number("right", right)
    _check_numbers(numbers, left)
    return Check(
        left=left,
        over=_over(raw, left, right),
        rel=raw.get("rel"),
        right=right,
        margin=numbers.get("margin", 0.0),
        **{name: numbers.get(name) for name in ("times", "low", "high")},
        along=along,
        grid=_grid(raw, left, design) if along is not None else (),
        optimum="optimum" in raw,
    )


def _read_equal(raw: Mapping[str, Any], design: Design) -> Check:
    """The check `equal: {left, right, within}`: that left - right lies between -within and within."""
    stated = raw["equal"]
    for key in raw:
        if key != "equal":
            raise UserError(f"a check with equal takes no {key} beside it, got {raw[key]!r}")
    if not isinstance(stated, Mapping) or not all(key in stated for key in EQUAL_KEYS[:3]):
        raise UserError(f"equal must be a mapping with left, right and within, got {stated!r}")
    for key in stated:
        if key not in EQUAL_KEYS:
            raise unknown("key of equal", key, EQUAL_KEYS)
    left, right = read_quantity(stated["left"], design), stated["right"]
    right = read_quantity(right, design) if isinstance(right, Mapping) else number("right", right)
    within = number("within", stated["within"])
    if within <= 0:
        raise UserError(f"within must be > 0, for no seeds show that two are the same, got {within:g}")
    sides = [left, right] if isinstance(right, Quantity) else [left]
    for side in sides:
        if side.statistic in OVER_SEEDS:
            raise UserError(f"equal takes a number of each seed, got {side.statistic}")
    _check_numbers({"within": within} | ({} if len(sides) == 2 else {"right": float(stated["right"])}), left)
    over = _over(stated, left, right)
    if over not in EQUAL_OVER:
        raise unknown("over of equal", over, EQUAL_OVER)
    return Check(left, over, right=right, within=within)


def _check_relation(raw: Mapping[str, Any], left: Quantity, right: Quantity | float | None) -> None:
    if raw["rel"] not in RELATIONS:
        raise unknown("rel", raw["rel"], RELATIONS)
    if (right is None) == ("along" not in raw):
        raise UserError(f"a check with rel must have right or along, got {', '.join(raw)}")
    if "times" in raw and ("margin" in raw or ("right" in raw and not isinstance(right, Quantity))):
        raise UserError("times multiplies a quantity, and takes no margin beside it")
    if isinstance(right, Quantity) and (left.statistic in OVER_SEEDS) != (right.statistic in OVER_SEEDS):
        raise UserError(f"left and right must both be over seeds, got {left.statistic}, {right.statistic}")


def _check_numbers(numbers: Mapping[str, float], left: Quantity) -> None:
    """Numbers that make sense: factors above 0, low <= high, accuracies and shares as fractions.

    A difference of fractions that must be 1 or more can hardly be meant: a point, 1 %, is 0.01.
    """
    if numbers.get("times", 1.0) <= 0:
        raise UserError(f"times must be > 0, got {numbers['times']:g}")
    if numbers.get("low", 0.0) > numbers.get("high", numbers.get("low", 0.0)):
        raise UserError(f"low must be <= high, got {numbers['low']:g} and {numbers['high']:g}")
    if not (left.is_accuracy or left.statistic == "share"):
        return
    what = "shares" if left.statistic == "share" else "accuracies"
    for name in sorted(numbers.keys() - {"times"}):
        value, differs = numbers[name], name in ("margin", "within") or left.statistic == "difference"
        if not (-1 < value < 1 if differs else 0 <= value <= 1):
            least = 0 if name == "within" else -1
            rule = f"lie between {least} and 1" if differs else "be within 0 and 1"
            raise UserError(f"{name} must {rule}, since {what} are fractions (0.01 is 1 %), got {value:g}")


def _over(raw: Mapping[str, Any], left: Quantity, right: Quantity | float | None) -> str:
    """How the seeds are taken together; refused where it makes no sense."""
    two = isinstance(right, Quantity) or "along" in raw
    over: Any = raw.get("over", "paired" if two else "mean")
    if left.statistic in OVER_SEEDS:
        if "over" in raw or "optimum" in raw:
            raise UserError(f"{left.statistic} is over the seeds already: it takes no over and no optimum")
        return OF_ALL_SEEDS
    if over not in (choices := OPTIMUM_OVER if "optimum" in raw else OVER):
        raise unknown("over", over, choices)
    if over == "paired" and not two:
        raise UserError("over: paired compares two quantities; the interval of one is over: mean")
    sides = [left, right] if isinstance(right, Quantity) else [left]
    if over == "best" and not all(side.better for side in sides):
        raise UserError(f"over: best takes an accuracy, a cost or a time, got {left.statistic} {left.metric}")
    if over in ("mean", "paired") and any(leaf.best_of for side in sides for leaf in side.leaves):
        raise UserError(f"best_of picks a point by its result: over must be median, best or each, got {over}")
    return str(over)


def _grid(raw: Mapping[str, Any], left: Quantity, design: Design) -> tuple[Any, ...]:
    """The values of the axis, in order; every part of `left` has a point at each."""
    axis, between, optimum = raw["along"], raw.get("between"), "optimum" in raw
    leaves = list(left.leaves)
    if any(leaf.sweep is not None or leaf.best_of is not None for leaf in leaves):
        raise UserError("along takes the points of this sweep, and no best_of")
    low, high = -math.inf, math.inf
    if between is not None:
        if not isinstance(between, list | tuple) or len(between) != 2:
            raise UserError(f"between must be two values of {axis}, got {between!r}")
        low, high = (number("between", value) for value in between)
    with asking_the_runs():
        points = sort_along(design.points, select_points(design.points, dict(leaves[0].at), axis), axis)
        values = [value for i in points if low <= (value := design.points[i][axis]) <= high]
        if len(values) < 2 + optimum:
            raise UserError(f"along {axis} must leave at least {2 + optimum} values, got {values}")
        for leaf in leaves:
            for value in values:
                select_points(design.points, {**dict(leaf.at), axis: value})
    return tuple(values)

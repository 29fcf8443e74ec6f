"""Ranges: `{low, high, count, scale}` or `{low, high, step}` instead of a list of values."""

from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from typing import Any

from nnexp.data import DataSpec
from nnexp.errors import UserError, unknown
from nnexp.nn import Hyperparameters

KEYS = ("low", "high", "count", "step", "scale")
SCALES = ("linear", "log")
LARGEST = 1e300  # so that no difference of two numbers overflows

_TYPES = {f.name: f.type for f in (*fields(Hyperparameters), *fields(DataSpec))}
WHOLE = frozenset(n for n, kind in _TYPES.items() if kind in (int, int | None, int | tuple[int, ...]))
REAL = frozenset(name for name, kind in _TYPES.items() if kind in (float, float | None))


def range_values(key: str, name: str, given: Mapping[str, Any], most: int) -> list[Any]:
    """The at most `most` values of the range that the sweep file gives under `key` for the axis `name`.

    Raises:
        UserError: the axis takes no numbers, a key is unknown or missing, or a value does not fit.
    """
    if name not in WHOLE | REAL:
        raise UserError(f"{key} must be a list of values, for {name} is no number, got {dict(given)}")
    for word in given:
        if word not in KEYS:
            raise unknown(f"key in {key}:", word, KEYS)
    words = set(given)
    if words - {"scale"} != {"low", "high", "count"} and words != {"low", "high", "step"}:
        rule = "{low, high, count}, {low, high, count, scale} or {low, high, step}"
        raise UserError(f"{key} must be a list or a range {rule}, got {dict(given)}")
    low, high, log = ends(key, name, given)
    step = _number(f"{key}.step", given["step"], name in WHOLE) if "step" in given else None
    count = given["count"] if step is None else _count(key, low, high, step, most)
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= most:
        raise UserError(f"{key}.count must be a whole number of values from 2 to {most}, got {count!r}")
    shares = [k / (count - 1) for k in range(1, count - 1)]
    # low^(1-t) high^t: no quotient that could overflow
    between = [low ** (1 - t) * high**t if log else low + (high - low) * t for t in shares]
    if name in WHOLE:
        return _rounded(key, [low, *between, high])
    return [float(low), *(float(f"{value:.12g}") for value in between), float(high)]


def ends(key: str, name: str, given: Mapping[str, Any]) -> tuple[Any, Any, bool]:
    """The least and the largest value of a range for `name`, and whether its scale is logarithmic.

    Raises:
        UserError: they do not fit.
    """
    low, high = (_number(f"{key}.{word}", given[word], name in WHOLE) for word in ("low", "high"))
    if not low < high:
        raise UserError(f"{key} must have low < high, got low={low} high={high}")
    return low, high, _is_log(key, given.get("scale", "linear"), low)


def _number(key: str, value: Any, whole: bool) -> Any:
    """A number that a float can hold; a whole one for an axis of whole numbers."""
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise UserError(f"{key} must be a {'whole ' if whole else ''}number, got {value!r}")
    if not abs(value) <= LARGEST:
        raise UserError(f"{key} must be a number within ±{LARGEST:g}, got {value!r}")
    return value


def _is_log(key: str, scale: Any, low: float) -> bool:
    if scale not in SCALES:
        raise unknown(f"{key}.scale", scale, SCALES)
    if scale == "log" and not low > 0:
        raise UserError(f"{key}.low must be > 0 on a log scale, got {low}")
    return bool(scale == "log")


def _count(key: str, low: float, high: float, step: float, most: int) -> int:
    """How many values a step gives; it must lead from low to high."""
    if not step > 0:
        raise UserError(f"{key}.step must be > 0, got {step}")
    steps = (high - low) / step
    if not steps < most:
        raise UserError(f"{key} must have at most {most} values, got low={low} high={high} step={step}")
    if round(steps) < 1 or abs(steps - round(steps)) > 1e-9 * steps:
        numbers = f"low={low} high={high} step={step}"
        raise UserError(f"{key}.high must be low plus a whole number of steps, got {numbers}")
    return round(steps) + 1


def _rounded(key: str, values: list[float]) -> list[int]:
    """Whole numbers, all different."""
    for one, other in pairwise(values):
        if round(one) == round(other):
            problem = f"{one:.6g} and {other:.6g} are both {round(one)}"
            raise UserError(f"{key} must give different whole numbers, but {problem}")
    return [round(value) for value in values]

"""From a question to its points. What a sweep file may say beyond a product of axes, by example:

    # @package _global_
    # How fast does the best learning rate fall as the network grows?
    sweep:
      question: How fast does the best learning rate fall as the network grows?
      axes:                           # every value with every value
        learning_rate: {low: 0.001, high: 1.0, count: 7, scale: log}
        momentum: {low: 0.0, high: 0.9, step: 0.3}
      zip:                            # axes of one length that advance together: 2 values, not 4
        hidden_size: [30, 100]
        hidden_layers: [1, 2]
      points:                         # a list of whole points, all with the same keys
        - {initializer: lecun_normal, activation: sigmoid}
        - {initializer: he_normal, activation: relu}
      exclude:                        # partial points; each must match at least one point
        - {learning_rate: 1.0, momentum: 0.9}
      seeds: 5                        # or a list, or {from: 5, to: 40, until: decided}

The product of `axes`, the rows of `zip` and the list `points` are crossed with each other: here 7 x 4 x 2 x 2
points, less the excluded ones. `axes` change slowest, `points` fastest. An axis stands in one of the three.

In `axes` and `zip` a range may stand for a list: `{low, high, count}`, evenly spaced on a linear scale (the
default) or with `scale: log`, or `{low, high, step}`. Both ends are included and kept as they are; what lies
between is rounded to 12 significant digits (0.3, not 0.30000000000000004), or to whole numbers where the
hyperparameter is one. On the command line a range's keys change one by one: `sweep.axes.momentum.high=0.6`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from typing import TYPE_CHECKING, Any

from nnexp.data import DataSpec
from nnexp.errors import UserError, unknown
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.ranges import range_values
from nnexp.sweep.question.seeds import SeedRule

if TYPE_CHECKING:
    from nnexp.sweep.question.plan import StageResult
    from nnexp.sweep.question.stages import Stage
    from nnexp.sweep.question.tuning import Tuning

HYPERPARAMETERS = tuple(f.name for f in fields(Hyperparameters))
DATA_KNOBS = tuple(f.name for f in fields(DataSpec) if f.name not in ("name", "root", "path"))
ROOT_DATA = ("train_size", "validation_size", "classes")  # data knobs that are flat on the command line
SETTINGS = ("data", *DATA_KNOBS, *HYPERPARAMETERS)
AXES = tuple(name for name in SETTINGS if name not in ("seed", "monitor"))

MOST = 100_000  # runs, points, values of an axis: to plan more takes minutes, and is hardly meant


def key_of(setting: str) -> str:
    """What a setting is called on the command line: `learning_rate`, `data.rotation`."""
    return f"data.{setting}" if setting in DATA_KNOBS and setting not in ROOT_DATA else setting


@dataclass(frozen=True)
class Question:
    """What a sweep asks.

    `axes`, `zip`: name -> list of values or range; `points`: mappings of names to values; `exclude`: partial
    points. `baseline`: the partial point to compare with. `timing`: train one run at a time. `target`: the
    validation accuracy, of which the answer says when runs reach it. `claims`: as the sweep file has them.
    `tuning`: the settings that are tried; `settings`: what was chosen for each point, in the sweep `trials`
    (NAME/ID). `stages`: sweeps of a study that come before; `stage_results`: what they took.
    """

    name: str
    question: str
    axes: Mapping[str, Any]
    seeds: SeedRule
    baseline: Mapping[str, Any] | None = None
    zip: Mapping[str, Any] = field(default_factory=dict)
    points: Sequence[Mapping[str, Any]] = ()
    exclude: Sequence[Mapping[str, Any]] = ()
    timing: bool = False
    target: float | None = None
    claims: Sequence[Mapping[str, Any]] = ()
    tuning: "Tuning | None" = None
    settings: Sequence[Mapping[str, Any]] = ()
    trials: str = ""
    stages: "Sequence[Stage]" = ()
    stage_results: "Sequence[StageResult]" = ()


def check_measures(place: str, timing: Any, target: Any) -> None:
    """Raise `UserError` unless `timing` is a switch and `target` an accuracy or nothing."""
    if not isinstance(timing, bool):
        raise UserError(f"{place}.timing must be true or false, got {timing!r}")
    is_number = isinstance(target, int | float) and not isinstance(target, bool)
    if target is not None and not (is_number and 0 < target <= 1):
        raise UserError(f"{place}.target must be an accuracy > 0 and <= 1, such as 0.95, got {target!r}")


def points_of(question: Question) -> list[dict[str, Any]]:
    """Every point of the sweep, axis -> value, in order; whether a value can be trained is not checked here.

    Raises:
        UserError: axes, ranges, points or exclusions do not fit together.
    """
    axes_of(question)
    columns = {name: _values(f"sweep.axes.{name}", name, values) for name, values in question.axes.items()}
    factors = [[{name: value} for value in values] for name, values in columns.items()]
    if question.zip:
        factors.append(_zipped(question.zip))
    if question.points:
        factors.append([{name: point[name] for name in question.points[0]} for point in question.points])
    count = math.prod(len(factor) for factor in factors)
    if count > MOST:
        raise UserError(f"a sweep must have at most {MOST} points, got {count}")
    points = [{name: part[name] for part in parts for name in part} for parts in product(*factors)]
    excluded = {
        number for partial in question.exclude for number in matching(points, partial, "sweep.exclude")
    }
    if len(excluded) == len(points):
        raise UserError(f"sweep.exclude must leave at least one point, got all {len(points)} excluded")
    return [point for number, point in enumerate(points) if number not in excluded]


def axes_of(question: Question) -> dict[str, str]:
    """Every axis, in stable order, with the key that gives it: `sweep.axes`, `sweep.zip` or `sweep.points`.

    Raises:
        UserError: a name is no axis or stands in two places, or points do not have the same axes.
    """
    for key in ("axes", "zip"):
        if not isinstance(getattr(question, key), Mapping):
            raise UserError(f"sweep.{key} must be a mapping of axes, got {getattr(question, key)!r}")
    for key in ("points", "exclude"):
        listing = getattr(question, key)
        if isinstance(listing, str) or not isinstance(listing, Sequence):
            raise UserError(f"sweep.{key} must be a list of points, got {listing!r}")
    places: dict[str, str] = {}
    for key, names in {
        "sweep.axes": question.axes,
        "sweep.zip": question.zip,
        "sweep.points": _common_names(question.points),
    }.items():
        for name in names:
            if name == "seed":
                raise UserError(
                    "seed is not an axis: every point gets the same seeds, set sweep.seeds instead"
                )
            if name not in AXES:
                raise unknown("axis", name, AXES)
            if name in places:
                raise UserError(f"{name} must stand in one place, got {places[name]} and {key}")
            places[name] = key
    return places


def _common_names(points: Sequence[Any]) -> list[str]:
    """The axes that all of `sweep.points` name."""
    for number, point in enumerate(points, start=1):
        if not isinstance(point, Mapping) or not point:
            raise UserError(
                f"sweep.points must hold mappings of axes to values, got {point!r} (no. {number})"
            )
        if point.keys() != points[0].keys():
            first = ", ".join(map(str, points[0]))
            raise UserError(f"sweep.points must all name the same axes ({first}), got {point} (no. {number})")
    return list(points[0]) if points else []


def matching(points: Sequence[Mapping[str, Any]], partial: Any, key: str) -> list[int]:
    """The numbers of the points that agree with a partial one, which the sweep file gives under `key`.

    Raises:
        UserError: it names no axis of the points, or matches none.
    """
    if not isinstance(partial, Mapping) or not partial:
        raise UserError(f"{key} must give values of axes, as in {{batch_size: 10}}, got {partial!r}")
    for name in partial:
        if name not in points[0]:
            raise unknown(f"axis in {key}", name, points[0])
    values = {name: comparable(value) for name, value in partial.items()}
    numbers = [
        number
        for number, point in enumerate(points)
        if all(comparable(point[name]) == value for name, value in values.items())
    ]
    if not numbers:
        raise UserError(f"{key} must be a point of the sweep, or a part of one, got {dict(partial)}")
    return numbers


def comparable(value: Any) -> Any:
    """A list equals a tuple, a list of one is that one, and true does not equal 1."""
    if isinstance(value, list | tuple):
        return comparable(value[0]) if len(value) == 1 else list(value)
    return ("bool", value) if isinstance(value, bool) else value


def _zipped(axes: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = {name: _values(f"sweep.zip.{name}", name, values) for name, values in axes.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{length} of {name}" for name, length in lengths.items())
        raise UserError(f"sweep.zip must have as many values of each axis, got {counts}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(key: str, name: str, values: Any) -> Sequence[Any]:
    """The values of an axis: a list as it is, or those of a range."""
    if isinstance(values, Mapping):
        return range_values(key, name, values, MOST)
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise UserError(f"{key} must be a list of values or a range {{low, high, count}}, got {values!r}")
    if not values:
        raise UserError(f"{key} must have at least one value, got []")
    return values

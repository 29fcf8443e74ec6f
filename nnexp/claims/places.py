"""Points by their place: a partial point (axis -> value) and the points of a sweep that it selects."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nnexp.errors import UserError, unknown
from nnexp.text import spelled

Point = Mapping[str, Any]


class NoAnswerError(UserError):
    """A claim is well formed, and the runs of this sweep cannot answer it; those of another one may."""


@contextmanager
def asking_the_runs() -> Iterator[None]:
    """What is wrong in here is no mistake in the claim: the runs do not answer it."""
    try:
        yield
    except UserError as error:
        raise NoAnswerError(str(error)) from None


def select_points(points: Sequence[Point], at: Point, along: str | None = None) -> list[int]:
    """The number of the one point that `at` selects; with `along`, of all points along that axis.

    Raises:
        UserError: no such axis or point, or `at` leaves more than one point (per value of `along`).
    """
    axes = list(points[0])
    for axis in [*at, *([along] if along else [])]:
        if axis not in axes:
            raise unknown("axis", axis, axes)
    numbers = list(range(len(points)))
    for axis, value in at.items():
        numbers = [i for i in numbers if key(points[i][axis]) == key(value)]
    if not numbers:
        raise _nowhere(points, at)
    places = {key(points[i][along]) if along else None for i in numbers}
    if len(places) < len(numbers):
        free = [a for a in axes if a != along and len({key(points[i][a]) for i in numbers}) > 1]
        raise UserError(f"at must select one point, got {dict(at)}, which leaves {', '.join(free)} open")
    return numbers


def sort_along(points: Sequence[Point], numbers: Sequence[int], axis: str) -> list[int]:
    """The points in order of their value on the axis.

    Raises:
        UserError: the values are no numbers.
    """
    for i in numbers:
        value = points[i][axis]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"along must be an axis of numbers, got {axis} with the value {spelled(value)}")
    return sorted(numbers, key=lambda i: points[i][axis])


def key(value: Any) -> Any:
    """A setting that can be compared and hashed: a list of YAML is a tuple of the plan; of one, its item."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else tuple(value)
    return value


def _nowhere(points: Sequence[Point], at: Point) -> UserError:
    """Names the values of the first axis on which no point fits, else all of the partial point."""
    for axis, value in at.items():
        values = list(dict.fromkeys(key(point[axis]) for point in points))
        if key(value) not in values:
            known = ", ".join(map(spelled, values))
            return UserError(f"the sweep has no {axis}={spelled(value)} (its values: {known})")
    return UserError(f"at must select a point of the sweep, got {dict(at)}, which is none")

"""Spaces of settings: the ranges from which hyperparameters are drawn, and where in them a value lies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from nnexp.sweep.question.points import comparable

PASSED = 0.01  # of a range: how far a value lies that is a little beyond it
DIGITS = 4  # that a drawn number has: enough to tell settings apart, and few enough to read


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`; whole ones, both ends included, where `whole`."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    @property
    def extremes(self) -> tuple[Any, ...]:
        """The least and the largest value."""
        return self.low, self.high

    def value(self, u: float) -> Any:
        """The value at the share `u` of the range, 0 <= u < 1."""
        low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
        return self.rounded(low ** (1 - u) * high**u if self.log else low + (high - low) * u)

    def rounded(self, value: float) -> Any:
        """The value of the range that is tried for a number in it."""
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return min(max(float(f"{value:.{DIGITS}g}"), float(self.low)), float(self.high))

    def place(self, value: float) -> float:
        """Where a value lies on the scale of the range: 0 is its low end, 1 its high end."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def beyond(self, end: Literal["low", "high"]) -> Any:
        """A value a little beyond an end."""
        first, last = (self.high, self.low) if end == "low" else (self.low, self.high)
        if self.whole:
            return last + (1 if last > first else -1)
        return last * (last / first) ** PASSED if self.log else last + PASSED * (last - first)


@dataclass(frozen=True)
class Choices:
    """A list to choose from."""

    values: tuple[Any, ...]

    @property
    def extremes(self) -> tuple[Any, ...]:
        """All of its values."""
        return self.values

    def value(self, u: float) -> Any:
        """The value at the share `u` of the list, 0 <= u < 1."""
        return self.values[int(u * len(self.values))]


Domain: TypeAlias = Range | Choices


@dataclass(frozen=True)
class Dimension:
    """One hyperparameter of a space.

    `domains`: (value of `by`, domain) where they differ by it, else one with None. `when`: the values of
    other settings at which the hyperparameter is drawn at all.
    """

    name: str
    domains: tuple[tuple[Any, Domain], ...]
    by: str | None = None
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def domain(self, others: Mapping[str, Any]) -> Domain | None:
        """Where the value is drawn from beside the `others`; None where it keeps its base value."""
        if any(comparable(others[name]) not in map(comparable, values) for name, values in self.when.items()):
            return None
        if self.by is None:
            return self.domains[0][1]
        at = text_of(others[self.by])
        return next((domain for value, domain in self.domains if text_of(value) == at), None)


Space: TypeAlias = tuple[Dimension, ...]


def text_of(value: Any) -> str:
    """A value as a key of a file has it."""
    return str(comparable(value))


def setting_at(space: Space, shares: Sequence[float], point: Mapping[str, Any]) -> dict[str, Any]:
    """The setting at a place of the unit cube, one share for each dimension.

    `point`: what else holds, such as a point of the axes, and the base values of what may not be drawn: a
    hyperparameter that is not drawn there is left out.
    """
    setting: dict[str, Any] = {}
    for dimension, share in zip(space, shares, strict=True):
        if domain := dimension.domain(dict(point) | setting):
            setting[dimension.name] = domain.value(share)
    return setting

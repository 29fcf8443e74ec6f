"""What a hyperparameter may be. A check is called with a name and a value: it returns the exact value or
raises `UserError`. `check.rule` says the same in words, so that messages and help cannot differ from it."""

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, Protocol

from nnexp.errors import UserError, unknown

INT64 = 2**63  # whole numbers stay below it: tables hold them in 64 bits


class ValueCheck(Protocol):
    """See the module's description."""

    @property
    def rule(self) -> str: ...

    def __call__(self, name: str, value: Any) -> Any: ...


class OneOf:
    """One of some names."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        self.rule = f"one of {', '.join(self.names)}"

    def __call__(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in self.names:
            raise unknown(name, value, self.names)
        return str(value)


class SomeOf:
    """Any of some names, as a list or as a mapping such as `{test: true}`; sorted, each once."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        self.rule = f"any of {', '.join(self.names)}"

    def __call__(self, name: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, Mapping):
            value = [key for key, switch in value.items() if switch]
        if isinstance(value, str) or not isinstance(value, Iterable):
            choices = ", ".join(self.names)
            raise UserError(f"{name} must be a list of names, got {value!r} (choices: {choices})")
        names = list(value)
        for one in names:
            if one not in self.names:
                raise unknown(name, one, self.names)
        return tuple(sorted(set(names)))


class Whole:
    """A whole number from `least` to `most`, always below 2^63. NumPy's integers become Python's."""

    def __init__(self, least: int, most: int | None = None) -> None:
        self.least, self.most = least, INT64 - 1 if most is None else most
        self.rule = f"a whole number >= {least}" + ("" if most is None else f" and <= {most}")

    def __call__(self, name: str, value: Any) -> int:
        try:
            number = None if isinstance(value, bool) else operator.index(value)
        except TypeError:
            number = None
        if number is not None and number >= INT64:
            raise UserError(f"{name} must be < 2^63, got {value!r}")
        if number is None or not self.least <= number <= self.most:
            raise UserError(f"{name} must be {self.rule}, got {value!r}")
        return number


class Sizes:
    """A whole number from 1 to `most`, or a tuple of two or more; a list of one is that number."""

    def __init__(self, most: int, longest: int) -> None:
        self.size, self.longest = Whole(1, most), longest
        self.rule = f"{self.size.rule}, or a list of up to {longest} of them"

    def __call__(self, name: str, value: Any) -> int | tuple[int, ...]:
        given = value.tolist() if hasattr(value, "tolist") else value  # NumPy's arrays and numbers
        if isinstance(given, str) or not isinstance(given, Sequence):
            given = [given]
        try:
            sizes = tuple(self.size(name, one) for one in given)
        except UserError:
            sizes = ()
        if not 1 <= len(sizes) <= self.longest:
            raise UserError(f"{name} must be {self.rule}, got {value!r}")
        return sizes if len(sizes) > 1 else sizes[0]


class Number:
    """A number >= 0 (> 0 if it must be `positive`), and < `below`. It becomes a float."""

    def __init__(self, *, positive: bool = False, below: float = math.inf) -> None:
        self.positive, self.below = positive, below
        bounds = (">" if positive else ">=") + " 0"
        self.rule = f"a finite number {bounds}" if below == math.inf else f"a number {bounds} and < {below:g}"

    def __call__(self, name: str, value: Any) -> float:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        number = _float(value) if is_number else math.nan
        if not 0 <= number < self.below or (self.positive and number == 0):
            raise UserError(f"{name} must be {self.rule}, got {value!r}")
        return number + 0.0  # -0.0 becomes 0.0, so that they are one value


class OrNull:
    """What `check` lets pass, or null, which means `meaning`."""

    def __init__(self, check: ValueCheck, meaning: str) -> None:
        self.check, self.rule = check, f"{check.rule} or null ({meaning})"

    def __call__(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.check(name, value)
        except UserError as error:
            if isinstance(self.check, OneOf):
                raise
            raise UserError(f"{name} must be {self.rule}, got {value!r}") from error


def _float(value: Real) -> float:
    """The value as a float; infinite where none is large enough."""
    try:
        return float(value)
    except OverflowError:
        return math.inf

"""Checks of keys that are no hyperparameters; otherwise as `nnexp.nn.checks`."""

import re
from dataclasses import dataclass
from typing import Any

from nnexp.errors import UserError


class Switch:
    """True or false."""

    rule = "true or false"

    def __call__(self, name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise UserError(f"{name} must be {self.rule}, got {value!r}")
        return value


class Text:
    """A text that says something, all of it as in `pattern`."""

    def __init__(self, rule: str, pattern: str = r"(?s).+") -> None:
        self.rule, self.pattern = rule, pattern

    def __call__(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise UserError(f"{name} must be {self.rule}, got {value!r}")
        return value


@dataclass(frozen=True)
class Stated:
    """A rule in words; `DataSpec`, `Backend` and `Question` check it, with what they know of the rest."""

    rule: str

    def __call__(self, name: str, value: Any) -> Any:
        return value

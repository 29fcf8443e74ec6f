"""The one error for people: what they asked for cannot be done, and why, in one line."""

from collections.abc import Iterable
from difflib import get_close_matches

FEW = 12  # names that are listed even beside a close match


class UserError(ValueError):
    """A mistake in what was asked for: the rule, the value received, the choices."""


def unknown(what: str, value: object, choices: Iterable[str]) -> UserError:
    """Error for a name that is not among `choices`: the close match, the choices, or both if they are few."""
    names = sorted(choices)
    close = get_close_matches(str(value), names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    listed = f" (choices: {', '.join(names)})" if len(names) <= FEW or not close else ""
    return UserError(f"unknown {what} {value!r}{hint}{listed}")

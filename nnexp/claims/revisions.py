"""Revisions: what of a claim was changed after its result was seen, in the open.

revised:
  - date: 2026-11-21
    before: refuted, with 5 seeds                   # what was decided first, by which check
    why: five more seeds, for the best accuracy scatters over more than a point
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from nnexp.errors import UserError, unknown


class Revision(NamedTuple):
    """`date`: ISO 8601. `before`: what was decided first, and by which check. `why`: it was changed."""

    date: str
    before: str
    why: str


def read_revisions(raw: Any) -> tuple[Revision, ...]:
    """The `revised` of a claim, in order.

    Raises:
        UserError: it is no list of mappings with a date and two texts.
    """
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        raise UserError(f"revised must be a list of date, before and why, got {raw!r}")
    return tuple(map(_revision, raw))


def _revision(raw: Any) -> Revision:
    if not isinstance(raw, Mapping) or not all(raw.get(key) for key in Revision._fields):
        raise UserError(f"a revision must have {', '.join(Revision._fields)}, got {raw!r}")
    for key in raw:
        if key not in Revision._fields:
            raise unknown("key of a revision", key, Revision._fields)
    try:
        day = date.fromisoformat(str(raw["date"])).isoformat()
    except ValueError:
        raise UserError(f"date must be a day such as 2026-11-27, got {raw['date']!r}") from None
    return Revision(day, *(" ".join(str(raw[key]).split()) for key in ("before", "why")))

"""`-m learning_rate=interval(0.01,10)`: what makes a search of a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnexp.config.overrides import override_values
from nnexp.errors import UserError
from nnexp.sweep.question.ranges import WHOLE

if TYPE_CHECKING:
    from hydra.core.override_parser.types import IntervalSweep, Override

BUDGET = 32  # settings, unless sweep.search.budget says how many


def has_intervals(overrides: Sequence[Override]) -> bool:
    """Whether a command line asks for a search."""
    return any(override.is_interval_sweep() for override in overrides)


def searched(overrides: Sequence[Override]) -> list[Override]:
    """What a command line with intervals searches: all that it gives several values for, but for seeds."""
    if not has_intervals(overrides):
        return []
    return [o for o in overrides if o.is_sweep_override() and o.key_or_group not in ("seed", "sweep")]


def with_intervals(search: Any, overrides: Sequence[Override]) -> Any:
    """What `sweep.search` says, with these overrides as ranges and lists.

    Raises:
        UserError: one of them is not for a hyperparameter, or has a tag that says nothing here.
    """
    if not overrides:
        return search
    space: dict[str, Any] = {}
    for override in overrides:
        key = override.key_or_group
        if key.startswith("sweep."):
            raise UserError(f"{override.input_line}: beside an interval, list the values as in key=1,2")
        name = key.removeprefix("data.")
        space[name] = _range(name, override) if override.is_interval_sweep() else override_values(override)
    given = search if isinstance(search, Mapping) else {}
    return {"budget": BUDGET, **given, **space}


def _range(name: str, override: Override) -> dict[str, Any]:
    """`{low, high, scale}`; Hydra has floats where nothing says int."""
    interval: IntervalSweep = override.value()  # type: ignore[assignment]
    if unknown := interval.tags - {"log"}:
        raise UserError(f"{override.input_line}: the tag of an interval may be log, got {min(unknown)}")
    ends = [_whole(end) if name in WHOLE else end for end in (interval.start, interval.end)]
    return dict(zip(("low", "high"), ends, strict=True)) | ({"scale": "log"} if interval.tags else {})


def _whole(end: Any) -> Any:
    return int(end) if float(end).is_integer() else end

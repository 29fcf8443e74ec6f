"""The words of a command line: what each override may say, and what `-m` makes of several values."""

import re
from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString, ValueType
from hydra.errors import HydraException

from nnexp.config.schema import check_key
from nnexp.errors import UserError

GROUPS = ("data", "tracking", "sweep")


def parse(words: Sequence[str]) -> list[Override]:
    """Hydra's own grammar, with a message in one line.

    Raises:
        UserError: a word is no override, or its key is unknown.
    """
    parser = OverridesParser.create()
    overrides = []
    for word in words:
        try:
            override = parser.parse_override(word)
        except HydraException as error:
            raise UserError(f"cannot read {word!r}: expected key=value ({error})") from error
        _check(override)
        overrides.append(override)
    return overrides


def _check(override: Override) -> None:
    key = override.key_or_group
    if key == "hydra" or key.startswith(("hydra.", "hydra/")):
        return
    if override.is_delete():
        raise UserError(f"{override.input_line}: a key may be changed, not taken away")
    if key == "sweep" and not (override.is_add() or override.is_force_add()):
        raise UserError(f"a sweep is added with a plus: +sweep={override.get_value_element_as_str()}")
    check_key(key)


def split(overrides: Sequence[Override], multirun: bool) -> tuple[list[Override], dict[str, list[Any]]]:
    """Overrides with one value, and key -> values for those with several (`-m` only)."""
    plain = [override for override in overrides if not override.is_sweep_override()]
    several = [override for override in overrides if override.is_sweep_override()]
    if several and not multirun:
        raise UserError(f"{several[0].input_line} lists several values: add -m to train each of them")
    return plain, {override.key_or_group: _values(override) for override in several}


def _values(override: Override) -> list[Any]:
    """The values of `a,b`, `choice()` or `range()`."""
    enumerable = override.is_range_sweep() or (
        override.is_choice_sweep() and override.value_type is not ValueType.GLOB_CHOICE_SWEEP
    )
    if override.key_or_group in ("tracking", "sweep") or not enumerable:
        raise UserError(f"{override.input_line}: list the values, as in key=1,2 or key=range(1,4)")
    return [_plain(value) for value in override.sweep_iterator()]


def _plain(value: Any) -> Any:
    """Without quotes, and without the rounding noise that range() adds (0.30000000000000004)."""
    if isinstance(value, QuotedString):
        return value.text
    return float(f"{value:.12g}") if isinstance(value, float) else value


def spelled(override: Override) -> list[str]:
    """The override as Hydra composes it: an axis may be changed and added alike.

    A list and a range do not merge, so an axis is emptied before it gets the one or the other.
    """
    line, key = str(override.input_line), override.key_or_group
    if not re.match(r"sweep\.(axes|zip|baseline)\.", key):
        return [line]
    word = f"++{line.lstrip('+')}"
    return [f"++{key}=null", word] if re.fullmatch(r"sweep\.(axes|zip)\.\w+", key) else [word]

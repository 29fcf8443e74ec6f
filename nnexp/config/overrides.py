"""The words of a command line: what each override may say, and the values that it gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from nnexp.config.files import CHOSEN
from nnexp.config.schema import NESTED, check_key
from nnexp.config.short_names import in_word
from nnexp.errors import UserError
from nnexp.sweep.question.points import MOST

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

TEXTS = (
    "data.path",
    "data.root",
    "sweeps_dir",
    *(f"backend.{name}" for name in ("scheduler", "partition", "account", "memory", "walltime")),
    "tracking.uri",
    "notify.url",
    "sweep.name",
    "sweep.question",
)
# What Hydra does elsewhere, and what does it here.
INSTEAD_OF_HYDRA = {
    "hydra/launcher": "runs are trained on n_jobs processes, as in n_jobs=4",
    "hydra/sweeper": "+sweep=NAME or -m trains several runs",
    "hydra.run.dir": "results go to sweeps_dir=FOLDER",
    "hydra.sweep.dir": "results go to sweeps_dir=FOLDER",
    "hydra.searchpath": "--config-dir FOLDER adds a folder of configuration files",
    "hydra.mode": "-m trains each of several values",
}


def parse(words: Sequence[str]) -> list[Override]:
    """Hydra's own grammar, with a message in one line; the value of a key that takes text is taken as it is.

    Monitors by name, one or a list, are a switch for each of them.

    Raises:
        UserError: a word is no override, its key is unknown, or two words set one key.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import QuotedString
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    overrides: list[Override] = []
    by_key: dict[str, str] = {}
    for word in words:
        try:
            override = parser.parse_override(_with_quotes(in_word(word)))
        except HydraException as error:
            raise UserError(_unreadable(word)) from error
        _check(override)
        value, meant = None if override.is_sweep_override() else override.value(), [override]
        if override.key_or_group == "monitor" and isinstance(value, list | str | QuotedString):
            names = value if isinstance(value, list) else [value]
            meant = parse(words_for("monitor", [_plain(name) for name in names]))
        for key in {override.key_or_group, *(each.key_or_group for each in meant)}:
            if before := by_key.get(key):  # Hydra would take the last without a word
                raise UserError(f"{before} and {word} both set {key}: write one")
            by_key[key] = word
        overrides += meant
    return overrides


def _with_quotes(word: str) -> str:
    """The word, its value in quotes where it is a text: a path may hold any sign."""
    key, _, value = word.partition("=")
    if key.lstrip("+") not in TEXTS or not value or value == "null" or value[0] in "'\"":
        return word
    return f"{key}={quoted(value)}"


def quoted(text: str) -> str:
    """A text as Hydra's grammar reads it back: a backslash counts only before a quote."""
    text = re.sub(r"(\\*)('|$)", lambda run: run[1] * 2 + "\\" * bool(run[2]) + run[2], text)
    return f"'{text}'"


def _unreadable(word: str) -> str:
    key, mark, value = word.partition("=")
    if not mark or value[:1] in ("'", '"', "[", "{"):
        return f"cannot read {word!r}: expected key=value"
    return f"cannot read {word!r}: quote what is a text, as in \"{key}='{value}'\""


def _check(override: Override) -> None:
    key = override.key_or_group
    if key == "hydra" or key.startswith(("hydra.", "hydra/")):
        instead = INSTEAD_OF_HYDRA.get(key, "nnexp --help lists what can be set")
        raise UserError(f"{override.input_line}: Hydra's own settings have no effect here; {instead}")
    if override.is_delete():
        raise UserError(f"{override.input_line}: a key can be set, not deleted")
    if key == "sweep" and not (override.is_add() or override.is_force_add()):
        raise UserError(f"a sweep is added with a plus: +sweep={override.get_value_element_as_str()}")
    check_key(key)
    value = "" if override.is_sweep_override() else override.value()
    if key in CHOSEN and isinstance(value, int | float | None):
        raise UserError(f"{key} must be the name of a file in conf/{key}, got {value}")


def override_values(override: Override) -> list[Any]:
    """The values of `a,b`, `choice()` or `range()`; of an override with one value, that one.

    Raises:
        UserError: they cannot be listed.
    """
    from hydra.core.override_parser.types import ValueType

    if not override.is_sweep_override():
        return [override.value()]
    enumerable = override.is_range_sweep() or (
        override.is_choice_sweep() and override.value_type is not ValueType.GLOB_CHOICE_SWEEP
    )
    if override.key_or_group == "tracking" or not enumerable:
        raise UserError(f"{override.input_line}: list the values, as in key=1,2 or key=range(1,4)")
    values = list(islice(override.sweep_iterator(), MOST + 1))
    if len(values) > MOST:
        raise UserError(f"{override.input_line} must list at most {MOST} values")
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    """Without quotes, and without the rounding noise that range() adds (0.30000000000000004)."""
    from hydra.core.override_parser.types import QuotedString

    if isinstance(value, QuotedString):
        return value.text
    return float(f"{value:.12g}") if isinstance(value, float) else value


def for_hydra(override: Override) -> list[str]:
    """The override as Hydra composes it: an axis may be changed and added alike, alone or in a mapping.

    A list and a range do not merge, so an axis is emptied before it gets the one or the other.
    """
    line, key = str(override.input_line), override.key_or_group
    if not re.match(r"sweep\.(axes|zip|baseline|seeds|nuisance|search)\b", key):
        return [line]
    emptied = [key] if re.fullmatch(r"sweep\.(axes|zip|nuisance|search)\.\w+", key) else []
    value = None if override.is_sweep_override() else override.value()
    if key in ("sweep.axes", "sweep.zip", "sweep.nuisance", "sweep.search") and isinstance(value, Mapping):
        emptied = [f"{key}.{name}" for name in value]
    return [*(f"++{each}=null" for each in emptied), f"++{line.lstrip('+')}"]


def words_for(key: str, value: Any) -> list[str]:
    """A setting given in Python as words of the command line: arrays, ranges and mappings are taken too."""
    if key == "monitor" and isinstance(value, list | tuple):
        return [f"monitor.{name}=true" for name in value]
    if key in NESTED and isinstance(value, Mapping):
        return [word for name, inner in value.items() for word in words_for(f"{key}.{name}", inner)]
    return [f"{key}={_spelled(value)}"]


def _spelled(value: Any) -> str:
    """A value in Hydra's grammar."""
    if hasattr(value, "tolist"):  # NumPy's and pandas' arrays and numbers
        value = value.tolist()
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{_spelled(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple | range):
        return "[" + ",".join(map(_spelled, value)) + "]"
    return quoted(str(value))

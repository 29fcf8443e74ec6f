"""`data.rotation`, the key of the command line, and `rotation` name one setting, wherever a sweep names some.

The short name is the one that plans, records and tables have.
"""

import re
from collections.abc import Mapping
from typing import Any

from nnexp.errors import UserError
from nnexp.sweep.question.points import AXES, key_of

SHORT = {key_of(name): name for name in AXES if key_of(name) != name}
KEYS_OF_SETTINGS = "axes|zip|points|exclude|baseline|nuisance|search"  # of a sweep
REFERENCES = ("by", "along")  # keys whose value is the name of a setting


def in_word(word: str) -> str:
    """A word of the command line, with the short names in what it says of the settings of a sweep."""
    if not re.match(rf"\+*sweep\.({KEYS_OF_SETTINGS})\b", word):
        return word
    return re.sub(r"\bdata\.\w+\b(?!\.)", lambda match: SHORT.get(match[0], match[0]), word)


def in_values(given: Any) -> Any:
    """What a sweep file says, with the short names as keys of its mappings.

    Raises:
        UserError: both names of a setting stand side by side.
    """
    if isinstance(given, list):
        return [in_values(each) for each in given]
    if not isinstance(given, Mapping):
        return given
    for long, short in SHORT.items():
        if long in given and short in given:
            raise UserError(f"{long} and {short} are one setting: write one")
    return {
        SHORT.get(key, key): SHORT.get(value, value)
        if key in REFERENCES and isinstance(value, str)
        else in_values(value)
        for key, value in given.items()
    }

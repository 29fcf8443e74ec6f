"""The words behind a command's name: what it is about, KEY=VALUE settings, options."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from nnexp.errors import UserError, unknown

SWEEPS_DIR, DATA = "sweeps_dir", "data"
WHICH = (DATA, SWEEPS_DIR)  # which of several sweeps a name means
DEFAULT_SWEEPS_DIR = "sweeps"
TRACKING = ("tracking", "tracking.uri")  # where runs are logged
MODELS = "tracking.models"


class Arguments(NamedTuple):
    """What stands behind a command: names of sweeps or runs, settings as they were spelled, options."""

    names: tuple[str, ...]
    settings: dict[str, str]
    options: frozenset[str]

    @property
    def sweeps_dir(self) -> str:
        """The folder of all sweeps, `./sweeps` by default."""
        return os.path.expanduser(self.settings.get(SWEEPS_DIR, DEFAULT_SWEEPS_DIR))

    @property
    def data(self) -> str | None:
        """The data set that the sweeps are on which names mean; None: on any."""
        return self.settings.get(DATA)

    def only(self, keys: Sequence[str]) -> list[str]:
        """Those of the settings that `keys` names, as words for `nnexp.config`."""
        return [f"{key}={value}" for key, value in self.settings.items() if key in keys]


def parse_arguments(
    command: str,
    words: Sequence[str],
    *,
    keys: Sequence[str] = (SWEEPS_DIR,),
    options: Sequence[str] = (),
    valued: Sequence[str] = (),
) -> Arguments:
    """Sort the words of `nnexp COMMAND`; `keys` and `options` are what it takes.

    `valued`: options with a value, `--to FOLDER` or `--to=FOLDER`; they are found among the settings.

    Raises:
        UserError: a setting or an option that the command does not take, or a setting without a value, or
            one that is there twice.
    """
    names: list[str] = []
    settings: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        key, mark, value = word.partition("=")
        if key in valued:
            value = value if mark else next(rest, "")
            if not value:
                raise UserError(f"{key} needs a value: {key} ...")
            _put(settings, key, value)
        elif word.startswith("-"):
            if word not in options:
                raise unknown(f"option of {command}", word, [*options, *valued, "--help"])
        elif not mark:
            names.append(word)
        elif key not in keys:
            raise unknown(f"setting of {command}", key, keys)
        elif not value:
            raise UserError(f"{key} needs a value, got {word!r}")
        else:
            _put(settings, key, value)
    return Arguments(tuple(names), settings, frozenset(word for word in words if word in options))


def _put(settings: dict[str, str], key: str, value: str) -> None:
    if key in settings:
        raise UserError(f"{key}={settings[key]} and {key}={value} both set {key}: write one")
    settings[key] = value


def only_name(command: str, names: Sequence[str], what: str = "NAME or NAME/ID") -> str:
    """The one name that the command is about.

    Raises:
        UserError: there is none, or several.
    """
    if len(names) != 1:
        raise UserError(f"{command} takes one {what}, got {' '.join(names) or 'none'}")
    return names[0]

"""Tab completion: what may follow in a command line that is half typed.

Hydra's scripts for bash, zsh and fish ask for it with `nnexp -sc query=SHELL` and the line in COMP_LINE.
"""

from pathlib import Path

from nnexp.commands import SUMMARIES
from nnexp.commands.arguments import DATA, DEFAULT_SWEEPS_DIR
from nnexp.config.checks import Switch
from nnexp.config.files import GROUPS, choices
from nnexp.config.knobs import KNOBS
from nnexp.errors import UserError
from nnexp.nn.checks import OneOf, OrNull
from nnexp.sweep.store.catalog import sweep_folders

OF_SWEEPS = (
    *("status", "summary", "show", "compare", "report", "watch", "committee", "power"),
    *("export", "publish", "retry", "sync", "rm"),
)
OPTIONS = ("--help", "--version", "--multirun", "--cfg", "--info", "--config-dir")
WITHOUT_VALUE = (
    "sweep.axes",
    "sweep.zip",
    "sweep.baseline",
    "monitor",
    "notify",
    "sweep",
)  # they have keys of their own


def candidates(line: str) -> list[str]:
    """The words that the last one of `line` may become; a name that ends in `=` wants a value."""
    words = line.split()[1:]
    last = words.pop() if words and not line.endswith(" ") else ""
    candidates = _after(words, last)
    return sorted(word for word in candidates if word.startswith(last))


def _after(words: list[str], last: str) -> list[str]:
    key, mark, value = last.partition("=")
    if mark:
        return [f"{key}={choice}" for choice in _values(key.lstrip("+"), value)]
    if words and words[0] in SUMMARIES:
        return _of_command(words[0])
    if last.startswith("-"):
        return list(OPTIONS)
    if last.startswith("+"):
        return ["+sweep="]
    commands = [] if words else list(SUMMARIES)
    return [*commands, *_keys(last)]


def _of_command(name: str) -> list[str]:
    """Sweeps of this folder, or what `help` is about."""
    if name == "help":
        return [*SUMMARIES, *KNOBS]
    options = ["--help", "sweeps_dir="]
    if name not in OF_SWEEPS:
        return options
    home = Path(DEFAULT_SWEEPS_DIR)
    places = [folder.relative_to(home) for folder in sweep_folders(home)]
    return [
        *options,
        f"{DATA}=",
        *{name for place in places for name in (place.as_posix(), place.parent.as_posix())},
    ]


def _keys(last: str) -> list[str]:
    """Keys of the root and groups with a dot; what is behind a dot once it is typed."""
    keys = [f"{key}=" for key in KNOBS if key not in WITHOUT_VALUE]
    keys += [f"sweep.{kind}.{name}=" for kind in ("axes", "zip") for name in KNOBS if "." not in name]
    return keys if "." in last else sorted({key.partition(".")[0] + "." * ("." in key) for key in keys})


def _values(key: str, value: str) -> list[str]:
    """The choices of a key, the files of a group, files on disk for a path."""
    if key in GROUPS:
        try:
            return choices(key)
        except UserError:
            return []
    if key in ("data.path", "data.root", "sweeps_dir"):
        folder = Path(value).parent if not value.endswith("/") else Path(value)
        paths = folder.iterdir() if folder.is_dir() else ()
        return [f"{path}{'/' * path.is_dir()}" for path in paths]
    check = KNOBS[key].check if key in KNOBS else None
    if isinstance(check, OrNull):
        return ["null"]
    if isinstance(check, OneOf):
        return list(check.names)
    return ["true", "false"] if isinstance(check, Switch) else []

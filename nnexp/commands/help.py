"""`nnexp help`: the page of all commands and keys, of one command, or of one key."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from nnexp.commands import SUMMARIES
from nnexp.config import GROUPS, choices, values_of
from nnexp.config.knobs import KNOBS
from nnexp.errors import UserError, close_names
from nnexp.nn.checks import OneOf
from nnexp.text import spelled

HELP = """
nnexp help [COMMAND | KEY ...]

Everything that can be typed; of a command its page; of a key what it means, what it may be, its default, and
who describes it. The same as nnexp COMMAND --help and nnexp --help KEY.
"""
PAGE = """nnexp trains neural networks and sweeps their hyperparameters.

  one run      nnexp learning_rate=0.1 epochs=10
  a sweep      nnexp +sweep=batch_size data=mnist sweep.seeds=10
  its values   nnexp +sweep=batch_size batch_size=10,100
  its plan     nnexp +sweep=batch_size dry_run=true
  go on        the same command again, or nnexp retry NAME

== Commands: nnexp COMMAND, or python -m nnexp COMMAND ==
{commands}

== Files: GROUP=FILE, and +sweep=FILE ==
{files}

== Keys: KEY=VALUE; nnexp help KEY tells more ==
{keys}

== Options ==
-h, --help         this page; with KEY or COMMAND: about that
--version          the version of nnexp
-m, --multirun     train each of several values: -m learning_rate=0.1,0.5 'seed=range(3)', -m +sweep=a,b
-cd, --config-dir  one more folder of configuration files, beside ./conf
-c, --cfg          print the configuration instead of training: job, hydra or all; --resolve, -p as in Hydra
-i, --info         print what Hydra knows: defaults, defaults-tree, searchpath, config, plugins, all
-sc                tab completion: eval "$(nnexp -sc install=bash)", or zsh, fish
--hydra-help       Hydra's own page
"""
WIDTH = 100  # characters in a line of prose
LONGEST_VALUE = 22  # characters of a value on the page of all keys


def main(words: Sequence[str], config_dir: str | None = None) -> int:
    """Print the page; `words` without `=` name commands and keys, the others change the values shown."""
    names = [word for word in words if "=" not in word]
    values = values_of([word for word in words if "=" in word], config_dir)
    pages = [_about(name.lstrip("+"), values) for name in names] or [_overview(values, config_dir)]
    print("\n\n".join(page.strip() for page in pages))
    return 0


def _overview(values: Mapping[str, Any], config_dir: str | None) -> str:
    groups = {group: ", ".join(choices(group, config_dir)) for group in GROUPS}
    return PAGE.format(
        commands="\n".join(_line(f"{name:8}", summary) for name, summary in SUMMARIES.items()),
        files="\n".join(_line(f"{group + ':':9}", names) for group, names in groups.items()),
        keys="\n".join(_key_line(key, value) for key, value in values.items() if key != "monitor"),
    )


def _line(head: str, text: str) -> str:
    """Head and text; on a terminal the text goes on below itself."""
    if not sys.stdout.isatty():
        return f"{head} {text}"
    indent = " " * (len(head) + 1)
    return fill(
        f"{head} {text}", get_terminal_size().columns, subsequent_indent=indent, break_on_hyphens=False
    )


def _key_line(key: str, value: Any) -> str:
    """`learning_rate=0.5   The length of a step ...`: the first sentence of a key's meaning."""
    text = _spelled(value)
    cell = text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."
    return _line(f"{f'{key}={cell}':34}", KNOBS[key].meaning.partition(". ")[0].rstrip("."))


def _spelled(value: Any) -> str:
    """As on the command line."""
    return str(value).lower() if isinstance(value, bool) else spelled(value)


def _about(name: str, values: Mapping[str, Any]) -> str:
    """The page of a command or a key; a choice such as `relu` leads to the key that takes it."""
    if name in SUMMARIES:
        return str(import_module(f"nnexp.commands.{name}").HELP) if name != "help" else HELP
    if name in KNOBS:
        return _key_page(name, values)
    for key, knob in KNOBS.items():
        names = knob.check.names if isinstance(knob.check, OneOf) else ()
        if name in names or (key in GROUPS and name in choices(key)):
            return f"{name} is a choice of {key}.\n\n{_key_page(key, values)}"
    ends = {key.rpartition(".")[2]: key for key in KNOBS if "." in key}
    if name in ends:
        return f"{name} is the end of {ends[name]}.\n\n{_key_page(ends[name], values)}"
    names = [*SUMMARIES, *KNOBS]
    if close := close_names(name, names) or [ends[end] for end in close_names(name, ends)]:
        raise UserError(f"unknown command or key {name!r}; did you mean {' or '.join(map(repr, close))}?")
    raise UserError(f"there is no command or key {name!r}: nnexp help lists them")


def _key_page(key: str, values: Mapping[str, Any]) -> str:
    knob = KNOBS[key]
    facts = {"May be": knob.rule, "Default": _spelled(values.get(key)), "Described in": knob.source}
    lines = [key, fill(knob.meaning, WIDTH), ""]
    lines += [
        fill(f"{f'{head}:':13} {text}", WIDTH, subsequent_indent=" " * 14) for head, text in facts.items()
    ]
    return "\n".join(lines)

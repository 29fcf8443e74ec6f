"""The command line: Hydra's words, one line for a mistake, an exit status that says how it went."""

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Sequence

from nnexp.commands import SUMMARIES, run
from nnexp.errors import UserError, unknown
from nnexp.nn import KNOBS
from nnexp.sweep.pool.stop import Stopped, SweepError, listening
from nnexp.version import __version__

RUN_FAILED, USER_MISTAKE = 1, 2

HELP = """nnexp trains neural networks and sweeps their hyperparameters.

  one run      nnexp learning_rate=0.1 epochs=10
  a sweep      nnexp +sweep=batch_size data=mnist sweep.seeds=10
  its plan     nnexp +sweep=batch_size dry_run=true
  go on        the same command again, or nnexp retry NAME

== Commands: nnexp COMMAND, or python -m nnexp COMMAND ==
{commands}

== Choices: GROUP=CHOICE, and +sweep=CHOICE ==
{groups}

== Values: KEY=VALUE ==
{values}
== Options ==
{options}"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: all runs done; 1: a run failed; 2: a mistake of the user's; 130: Ctrl-C; 143: SIGTERM.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(100_000, 20, 20)  # a plan and its records stay: looking for garbage costs a fifth
    try:
        with listening():
            return _carry_out(words)
    except (UserError, SweepError) as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            traceback.print_exc()
        print(f"nnexp: {error}", file=sys.stderr)
        return USER_MISTAKE if isinstance(error, UserError) else RUN_FAILED
    except Stopped as stop:
        return stop.status


def _carry_out(words: Sequence[str]) -> int:
    """A command if the first word names one, else training."""
    first = words[0] if words else ""
    if first == "help":
        return _carry_out([*words[1:2], "--help"])
    if first == "version" or "--version" in words:
        print(f"nnexp {__version__}")
        return 0
    if first in SUMMARIES:
        return run(first, words[1:])
    return _train(words)


def _train(words: Sequence[str]) -> int:
    """Compose the words, then train, or show what Hydra's options ask for."""
    from hydra._internal.utils import get_args_parser  # the one list of Hydra's options

    from nnexp.config import load_config

    parser = get_args_parser()
    parser.prog = "nnexp"
    options, odd = parser.parse_known_intermixed_args(words)
    if odd:
        raise UserError(f"unknown option {odd[0]!r}: --help lists the options")
    for word in options.overrides:
        if "=" not in word and not word.startswith("~"):
            raise _not_understood(word, first=word == words[0])
    for name in ("config_name", "config_path", "package", "experimental_rerun"):
        if getattr(options, name) and not options.cfg:
            raise UserError(f"--{name.replace('_', '-')} is not for training: --help lists the options")
    if options.help:
        return _help(parser, options)
    if options.hydra_help or options.cfg or options.info or options.shell_completion:
        return _show(words, options)
    config = load_config(options.overrides, multirun=options.multirun, config_dir=options.config_dir)

    from rich.console import Console

    from nnexp.experiment.training import dry_run, run_sweep

    console = Console(highlight=False)
    if config.execution.dry_run:
        dry_run(config, console)
        return 0
    return RUN_FAILED if run_sweep(config, console).failed else 0


def _not_understood(word: str, first: bool) -> UserError:
    """A word that is no setting: a command that does not exist, a key without a value, or neither."""
    from nnexp.config.schema import ROOT

    key = word.lstrip("+")
    if key in ROOT:
        return UserError(f"{key} needs a value: {word}=...")
    if first and key == word:
        return unknown("command", word, SUMMARIES)
    return UserError(f"cannot read {word!r}: expected key=value")


def _help(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Our own page: Hydra's `--help` takes a second to list its own configuration groups."""
    from hydra._internal.hydra import Hydra

    from nnexp.config import choices

    groups, values = choices(options.overrides, options.config_dir)
    page = HELP.format(
        commands="\n".join(f"{name:8} {summary}" for name, summary in SUMMARIES.items()),
        groups="\n".join(f"{name}: {', '.join(names)}" for name, names in groups.items()),
        values="".join(_with_rule(line) for line in values.splitlines(keepends=True)),
        options=Hydra.format_args_help(parser),
    )
    print(page)
    return 0


def _with_rule(line: str) -> str:
    """A line of the composed values; a hyperparameter's says what it may be."""
    knob = KNOBS.get(line.partition(":")[0])
    return f"{line.rstrip():34} # {knob.rule}\n" if knob else line


def _show(words: Sequence[str], options: argparse.Namespace) -> int:
    """Let Hydra print what it was asked for; it trains nothing."""
    import hydra

    from nnexp.config import conf_dir, load_config, register, spelled

    register()
    sys.argv[1:] = words
    if options.cfg or options.info:
        load_config(options.overrides, config_dir=options.config_dir)  # a mistake is told in our one line
        kept = [word for word in words if word not in options.overrides]
        sys.argv[1:] = [*kept, *spelled(options.overrides)]
    hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(lambda _: None)()
    return 0

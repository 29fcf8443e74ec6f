"""The command line: Hydra's words, one line for a mistake, an exit status that says how it went."""

import errno
import gc
import os
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import NoReturn

from nnexp.commands import SUMMARIES, run
from nnexp.commands import help as help_page
from nnexp.commands.completion import candidates
from nnexp.config import load_configs, note_on_config, show, without_addresses
from nnexp.config.schema import ROOT
from nnexp.console import make_console
from nnexp.errors import UserError, unknown
from nnexp.experiment.start import dry_run, run_sweep
from nnexp.sweep.pool.stop import Stopped, SweepError, deferred, listening
from nnexp.version import __version__

RUN_FAILED, USER_MISTAKE = 1, 2
SWITCHES = (
    *(("-h", "--help"), ("-m", "--multirun"), ("-r", "--run"), ("-sc", "--shell-completion")),
    *(("--resolve",), ("--hydra-help",)),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: all runs done; 1: a run failed; 2: a mistake of the user's; 130: Ctrl-C; 143: SIGTERM.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(1_000_000, 20, 20)  # libraries, plans and records live until exit
    try:
        with listening(), without_addresses(words):
            return _carry_out(words)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        print(f"nnexp: {error.strerror}: {error.filename}", file=sys.stderr)
        return USER_MISTAKE
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
    if first == "version" or "--version" in words:
        print(f"nnexp {__version__}")
        return 0
    if first in SUMMARIES and first != "help":
        return run(first, words[1:])
    options = _parser().parse_intermixed_args(words)
    if options.shell_completion:
        return _complete(words, options)
    if first == "help" or options.help:
        return help_page.main(options.overrides[first == "help" :], options.config_dir)
    if options.hydra_help or options.cfg or options.info:
        return _show(words, options)
    return _train(options)


class Parser(ArgumentParser):
    """Says a mistake in our one line."""

    def error(self, message: str) -> NoReturn:
        message = message.replace("unrecognized arguments:", "unknown option")
        raise UserError(f"{message}: nnexp --help lists the options; settings have no dashes: dry_run=true")


def _parser() -> Parser:
    """Hydra's options, those that mean something here; `nnexp/commands/help.py` describes them."""
    parser = Parser(prog="nnexp", add_help=False, allow_abbrev=False)
    parser.add_argument("overrides", nargs="*")
    for names in SWITCHES:
        parser.add_argument(*names, action="store_true")
    parser.add_argument("-c", "--cfg", choices=("job", "hydra", "all"))
    parser.add_argument("-i", "--info", nargs="?", const="all")
    parser.add_argument("-p", "--package")
    parser.add_argument("-cd", "--config-dir")
    return parser


def _train(options: Namespace) -> int:
    """Train what is asked for, sweep after sweep; all of it is checked before the first run."""
    for word in options.overrides:
        if "=" not in word and not word.startswith("~"):
            raise _not_a_setting(word, first=word == options.overrides[0])

    with deferred():  # Hydra and libraries may take a stop in their midst for an error of theirs
        configs = load_configs(options.overrides, multirun=options.multirun, config_dir=options.config_dir)
    if note := note_on_config(options.config_dir):
        print(f"nnexp: {note}", file=sys.stderr)
    console, failed = make_console(), False
    for config in configs:
        if config.execution.dry_run:
            dry_run(config, console)
        else:
            failed |= any(sweep.failed for sweep in run_sweep(config, console))
    return RUN_FAILED if failed else 0


def _not_a_setting(word: str, first: bool) -> UserError:
    """A word without `=`: a command that does not exist, a key without a value, or neither."""
    key = word.lstrip("+")
    if key in ROOT:
        return UserError(f"{key} needs a value: {word}=... (nnexp help {key} tells more)")
    if first and key == word:
        return unknown("command", word, SUMMARIES)
    return UserError(f"cannot read {word!r}: expected key=value")


def _show(words: Sequence[str], options: Namespace) -> int:
    """Let Hydra print what it was asked for."""
    show([word for word in words if word not in options.overrides], options.overrides, options.config_dir)
    return 0


def _complete(words: Sequence[str], options: Namespace) -> int:
    """Tab completion: Hydra has the shells' scripts, which ask `-sc query=SHELL` for candidates."""
    if any(word.startswith("query=") for word in options.overrides):
        print(" ".join(candidates(os.environ.get("COMP_LINE", ""))))
        return 0
    return _show(words, options)

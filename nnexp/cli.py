"""The command line: Hydra's words, one line for a mistake, an exit status that says how it went."""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from nnexp import __version__
from nnexp.nn import UserError

RUN_FAILED, USER_MISTAKE, INTERRUPTED, TERMINATED = 1, 2, 130, 143

HELP = """nnexp trains neural networks and sweeps their hyperparameters.

  one run      python -m nnexp learning_rate=0.1 epochs=10
  a sweep      python -m nnexp +sweep=batch_size data=mnist sweep.seeds=10
  its plan     python -m nnexp +sweep=batch_size dry_run=true
  the results  nnexp ui

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
    before = signal.signal(signal.SIGTERM, _terminate)
    command = COMMANDS.get(words[0]) if words else None
    try:
        return command(words[1:]) if command else _train(words)
    except UserError as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            traceback.print_exc()
        print(f"nnexp: {error}", file=sys.stderr)
        return USER_MISTAKE
    except Terminated:
        return TERMINATED
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)


class Terminated(KeyboardInterrupt):
    """SIGTERM: a stop, like Ctrl-C, and not an error of the run that it falls into."""


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _train(words: Sequence[str]) -> int:
    """Compose the words, then train, or show what Hydra's options ask for."""
    if "--version" in words:
        print(f"nnexp {__version__}")
        return 0
    from hydra._internal.utils import get_args_parser  # the one list of Hydra's options

    from nnexp.config import load_config

    parser = get_args_parser()
    parser.prog = "nnexp"
    options, unknown = parser.parse_known_intermixed_args(words)
    if unknown:
        raise UserError(f"unknown option {unknown[0]!r}: --help lists the options")
    for name in ("config_name", "config_path", "package", "experimental_rerun"):
        if getattr(options, name) and not options.cfg:
            raise UserError(f"--{name.replace('_', '-')} is not for training: --help lists the options")
    if options.help:
        return _help(parser, options)
    if options.hydra_help or options.cfg or options.info or options.shell_completion:
        return _show(words, options)
    config = load_config(options.overrides, multirun=options.multirun, config_dir=options.config_dir)

    from rich.console import Console

    from nnexp.experiment import dry_run, run_sweep

    console = Console()
    if config.execution.dry_run:
        dry_run(config, console)
        return 0
    statuses = run_sweep(config, console).statuses
    return RUN_FAILED if statuses["failed"] + statuses["timed_out"] else 0


def _help(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Our own page: Hydra's `--help` takes a second to list its own configuration groups."""
    from hydra._internal.hydra import Hydra

    from nnexp.config import choices

    groups, values = choices(options.overrides, options.config_dir)
    listed = "\n".join(f"{name}: {', '.join(names)}" for name, names in groups.items())
    print(HELP.format(groups=listed, values=values, options=Hydra.format_args_help(parser)))
    return 0


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


def _ui(words: Sequence[str]) -> int:
    """`nnexp ui [tracking.uri=...] [port=5000]`: MLflow's own UI for the store that runs are logged to."""
    from nnexp.config import load_config
    from nnexp.tracking import ui

    port = [word.removeprefix("port=") for word in words if word.startswith("port=")]
    if port and not port[-1].isdecimal():
        raise UserError(f"port must be a number, got {port[-1]!r}")
    config = load_config([word for word in words if not word.startswith("port=")])
    if config.tracking.uri is None:
        raise UserError("tracking=none keeps no store to show")
    ui(config.tracking.uri, port=int(port[-1]) if port else 5000)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"ui": _ui}

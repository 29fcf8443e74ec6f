"""Help pages, and the close match for a word that is none."""

from importlib.metadata import version

import pytest

from nnexp.commands import SUMMARIES
from tests.commands.conftest import Command

PAGES = [name for name in SUMMARIES if name not in ("help", "version")]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_has_its_page(name: str, nnexp: Command) -> None:
    status, shown, _ = nnexp(name, "--help")
    assert status == 0
    assert shown.startswith(f"nnexp {name} ")
    assert nnexp("help", name)[1] == shown
    assert nnexp(name, "-h")[1] == shown


def test_the_main_page_lists_commands_choices_and_ranges(nnexp: Command) -> None:
    shown = nnexp("help")[1]
    assert shown == nnexp("--help")[1]
    for name, summary in SUMMARIES.items():
        assert f"{name:8} {summary}" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["optimizer:", "sgd", "#", "one", "of", "adam,", "adamw,", "nesterov,", "rmsprop,", "sgd"] in lines
    assert ["learning_rate:", "0.5", "#", "a", "finite", "number", ">", "0"] in lines


def test_the_version_has_a_command(nnexp: Command) -> None:
    assert nnexp("version") == nnexp("--version") == (0, f"nnexp {version('nnexp')}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("lst", "unknown command 'lst'; did you mean 'list'?"),
        ("help stat", "unknown command 'stat'; did you mean 'status'?"),
        ("epochs 5", "epochs needs a value: epochs=..."),
        ("+sweep batch_size", "sweep needs a value: +sweep=..."),
        ("epochs=2 lst", "cannot read 'lst': expected key=value"),
        ("list mixed", "list takes no names, got 'mixed': nnexp status mixed"),
        ("list sweep_dir=x", "unknown setting of list 'sweep_dir'; did you mean 'sweeps_dir'?"),
        ("rm --yess mixed", "unknown option of rm '--yess'; did you mean '--yes'?"),
        ("ui port=high", "port must be a number, got 'high'"),
        ("ui here", "ui takes no names, got 'here'"),
        ("ui tracking=none", "tracking=none keeps no store to show"),
        ("status", "status takes one NAME or NAME/ID, got none"),
        ("status x sweeps_dir=nowhere", "no sweep in nowhere yet: python -m nnexp +sweep=batch_size"),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, nnexp: Command) -> None:
    status, shown, error = nnexp(*words.split())
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"nnexp: {message}")

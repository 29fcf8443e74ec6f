"""Help pages, and the close match for a word that is none."""

from importlib.metadata import version

import pytest

from nnexp.commands import SUMMARIES
from nnexp.config.knobs import KNOBS
from tests.commands.conftest import Command

PAGES = [name for name in SUMMARIES if name not in ("help", "version")]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_has_its_page(name: str, nnexp: Command) -> None:
    status, shown, _ = nnexp(name, "--help")
    assert status == 0
    assert shown.startswith(f"nnexp {name} ")
    assert nnexp("help", name)[1] == shown
    assert nnexp(name, "-h")[1] == shown


def test_the_main_page_has_a_line_for_each_command_and_key(nnexp: Command) -> None:
    shown = nnexp("help")[1]
    assert shown == nnexp("--help")[1]
    for name, summary in SUMMARIES.items():
        assert f"{name:8} {summary}" in shown
    lines = {line.partition("=")[0]: line for line in shown.splitlines()}
    for name, knob in KNOBS.items():
        if name != "monitor":
            assert knob.meaning.partition(". ")[0].rstrip(".") in lines[name]


def test_the_main_page_shows_the_values_of_a_command_line(nnexp: Command) -> None:
    shown = nnexp("--help", "data=mnist", "epochs=7", "+sweep=batch_size")[1]
    lines = [line.split()[0] for line in shown.splitlines() if line]
    assert {"data=mnist", "epochs=7", "sweep.seeds=5", "sweep=batch_size"} <= set(lines)


@pytest.mark.parametrize("words", ["help lambda_l2", "--help lambda_l2", "lambda_l2 --help", "-h lambda_l2"])
def test_a_key_has_a_page(words: str, nnexp: Command) -> None:
    status, shown, _ = nnexp(*words.split())
    assert status == 0
    assert shown.startswith("lambda_l2\nStrength of L2 regularization (weight decay)")
    for line in ("May be:       a finite number >= 0", "Default:      0.0", "Described in: Book, ch. 3, Reg"):
        assert line in shown


def test_a_choice_leads_to_its_key(nnexp: Command) -> None:
    assert nnexp("help", "relu")[1].startswith("relu is a choice of activation.\n\nactivation\n")
    assert nnexp("help", "loky")[1].startswith("loky is a choice of backend.\n\nbackend\n")


def test_the_end_of_a_dotted_key_leads_to_it(nnexp: Command) -> None:
    ends = {key: key.rpartition(".")[2] for key in KNOBS if "." in key}
    for key, end in ends.items():
        if end not in KNOBS:
            assert f"\n{key}\n" in f"\n{nnexp('help', end)[1]}"
    assert nnexp("help", "seeds")[1].startswith("seeds is the end of sweep.seeds.\n\nsweep.seeds\n")
    assert "did you mean 'backend.walltime'?" in nnexp("help", "walltim")[2]


def test_several_pages_at_once(nnexp: Command) -> None:
    shown = nnexp("help", "sweep.seeds", "list", "+sweep")[1]
    assert [f"\n{head}" in f"\n{shown}" for head in ("sweep.seeds\n", "nnexp list", "sweep\n")] == [True] * 3


def test_the_version_has_a_command(nnexp: Command) -> None:
    assert nnexp("version") == nnexp("--version") == (0, f"nnexp {version('nnexp')}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("lst", "unknown command 'lst'; did you mean 'list'?"),
        ("help stat", "unknown command or key 'stat'; did you mean 'status'?"),
        ("help lr", "unknown command or key 'lr'; did you mean 'learning_rate'?"),
        ("help qqqqq", "there is no command or key 'qqqqq': nnexp help lists them"),
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

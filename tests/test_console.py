"""Tables are never cut, and text is never taken for markup."""

import io

import pytest
from rich.console import Console

from nnexp.console import make_console, make_table, print_page


def console(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)


def printed(out: Console) -> list[str]:
    assert isinstance(out.file, io.StringIO)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


def test_figures_are_whole_in_any_width() -> None:
    for width in (1, 10, 30, 200):
        out = console(width)
        table = make_table("what", "accuracy", "cost", right=("accuracy", "cost"))
        table.add_row("a long text that may fold", "84.27 ± 34.87", "5.39e+29")
        print_page(out, table)
        assert any("84.27 ± 34.87  5.39e+29" in line for line in printed(out))


def test_the_text_folds_before_the_figures_go_beyond_the_edge() -> None:
    out = console(40)
    table = make_table("what", "accuracy", right=("accuracy",))
    table.add_row("a long text that may fold as there is no room", "84.27 ± 34.87")
    print_page(out, table)
    assert max(map(len, printed(out))) <= 40
    assert len(printed(out)) > 2


def test_text_is_never_markup(capsys: pytest.CaptureFixture[str]) -> None:
    out = make_console()
    out.print("x[/y] [bold]b :smile:")
    table = make_table("[/red]")
    table.add_row("[/x]")
    print_page(out, table)
    assert capsys.readouterr().out.split() == ["x[/y]", "[bold]b", ":smile:", "[/red]", "[/x]"]

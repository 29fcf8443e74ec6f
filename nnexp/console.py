"""How nnexp writes to people: whole lines, and tables whose figures are never cut."""

import sys
from collections.abc import Callable, Sequence

from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.table import Table

from nnexp.output import in_ascii

PIPE_WIDTH = 10_000  # columns: nothing is folded or cut where the output is no terminal


def make_console() -> Console:
    """Standard output: as wide as the terminal, or as wide as it takes. Text is never taken for markup."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not (console.is_terminal or console.is_jupyter):
        console.width = PIPE_WIDTH
    return console


def print_page(console: Console, page: RenderableType) -> None:
    """Print prose and tables: prose breaks between words, tables are never cut."""
    console.print(page, soft_wrap=False, crop=False)


class WholeTable(Table):
    """A table without lines; in a narrow terminal it is too wide rather than cut."""

    def __init__(self) -> None:
        super().__init__(box=None, padding=(0, 2, 0, 0), header_style="bold")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.update(width=PIPE_WIDTH)
        for column in self.columns:
            if column.no_wrap:
                cells = [column.header, *column.cells]
                column.min_width = max(console.measure(cell, options=wide).maximum for cell in cells)
        least = self.__rich_measure__(console, wide).minimum
        yield from super().__rich_console__(console, options.update(width=max(least, options.max_width)))


def make_table(*headings: str, right: Sequence[str] = (), whole: Sequence[str] = ()) -> WholeTable:
    """A table of texts, which fold where room is short.

    `right`: columns that hold figures; `whole`: those whose texts are not to be folded, such as names.
    """
    table = WholeTable()
    for heading in headings:
        justify: JustifyMethod = "right" if heading in right else "left"
        table.add_column(heading, justify=justify, no_wrap=heading in (*right, *whole), overflow="fold")
    return table


def signs_for(options: ConsoleOptions) -> Callable[[str], str]:
    """What turns a text into one that can be printed: `+-` for the sign that ASCII lacks."""
    return in_ascii if options.ascii_only else str


def can_answer() -> bool:
    """Whether there is somebody to ask: the input is a terminal."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):  # the input was closed, at the start or since
        return False

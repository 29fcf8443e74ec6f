"""A table as wide as the terminal allows."""

from collections.abc import Mapping, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text


class Fitting:
    """Rows of cells by header, each with its marks: where room is short, headers go, then names break.

    `optional`: the headers that may go, the first one first. `bold`: the number of the row that stands out.
    """

    def __init__(
        self,
        rows: Sequence[Mapping[str, str]],
        marks: Sequence[Sequence[Text]],
        optional: Sequence[str],
        bold: int | None = None,
    ) -> None:
        self.rows, self.marks, self.optional, self.bold = rows, marks, optional, bold

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headers = list(self.rows[0])
        for gone in range(len(self.optional) + 1):
            kept = [header for header in headers if header not in self.optional[:gone]]
            table = self._table({header: header for header in kept})
            if table.__rich_measure__(console, options).maximum <= options.max_width:
                break
        else:
            table = self._table({header: header.replace("_", "_\n") for header in kept})
        yield table

    def _table(self, titles: Mapping[str, str]) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        for title in titles.values():
            table.add_column(Text(title), justify="right", vertical="bottom")
        table.add_column()
        for number, (cells, marks) in enumerate(zip(self.rows, self.marks, strict=True)):
            style = "bold" if number == self.bold else None
            table.add_row(*(Text(cells[header]) for header in titles), Text("  ").join(marks), style=style)
        return table

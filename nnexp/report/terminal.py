"""The answer of a sweep in a terminal, by rich: a table as wide as there is room, then the verdicts."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import rich.table
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from nnexp.console import PIPE_WIDTH, WholeTable, signs_for
from nnexp.report.answer import INTERVALS, Answer, Line, Table, Tone, Verdict, cell_text
from nnexp.report.effects import effect_lines

STYLES: Mapping[Tone, str] = {
    "plain": "",
    "result": "bold",
    "good": "green",
    "warning": "yellow",
    "problem": "red",
}
VERDICT_STYLES = {  # others: dim
    "reproduced": "green",
    "holds": "green dim",  # for these seeds: no error rate
    "refuted": "red",
    "fails": "red dim",
    "undecided": "yellow",
}


def page(answer: Answer, command: str) -> Group:
    """All of the answer, for 80 columns or more. `command`: what prints it again."""
    return Group(
        summary(answer, command), verdict_list(answer.verdicts, answer.intervals), *note_lines(answer.notes)
    )


def summary(answer: Answer, command: str) -> Group:
    """Question, table and best point, without verdicts and notes."""
    parts: list[RenderableType] = [Text(answer.question, style="bold")] if answer.question else []
    if answer.table:
        heading = "\n".join([*answer.heading, ""])
        table = ResponsiveTable(answer.table, command)
        parts += [Text(heading, style="dim"), table, Text()]
    lines = [*([answer.result] if answer.result else []), *answer.explanations]
    return Group(*parts, *(_text(line) for line in lines))


def verdict_list(verdicts: Sequence[Verdict], intervals: str = INTERVALS) -> Group:
    """Each verdict with the figures it rests on (`intervals`: what those are); nothing without claims."""
    if not verdicts:
        return Group()
    grid = rich.table.Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        grid.add_column(no_wrap=True)
    grid.add_column()
    for verdict in verdicts:
        published = f"published: {verdict.published}" if verdict.published else ""
        details = (published, *effect_lines(verdict.effect), verdict.note)
        text = Text(verdict.text).append("".join(f"\n{line}" for line in details if line), style="dim")
        style = VERDICT_STYLES.get(verdict.verdict, "dim")
        grid.add_row(Text(verdict.verdict, style=style), Text(verdict.id), text)
    counts = Counter(verdict.verdict for verdict in verdicts)
    total = ", ".join(f"{counts[name]} {name}" for name in (*VERDICT_STYLES, "not judged") if counts[name])
    heading = Text(f"Claims: {total}", style="bold")
    if any(verdict.effect and verdict.effect.low == verdict.effect.low for verdict in verdicts):  # not NaN
        heading.append(f"; in brackets {intervals}", style="not bold dim")
    return Group(Text(), heading, grid)


class ResponsiveTable:
    """Where room is short, spare columns go, and a line says which; if that is not enough, headings break at
    their underscores. `command`: what prints it again."""

    def __init__(self, table: Table, command: str) -> None:
        self._table = table
        self._command = command

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The widest table that fits."""
        columns, widths = self._table.columns, list[int]()
        for gone in range(1 + max(column.spare for column in columns)):
            kept = [k for k, column in enumerate(columns) if not 0 < column.spare <= gone]
            grid = self._grid({k: "\n".join(columns[k].heading) for k in kept}, signs_for(options))
            widths.append(console.measure(grid, options=options.update(width=PIPE_WIDTH)).maximum)
            if widths[-1] <= options.max_width:
                break
        else:
            headings = {k: "\n".join(columns[k].heading).replace("_", "_\n") for k in kept}
            grid = self._grid(headings, signs_for(options))
        yield grid
        if lost := [" ".join(column.heading) for k, column in enumerate(columns) if k not in kept]:
            yield Text(
                f"Without room here: {', '.join(lost)}. A terminal {widths[0]} characters wide shows all, "
                f"and so does: {self._command} | less -S",
                style="dim",
            )

    def _grid(self, headings: Mapping[int, str], spell: Callable[[str], str]) -> WholeTable:
        """The columns by number, each under its heading."""
        grid = WholeTable()
        for heading in headings.values():
            grid.add_column(Text(heading), justify="right", vertical="bottom", no_wrap=True)
        grid.add_column(no_wrap=True)
        for row in self._table.rows:
            marks = Text("  ").join(map(_text, row.marks))
            cells = (Text(spell(cell_text(row.cells[k]))) for k in headings)
            grid.add_row(*cells, marks, style="bold" if row.best else None)
        return grid


def _text(line: Line) -> Text:
    return Text(line.text, style=STYLES[line.tone])


def note_lines(notes: Sequence[str]) -> list[Text]:
    """What is odd about a sweep, or was looked at before."""
    return [Text(note, style=STYLES["warning"]) for note in notes]

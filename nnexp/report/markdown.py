"""The answer of a sweep in Markdown: what its page in MLflow says."""

import re
from collections.abc import Iterable, Sequence

from nnexp.report.answer import Answer, Table, TableRow, Verdict, cell_text
from nnexp.report.effects import effect_text
from nnexp.text import as_markdown, spelled

MOST_CHARACTERS = 7500  # MLflow keeps 8,000 of a tag
CUT = "\n\n{left} more points are in summary.csv."


def page(answer: Answer) -> str:
    """Question, best point and verdicts, which MLflow shows at once; below them table, notes, commands."""
    top = _blocks(
        _paragraph(answer.question),
        f"**{as_markdown(answer.result.text)}**" if answer.result else "",
        "\n".join(map(_verdict, answer.verdicts)),
    )
    heading = _paragraph(" ".join(answer.heading))
    closing = [*(line.text for line in answer.explanations), *answer.notes]
    bottom = _blocks(*map(_paragraph, closing), *_how(answer))
    room = MOST_CHARACTERS - len(top + heading + bottom) - 6  # the empty lines between
    table = _table(answer.table, room) if answer.table else ""
    return _blocks(top, heading, table, bottom)[:MOST_CHARACTERS]


def _paragraph(text: str) -> str:
    """The same at the beginning of a block, where `# `, `- ` and `1. ` make headings and lists."""
    return re.sub(r"^(?=[-+#])|^(\d+)(?=[.)])", r"\1\\", as_markdown(text))


def _blocks(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _verdict(verdict: Verdict) -> str:
    """An item of the list of claims."""
    details = "; ".join(filter(None, [effect_text(verdict.effect), verdict.note]))
    line = f"- **{verdict.verdict}** {as_markdown(f'{verdict.id}: {verdict.text}')}"
    return f"{line} ({as_markdown(details)})" if details else line


def _how(answer: Answer) -> Iterable[str]:
    """What was not at its default, and the commands that print this page or go on."""
    if answer.settings:
        settings = " ".join(f"{name}={spelled(value)}" for name, value in answer.settings.items())
        yield f"Held fixed: {_code(settings)}, the rest at its default."
    print_, train = _code(f"nnexp summary {answer.name}"), _code(f"nnexp retry {answer.name}")
    yield f"{print_} prints this, {train} trains what is missing."


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _table(table: Table, room: int) -> str:
    """At most `room` characters; below it stands how many rows are left out."""
    headings = [" ".join(column.heading) for column in table.columns]
    lines = [_line([*headings, ""]), f"|{'---|' * (len(headings) + 1)}", *map(_row, table.rows)]
    if len(whole := "\n".join(lines)) <= room:
        return whole
    kept = whole[: max(0, room - len(CUT) - 9)].splitlines()[:-1]
    return "\n".join(kept) + CUT.format(left=len(lines) - len(kept))


def _row(row: TableRow) -> str:
    return _line([*map(cell_text, row.cells), " ".join(mark.text for mark in row.marks)])


def _line(cells: Sequence[str]) -> str:
    """A row; MLflow shows tables without any space between the cells."""
    return f"| {' &ensp;| '.join(map(as_markdown, cells))} |"

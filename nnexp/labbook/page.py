"""The lab book's page: a table of all rows between two marks of its README.md."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from nnexp.claims.findings import FAILS, HOLDS
from nnexp.errors import UserError
from nnexp.labbook.rows import BookRow
from nnexp.labbook.rows_file import ROW_VERDICTS
from nnexp.labbook.sweep_files import path_of
from nnexp.text import as_markdown

PAGE = "README.md"
BEGIN = "<!-- The table from here to the second mark is written by: nnexp labbook --write -->"
END = "<!-- The end of the table. -->"


def totals(rows: Sequence[BookRow]) -> str:
    """`12 rows: 3 reproduced, 9 not run; 2 stale`."""
    counts = Counter(row.verdict for row in rows)
    verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ROW_VERDICTS if counts[verdict])
    stale = sum(bool(row.stale) for row in rows)
    return f"{len(rows)} rows: {verdicts or 'none'}; {stale} stale"


def reasons(rows: Sequence[BookRow]) -> list[str]:
    """Why rows are stale, each reason once."""
    return list(dict.fromkeys(reason for row in rows for reason in row.stale))


def read_page(path: Path) -> str:
    """The page as it is.

    Raises:
        UserError: there is none, or its two marks are not there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: write it, with two lines {BEGIN!r} and {END!r}") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise UserError(f"{path} must have one line {BEGIN!r} and, below it, one line {END!r}")
    return text


def with_table(text: str, rows: Sequence[BookRow], path: Path) -> str:
    """The text of the page at `path` with the table of the rows between its marks."""
    above, below = text.split(BEGIN)[0], text.split(END)[1]
    return f"{above}{BEGIN}\n\n" + "\n".join(_markdown(rows, path)) + f"\n\n{END}{below}"


def _markdown(rows: Sequence[BookRow], path: Path) -> Iterator[str]:
    yield f"{totals(rows)}."
    yield from (f"\n{sentence}" for sentence in _sentences(rows))
    yield from (f"\n**Stale**: {as_markdown(reason)}." for reason in reasons(rows))
    yield "\n| id | claim | published | ours | verdict | where |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        verdict = f"{row.verdict}, **stale**" if row.stale else row.verdict
        cells = [*map(as_markdown, (row.id, row.claim, row.published, row.ours)), verdict, _links(row, path)]
        yield f"| {' | '.join(cells)} |"
    yield from _revisions(rows)


def _sentences(rows: Sequence[BookRow]) -> Iterator[str]:
    """How many checks look at test data, and which rows have no error rate."""
    checks, taking, choosing = (sum(row.looks[k] for row in rows) for k in range(3))
    if taking:
        yield f"{taking} of {checks} checks take test data, {choosing} of them to choose the epoch."
    if without := [as_markdown(row.id) for row in rows if row.verdict in (HOLDS, FAILS)]:
        yield f"**Without an error rate**, {len(without)} rows: {', '.join(without)}."


def _revisions(rows: Sequence[BookRow]) -> Iterator[str]:
    """What was changed after its result was seen, oldest first."""
    revised = sorted(((row, each) for row in rows for each in row.revised), key=lambda pair: pair[1].date)
    if revised:
        yield "\n### Checks that were changed after their result was seen\n"
        yield "| id | changed | decided first | why it was changed | now |"
        yield "|---|---|---|---|---|"
    for row, each in revised:
        cells = (as_markdown(row.id), each.date, as_markdown(each.before), as_markdown(each.why), row.verdict)
        yield f"| {' | '.join(cells)} |"


def _links(row: BookRow, path: Path) -> str:
    """To the sweep files and their notebooks, or to what answers the row instead."""
    if not row.sweeps:
        test = row.where.partition("::")[0]
        return _link("test", Path(test), path) if test and Path(test).exists() else as_markdown(row.where)
    links = []
    for name in row.sweeps:
        links.append(_link(name, path_of(name), path))
        notebook = path.parent / f"{name}.ipynb"
        links += [_link("notebook", notebook, path)] if notebook.exists() else []
    return ", ".join(links)


def _link(name: str, target: Path, path: Path) -> str:
    return f"[{name}]({Path(os.path.relpath(target, path.parent)).as_posix()})"

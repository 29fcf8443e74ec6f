"""`nnexp labbook`: every claim with its verdict, printed, or written into the lab book's page."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnexp.commands.arguments import parse_arguments
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.files import replacing

if TYPE_CHECKING:  # pandas
    from nnexp.labbook.rows import Row

HELP = """
nnexp labbook [--write | --check] [sweeps_dir=sweeps]

The lab book: a row per claim of the sweep files and of SWEEPS_DIR/rows.yaml, with the published figure, ours
and the verdict, from the results that nnexp publish left in SWEEPS_DIR/published. A verdict is stale if the
code of the numerical core, the sweep file or the claim has changed since; a claim without published results
is not run. --write puts the table into SWEEPS_DIR/README.md, between its two marks; --check only looks
whether it stands there as it should: the exit status is 1 if not.
"""
WRITE, CHECK = "--write", "--check"
PAGE = "README.md"
BEGIN = "<!-- The table from here to the second mark is written by: nnexp labbook --write -->"
END = "<!-- The end of the table. -->"


def main(words: Sequence[str]) -> int:
    """Print the table, write it, or check it; 1 if the page is not up to date."""
    from nnexp.labbook.rows import make_rows
    from nnexp.labbook.sweep_files import all_asked

    asked = parse_arguments("labbook", words, options=(WRITE, CHECK))
    if asked.names:
        raise UserError(f"labbook takes no names, got {asked.names[0]!r}")
    if len(asked.options) > 1:
        raise UserError(f"labbook takes {WRITE} or {CHECK}, got both")
    sweeps_dir = Path(asked.sweeps_dir)
    rows = make_rows(all_asked(asked.sweeps_dir), sweeps_dir)
    if not asked.options:
        _print(rows)
        return 0
    page = sweeps_dir / PAGE
    before = _read(page)
    now = with_table(before, rows, page)
    console = make_console()
    if CHECK in asked.options:
        same = before == now
        console.print(f"{page} is {'up to date' if same else f'out of date: nnexp labbook {WRITE}'}")
        return int(not same)
    if before != now:
        with replacing(page) as file:
            file.write(now.encode())
    console.print(f"{page}: {counted(rows)}")
    return 0


def _print(rows: "Sequence[Row]") -> None:
    table = make_table("id", "verdict", "ours", "published", "claim")
    for row in rows:
        table.add_row(
            row.id, f"{row.verdict}, stale" if row.stale else row.verdict, row.ours, row.published, row.claim
        )
    console = make_console()
    console.print(table)
    console.print(f"\n{counted(rows)}")
    for line in _reasons(rows):
        console.print(f"stale: {line}")


def counted(rows: "Sequence[Row]") -> str:
    """`12 rows: 3 reproduced, 9 not run; 2 stale`."""
    from nnexp.labbook.rows_file import VERDICTS

    counts = Counter(row.verdict for row in rows)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    stale = sum(bool(row.stale) for row in rows)
    return f"{len(rows)} rows: {told or 'none'}; {stale} stale"


def _reasons(rows: "Sequence[Row]") -> list[str]:
    return list(dict.fromkeys(reason for row in rows for reason in row.stale))


def _read(page: Path) -> str:
    """The page as it is.

    Raises:
        UserError: there is none, or its two marks are not there.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{page} does not exist: write it, with two lines {BEGIN!r} and {END!r}") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise UserError(f"{page} must have one line {BEGIN!r} and, below it, one line {END!r}")
    return text


def with_table(text: str, rows: "Sequence[Row]", page: Path) -> str:
    """The page's text with the table of the rows between its marks."""
    above, below = text.split(BEGIN)[0], text.split(END)[1]
    return f"{above}{BEGIN}\n\n" + "\n".join(_markdown(rows, page)) + f"\n\n{END}{below}"


def _markdown(rows: "Sequence[Row]", page: Path) -> Iterator[str]:
    yield f"{counted(rows)}."
    yield from (f"\n**Stale**: {reason}." for reason in _reasons(rows))
    yield "\n| id | claim | published | ours | verdict | where |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        verdict = f"{row.verdict}, **stale**" if row.stale else row.verdict
        cells = [*map(_escaped, (row.id, row.claim, row.published, row.ours)), verdict, _links(row, page)]
        yield f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """The text as one cell of a Markdown table."""
    return re.sub(r"([\\|*_<`~\[\]])", r"\\\1", " ".join(text.split()))


def _links(row: "Row", page: Path) -> str:
    """To the sweep files and their notebooks, or to what answers the row instead."""
    from nnexp.labbook.sweep_files import file_of

    if not row.sweeps:
        path = row.where.partition("::")[0]
        return _link("test", Path(path), page) if path and Path(path).exists() else _escaped(row.where)
    links = []
    for name in row.sweeps:
        links.append(_link(name, file_of(name), page))
        notebook = page.parent / f"{name}.ipynb"
        links += [_link("notebook", notebook, page)] if notebook.exists() else []
    return ", ".join(links)


def _link(name: str, path: Path, page: Path) -> str:
    return f"[{name}]({Path(os.path.relpath(path, page.parent)).as_posix()})"

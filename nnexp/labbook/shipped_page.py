"""The lab book's page as an installed package has it: its rows, without the results that they rest on."""

import re
from collections.abc import Iterator
from pathlib import Path

from nnexp.labbook.rows import BookRow
from nnexp.labbook.rows_file import ROWS_FILE
from nnexp.sweep.question.names import PUBLISHED
from nnexp.text import from_markdown

SHIPPED_PAGE = Path(__file__).with_name("published.md")  # sweeps/README.md, put here by the build
TABLE = re.compile(
    r"^\| id \| claim \| published \| ours \| verdict \| where \|\n\|[-|]+\|\n((?:\|.*\n)+)", re.M
)
CELL = re.compile(r"(?<!\\)\|")
STALE = ", **stale**"


def shows_shipped_page(sweeps_dir: str) -> bool:
    """Whether this is an installed package, and nothing is published in `sweeps_dir`."""
    own = any(Path(sweeps_dir, name).exists() for name in (PUBLISHED, ROWS_FILE))
    return SHIPPED_PAGE.exists() and not own


def shipped_rows(page: str) -> Iterator[BookRow]:
    """The rows of a page's table of claims, as it words them."""
    table = TABLE.search(page)
    for line in table[1].splitlines() if table else ():
        cells = [from_markdown(cell.strip()) for cell in CELL.split(line)[1:-1]]
        name, claim, published, ours, verdict, where = cells
        stale = ("the page says so",) if verdict.endswith(STALE) else ()
        yield BookRow(name, claim, published, verdict.removesuffix(STALE), ours, stale, (), where)

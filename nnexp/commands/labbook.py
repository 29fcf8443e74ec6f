"""`nnexp labbook`: every claim with its verdict, printed, or written into the lab book's page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnexp.commands.arguments import parse_arguments
from nnexp.commands.lookup import say_left_out
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.files import replacing
from nnexp.labbook.claims_of_files import bring_claims
from nnexp.labbook.page import PAGE, read_page, reasons, totals, with_table
from nnexp.labbook.published_results import read_published
from nnexp.labbook.rows import make_rows
from nnexp.labbook.shipped_page import SHIPPED_PAGE, shipped_rows, shows_shipped_page
from nnexp.labbook.sweep_files import read_sweep_files
from nnexp.sweep.question.names import PUBLISHED
from nnexp.version import __version__

if TYPE_CHECKING:  # pandas
    from nnexp.labbook.rows import BookRow

HELP = """
nnexp labbook [--write | --check] [sweeps_dir=sweeps]

The lab book: a row per claim of the sweep files and of SWEEPS_DIR/rows.yaml, with the published figure, ours
and the verdict, judged now from the runs and histories that nnexp publish left in SWEEPS_DIR/published. A
verdict is stale if the code of the numerical core has changed since, or what the sweep file trains; a claim
without published results is not run. --write puts the table into SWEEPS_DIR/README.md, between its two marks,
and the claims of the sweep files into the published plans; --check only looks whether the table stands there
as it should: the exit status is 1 if not.
Where nothing is published, an installed nnexp shows the page of its own lab book, whose results and notebooks
are in its repository.
"""
SHIPPED = (
    "This is the lab book of nnexp {}; the results and notebooks that it rests on are in nnexp's repository. "
    "nnexp publish NAME begins one of yours, in {}."
)
WRITE, CHECK = "--write", "--check"


def main(words: Sequence[str]) -> int:
    """Print the table, write it, or check it; 1 if the page is not up to date."""
    arguments = parse_arguments("labbook", words, options=(WRITE, CHECK))
    if arguments.names:
        raise UserError(f"labbook takes no names, got {arguments.names[0]!r}")
    if len(arguments.options) > 1:
        raise UserError(f"labbook takes {WRITE} or {CHECK}, got both")
    if not arguments.options and shows_shipped_page(arguments.sweeps_dir):
        _print(list(shipped_rows(SHIPPED_PAGE.read_text(encoding="utf-8"))))
        make_console().print(SHIPPED.format(__version__, f"{arguments.sweeps_dir}/{PUBLISHED}"))
        return 0
    files = read_sweep_files(arguments.sweeps_dir, say_left_out)
    rows = make_rows(files, arguments.sweeps_dir)
    if not arguments.options:
        _print(rows)
        return 0
    path = Path(arguments.sweeps_dir, PAGE)
    before = read_page(path)
    now = with_table(before, rows, path)
    console = make_console()
    if CHECK in arguments.options:
        same = before == now
        console.print(f"{path} is {'up to date' if same else f'out of date: nnexp labbook {WRITE}'}")
        return int(not same)
    published, _ = read_published(arguments.sweeps_dir, list(files))
    for name in bring_claims(files, published, arguments.sweeps_dir):
        console.print(f"{arguments.sweeps_dir}/{PUBLISHED}/{name} has the claims of its sweep file")
    if before != now:
        with replacing(path) as file:
            file.write(now.encode())
    console.print(f"{path}: {totals(rows)}")
    return 0


def _print(rows: "Sequence[BookRow]") -> None:
    table = make_table("id", "verdict", "ours", "published", "claim")
    for row in rows:
        verdict = f"{row.verdict}, stale" if row.stale else row.verdict
        table.add_row(row.id, verdict, row.ours, row.published, row.claim)
    console = make_console()
    console.print(table)
    console.print(f"\n{totals(rows)}")
    for reason in reasons(rows):
        console.print(f"stale: {reason}")

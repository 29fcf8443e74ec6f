"""Two sweeps side by side: what `nnexp compare NAME NAME` prints."""

from pathlib import Path

from nnexp.commands.lookup import name_of
from nnexp.commands.side_by_side import sides
from nnexp.console import make_console, make_table, print_page
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.report.pair import pair_of


def tell(first: Path, second: Path, sweeps_dir: str) -> None:
    """Print what differs between the sweeps in two folders."""
    names = (name_of(first, sweeps_dir), name_of(second, sweeps_dir))
    pair = pair_of(names, *(load_folder(folder, sweeps_dir).results for folder in (first, second)))
    console = make_console()
    print_page(console, sides(pair.heads))
    console.print("\nSettings that differ" if pair.settings else "\nSettings are the same", style="bold")
    if pair.settings:
        print_page(console, sides(pair.settings))
    if not pair.rows:
        console.print("\nThey have no point in common.")
        return
    console.print("\nValidation accuracy in %, at the points that both have", style="bold")
    table = make_table(*pair.headings, right=pair.headings)
    for row in pair.rows:
        table.add_row(*row)
    print_page(console, table)

"""CSV files as somebody leaves them who edits a cell by hand."""

import csv
from pathlib import Path


def edit(path: Path, row: int, column: str, cell: str) -> None:
    """Put `cell` into a column of row `row`; row 1 is the header."""
    lines = list(csv.reader(path.read_text().splitlines()))
    lines[row - 1][lines[0].index(column)] = cell
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)

"""Two things side by side: both values of each name."""

from collections.abc import Mapping, Sequence

from nnexp.console import WholeTable, make_table


def sides(rows: Mapping[str, Sequence[str]]) -> WholeTable:
    """A row per name with both values."""
    table = make_table("", "first", "second")
    table.show_header = False
    for name, values in rows.items():
        table.add_row(name, *values)
    return table

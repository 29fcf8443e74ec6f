"""Two things side by side: what differs, and both values of each name."""

from collections.abc import Mapping, Sequence
from typing import Any

from nnexp.console import WholeTable, make_table
from nnexp.text import spelled


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Name -> both values, of what is not the same."""
    values = {name: (spelled(a.get(name)), spelled(b.get(name))) for name in dict.fromkeys([*a, *b])}
    return {name: both for name, both in values.items() if both[0] != both[1]}


def sides(rows: Mapping[str, Sequence[str]]) -> WholeTable:
    """A row per name with both values."""
    table = make_table("", "first", "second")
    table.show_header = False
    for name, values in rows.items():
        table.add_row(name, *values)
    return table

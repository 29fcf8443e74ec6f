"""The verdicts of a sweep, to print: each with the figures it rests on."""

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from nnexp.report.effects import told_effect

STYLES = {"reproduced": "green", "refuted": "red", "undecided": "yellow"}  # others: dim


def verdict_page(verdicts: pd.DataFrame) -> Group:
    """The frame of `judge`, for 80 columns or more."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column()
    for row in verdicts.to_dict("records"):
        told = Text(" ".join(row["text"].split()))
        published = row.get("published")
        stated = f"published: {published}" if isinstance(published, str) else ""
        for line in (stated, told_effect(row), row["note"]):
            if isinstance(line, str) and line:  # a missing note is NA
                told.append(f"\n{line}", style="dim")
        table.add_row(Text(row["verdict"], style=STYLES.get(row["verdict"], "dim")), Text(row["id"]), told)
    counts = verdicts["verdict"].value_counts()
    summed = ", ".join(
        f"{counts[verdict]} {verdict}" for verdict in (*STYLES, "not judged") if verdict in counts
    )
    heading = Text(f"Claims: {summed}", style="bold")
    if verdicts["effect_low"].notna().any():
        heading.append("; in brackets 95 % intervals", style="not bold dim")
    return Group(Text(), heading, table)

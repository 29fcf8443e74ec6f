"""The verdicts of a sweep, to print: each with the figures it rests on."""

from typing import Any

import numpy as np
import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

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
        for line in (stated, figures(row), row["note"]):
            if isinstance(line, str) and line:  # a missing note is NA
                told.append(f"\n{line}", style="dim")
        table.add_row(Text(row["verdict"], style=STYLES.get(row["verdict"], "dim")), Text(row["id"]), told)
    counts = verdicts["verdict"].value_counts()
    summed = ", ".join(
        f"{counts[verdict]} {verdict}" for verdict in (*STYLES, "not judged") if verdict in counts
    )
    return Group(Text(), Text(f"Claims: {summed}", style="bold"), table)


def figures(row: dict[Any, Any]) -> str:
    """`effect 0.0123, 95 % interval 0.004 to 0.0206, threshold 0.001, n = 5`; empty without an effect."""
    parts = []
    if not np.isnan(row["effect"]):
        parts.append(f"effect {row['effect']:.4g}")
        if not np.isnan(row["effect_low"]):
            parts.append(f"95 % interval {row['effect_low']:.4g} to {row['effect_high']:.4g}")
        parts.append(f"threshold {row['threshold']:.4g}")
        parts.append(f"n = {row['n']}")
    return ", ".join(parts)

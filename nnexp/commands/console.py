"""How commands write: tables that fit a terminal, and whole lines on a pipe."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

PIPE_WIDTH = 10_000  # columns: nothing is folded or cut where a program reads


def make_console() -> Console:
    """Standard output: as wide as the terminal, or as wide as it takes."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def make_table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """A table without lines; the columns named in `right` hold numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    return table


def moment(iso: object) -> str:
    """A moment of a plan or record, ISO 8601, in local time: `2026-01-02 13:00`."""
    try:
        return f"{datetime.fromisoformat(str(iso)).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return "?"


def disk_use(folder: Path) -> int:
    """Bytes that the files below `folder` take on disk."""
    total = 0
    for home, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):  # a temporary file of a sweep that trains
                total += os.lstat(os.path.join(home, name)).st_blocks * 512
    return total


def size(n_bytes: int) -> str:
    """`1.2 MB`."""
    return decimal(n_bytes)

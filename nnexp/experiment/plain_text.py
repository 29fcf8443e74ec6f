"""What a terminal would show, for a notebook."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, Group, RenderableType

from nnexp.console import print_page

WIDTH = 90  # characters: what a notebook shows without wrapping


class PlainText(str):
    """Text that a notebook shows as it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    @classmethod
    def of(cls, *parts: RenderableType) -> PlainText:
        """The parts below each other as they are printed, without colours and blank lines around them."""
        file = StringIO()
        console = Console(
            file=file, width=WIDTH, color_system=None, force_jupyter=False, force_terminal=False
        )
        print_page(console, Group(*parts))
        return cls("\n".join(line.rstrip() for line in file.getvalue().strip("\n").splitlines()))

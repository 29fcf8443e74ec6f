"""Pages of Markdown: where they are, their links and headings, and their blocks of code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
README, DOCS = REPOSITORY / "README.md", REPOSITORY / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
FENCE = re.compile(r"^( *)```(.*)\n((?:.*\n)*?)\1```$", re.MULTILINE)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: the line of the file that it begins at, its language, what stands behind that, and its
    text."""

    line: int
    language: str
    rest: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        language, _, rest = match[2].partition(" ")
        yield Block(text.count("\n", 0, match.start()) + 2, language, rest, match[3])


def prose(page: Path) -> str:
    """A page without its blocks and its code."""
    return re.sub(r"`[^`\n]+`", "code", FENCE.sub("", page.read_text(encoding="utf-8")))


def links(page: Path) -> list[str]:
    """The targets of all links and pictures that lead to no other host."""
    targets = LINK.findall(prose(page))
    return [target for target in targets if not re.match(r"(https?|mailto):", target)]


def anchors(page: Path) -> set[str]:
    """What headings are called in links: as code hosts and the site have it."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {anchor(title) for title in HEADING.findall(text)}


def anchor(title: str) -> str:
    """Lower case, without punctuation, and with hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")

"""A page as a browser's parser sees it: elements with their attributes and texts."""

import json
import re
from html.parser import HTMLParser
from typing import Any, NamedTuple


class Element(NamedTuple):
    """A start tag; `text`: what stands directly in it."""

    tag: str
    attributes: dict[str, str]
    text: list[str]


class Reader(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, []))
        self._open.append(self.elements[-1])

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text.append(data)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of a tag with these attributes; `class_` for `class`."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [e for e in self.elements if e.tag == tag and wanted.items() <= e.attributes.items()]

    def text(self) -> str:
        """All that is no script or style, in one line."""
        seen = [t for e in self.elements if e.tag not in ("script", "style") for t in e.text]
        return " ".join(" ".join(seen).split())

    def data(self, section: int = 0) -> dict[str, Any]:
        """What the scripts of a section take."""
        (element,) = self.all("script", id=f"data-{section}")
        found: dict[str, Any] = json.loads("".join(element.text))
        return found

    def policy(self) -> str:
        (meta,) = self.all("meta", **{"http-equiv": "Content-Security-Policy"})
        return meta.attributes["content"]


def words(text: str) -> str:
    """The text in one line, as `Reader.text` has it."""
    return re.sub(r"\s+", " ", text).strip()

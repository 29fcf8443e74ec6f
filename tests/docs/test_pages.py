"""The documentation: its links lead somewhere, and what is made from the code is up to date."""

from pathlib import Path

import pytest

from tests.docs import reference
from tests.docs.markdown import DOCS, PAGES, REPOSITORY, anchor, anchors, links

OTHERS = ("CONTRIBUTING.md", "CHANGELOG.md", "sweeps/README.md")
WITH_LINKS = [*PAGES, *(REPOSITORY / name for name in OTHERS)]


@pytest.mark.parametrize("page", WITH_LINKS, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        if heading:
            assert heading in anchors(target), link


@pytest.mark.parametrize(
    ("title", "name"),
    [("How to read the answer", "how-to-read-the-answer"), ("lambda_l2", "lambda_l2"), ("`x.y`, z", "xy-z")],
)
def test_headings_are_called_as_a_code_host_calls_them(title: str, name: str) -> None:
    assert anchor(title) == name


def test_the_first_page_leads_to_every_other() -> None:
    others = {page.name for page in DOCS.glob("*.md")} - {"index.md"}
    assert set(links(DOCS / "index.md")) == others


@pytest.mark.parametrize("name", reference.PAGES)
def test_what_is_made_from_the_code_is_as_the_code_says(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "python -m tests.docs.reference writes it anew"

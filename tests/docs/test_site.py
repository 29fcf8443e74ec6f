"""The site is built by one command, without a warning, and asks no other machine for anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, REPOSITORY

# What a browser fetches by itself; a link is followed by a person.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="(?:https?:)?//|url\(["']?(?:https?:)?//"""
)
LOCAL = re.compile(r"""<a\b[^>]*?href="(?!https?:|#|mailto:)([^"#?]+)""")


@pytest.mark.slow
def test_the_site_is_whole_and_fetches_nothing(tmp_path: Path) -> None:
    few = ["-D", "reports=batch_size"]  # of the reports, which have tests of their own
    command = [sys.executable, "-m", "sphinx", "-W", "-q", *few, "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for page in DOCS.glob("*.md"):
        check_title(page, tmp_path / page.with_suffix(".html").name)
    for file in tmp_path.glob("*.html"):
        check_links(file)
    for file in [*tmp_path.glob("*.html"), *tmp_path.rglob("*.css")]:
        assert not FETCHED.search(file.read_text(encoding="utf-8")), file.name


def check_title(page: Path, html: Path) -> None:
    """Each page is there with its own text: none has the name of one of Sphinx's own."""
    title = re.findall(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert f"<h1>{title}<" in html.read_text(encoding="utf-8")


def check_links(html: Path) -> None:
    for link in LOCAL.findall(html.read_text(encoding="utf-8")):
        assert (html.parent / link).is_file(), f"{html.name}: {link}"

"""The site is built by one command, without a warning, and asks no other machine for anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, REPOSITORY

pytestmark = pytest.mark.slow
# What a browser fetches by itself; a link is followed by a person.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="(?:https?:)?//|url\(["']?(?:https?:)?//"""
)
LOCAL = re.compile(r"""<a\b[^>]*?href="(?!https?:|#|mailto:)([^"#?]+)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    few = ["-D", "reports=labbook,batch_size"]  # of the reports, which have tests of their own
    command = [sys.executable, "-m", "sphinx", "-W", "-q", *few, "docs", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there_with_its_own_text(site: Path) -> None:
    for page in DOCS.glob("*.md"):
        title = re.findall(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)[0]
        html = (site / page.with_suffix(".html").name).read_text(encoding="utf-8")
        assert f"<h1>{title}<" in html


def test_every_link_leads_to_a_file(site: Path) -> None:
    for page in site.glob("*.html"):
        for link in LOCAL.findall(page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), f"{page.name}: {link}"


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for file in [*site.glob("*.html"), *site.rglob("*.css")]:
        assert not FETCHED.search(file.read_text(encoding="utf-8")), file.name

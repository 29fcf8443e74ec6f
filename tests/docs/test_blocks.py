"""Every command and every piece of Python in the documentation works."""

from pathlib import Path

import pytest

from tests.docs.markdown import PAGES, Block, blocks
from tests.docs.running import LANGUAGES, MARKS, PARSED, check, run

MARKED = [
    pytest.param(block, id=f"{page.name}:{block.line}")
    for page in PAGES
    for block in blocks(page)
    if block.rest in PARSED
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_says_what_it_is(page: Path) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES, block
        assert not block.rest or block.language == "yaml" or block.rest in MARKS, block


@pytest.mark.parametrize("block", MARKED)
def test_what_is_not_run_here_can_be_parsed(block: Block) -> None:
    check(block)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_says_works(page: Path, tmp_path: Path) -> None:
    """One block after the other, in one folder, as a reader would."""
    for block in blocks(page):
        if block.rest not in PARSED:
            try:
                run(block, tmp_path)
            except AssertionError as error:
                raise AssertionError(f"{page.name}, line {block.line}:\n{block.text}\n{error}") from None

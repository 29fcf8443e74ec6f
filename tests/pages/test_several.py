"""Reports of more than one sweep: a study, two side by side, the lab book."""

from pathlib import Path

import pytest

from nnexp.experiment.html_report import pair_report, report
from nnexp.labbook.rows import BookRow
from nnexp.pages.labbook import labbook_page
from nnexp.pages.render import labbook_html
from nnexp.sweep.store.plan_file import read_plan
from tests.pages.known import EVIL
from tests.pages.reading import Reader, words
from tests.results.judged import sweep_of

PUBLISHED = Path(__file__).parents[2] / "sweeps" / "published"


@pytest.mark.slow
def test_a_study_has_its_answer_first_and_then_its_stages_in_order() -> None:
    folder = PUBLISHED / "tuned" / "strategy"
    page = Reader(report(folder, PUBLISHED.parent).content)
    heads = [words("".join(head.text)) for head in page.all("h2")][:-1]
    stages = [stage.stage for stage in read_plan(folder).stages]
    wanted = [f"Stage {number} of {len(stages)}: {name}" for number, name in enumerate(stages, start=1)]
    assert heads == ["The study's answer", *wanted]
    assert page.text().count("No test figure is shown: settings are chosen here.") == len(stages)
    assert page.text().count("Its test accuracy") + page.text().count("Test accuracy:") == 1


def test_two_sweeps_stand_side_by_side(tmp_path: Path) -> None:
    first, second = (sweep_of(tmp_path, name=name).folder for name in ("one", "two"))
    page = Reader(pair_report(first, second, tmp_path).content)
    text = page.text()
    assert "Settings are the same" in text
    assert "10 95.50 95.50 +0.00 ± 0.00" in text
    assert "second minus first, in points" in text
    assert len(page.all("article")) == 2
    assert {e.attributes["id"] for e in page.elements if "id" in e.attributes} >= {"data-0", "data-1"}


def test_the_lab_book_has_every_claim_and_its_texts_stay_texts() -> None:
    rows = [
        BookRow("B1-1", EVIL, EVIL, "reproduced", EVIL, (), ("book/one",), ""),
        BookRow("B1-2", "It does.", "", "not run", "", (EVIL,), (), EVIL),
    ]
    page = Reader(labbook_html(labbook_page(rows, "now")))
    assert "2 rows: 1 reproduced, 1 not run; 1 stale." in page.text()
    assert page.text().count(words(EVIL)) == 6
    assert len(page.all("script")) == 2
    heads = [cell.attributes.get("data-head") for cell in page.all("td")][:5]
    assert heads == [None, None, "ours", "published", "rests on"]  # a narrow screen shows them in the cells
    assert not [name for e in page.elements for name in e.attributes if name.startswith("on")]


def test_every_page_has_one_title_one_heading_and_one_main_part(tmp_path: Path) -> None:
    folder, other = (sweep_of(tmp_path, name=name).folder for name in ("one", "two"))
    for page in (
        report(folder, tmp_path).content,
        pair_report(folder, other, tmp_path).content,
        labbook_html(labbook_page([], "now")),
    ):
        assert [len(Reader(page).all(tag)) for tag in ("h1", "title", "main")] == [1, 1, 1]

"""A report as its reader opens it: nothing leaves it, nothing hostile runs, and all of it answers."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnexp.commands.watch import server_for
from nnexp.experiment.html_report import report
from nnexp.experiment.watching import Watched
from nnexp.labbook.rows import BookRow
from nnexp.pages.labbook import labbook_page
from nnexp.pages.render import labbook_html
from nnexp.results.tables import make_tables
from nnexp.results.write_csv import write_tables
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.plan_file import write_plan
from nnexp.sweep.store.sign import Sign, write_sign
from tests.benchmarks.answers import known
from tests.browser.driving import browsing, chromium
from tests.pages.known import evil_page
from tests.results.judged import sweep_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[browser]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed: apt-get install chromium"),
]
OPENED = 2.0  # seconds within which a large page is there, its first chart drawn


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a sweep of nine runs."""
    place = tmp_path_factory.mktemp("small")
    path = place / "report.html"
    path.write_bytes(report(sweep_of(place).folder, place).content)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator["Page"]:
    with browsing() as page:
        yield page


@pytest.fixture
def page(browser: "Page", file: Path) -> "Page":
    return opened(browser, file)


def opened(browser: "Page", file: Path) -> "Page":
    """The page, its charts drawn."""
    browser.emulate_media(media="screen", color_scheme="light")
    browser.set_viewport_size({"width": 1600, "height": 900})
    browser.goto(file.as_uri())
    for chart in browser.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        chart.locator(".main-svg").first.wait_for()
    return browser


def rows(page: "Page") -> list[str]:
    """The table of runs, a text a row."""
    return page.locator("[data-runs] tbody tr").all_inner_texts()


def lines(chart: "Locator") -> int:
    """The lines that a chart draws."""
    return chart.locator("path.js-line").count()


def test_no_request_leaves_the_page(browser: "Page", file: Path, tmp_path: Path) -> None:
    (tmp_path / "evil.html").write_bytes(evil_page(tmp_path / "evil"))
    for path in (file, tmp_path / "evil.html"):
        asked: list[str] = []
        browser.on("request", lambda request, asked=asked: asked.append(request.url))
        opened(browser, path)
        for box in browser.get_by_role("combobox").all():
            box.select_option(index=1)
        browser.wait_for_timeout(300)
        assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]


def test_nothing_hostile_runs(browser: "Page", tmp_path: Path) -> None:
    said: list[str] = []
    browser.on("console", lambda message: said.append(message.text))
    browser.on("dialog", lambda dialog: said.append(dialog.message))
    (tmp_path / "evil.html").write_bytes(evil_page(tmp_path / "evil"))
    page = opened(browser, tmp_path / "evil.html")
    page.get_by_role("searchbox").fill("1")
    page.locator("summary").first.click()
    page.mouse.move(400, 200)
    assert page.evaluate("window.ran === undefined")
    assert page.locator("img:not([src^='data:image/png'])").count() == 0
    assert said == []


def test_the_policy_stops_a_script_that_would_stand_on_the_page(page: "Page") -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran=1\">')")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran=2'}))"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran === undefined")


def test_runs_are_searched_and_sorted(page: "Page") -> None:
    assert len(rows(page)) == 9
    page.get_by_role("searchbox").fill("batch_size=10 seed=2")
    assert len(rows(page)) == 1
    assert page.get_by_role("status").inner_text() == "1 to 1 of 1 runs"
    page.get_by_role("searchbox").fill("batch_size=10")
    assert len(rows(page)) == 3  # and not those of 1000
    page.get_by_role("searchbox").fill("none such")
    assert page.get_by_role("status").inner_text() == "no run has all of these words"
    page.get_by_role("searchbox").fill("")
    head = page.locator("th", has=page.get_by_role("button", name="final validation accuracy"))
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert "\t80.00\t" in rows(page)[0]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert "\t96.10\t" in rows(page)[0]


def test_a_box_of_the_legend_hides_a_point(page: "Page") -> None:
    chart = page.locator("[data-chart]").nth(1)
    before = lines(chart)
    chart.get_by_label("batch_size=1000").uncheck()
    assert lines(chart) < before
    chart.get_by_role("button", name="none").click()
    assert lines(chart) == 0
    chart.get_by_role("button", name="all").click()
    assert lines(chart) == before


def test_scales_turn_logarithmic_and_accuracies_to_error_rates(page: "Page") -> None:
    chart = page.locator("[data-chart]").first
    title = chart.locator(".ytitle")
    log = chart.get_by_label("logarithmic along y")
    log.set_checked(True)
    assert title.text_content() == "validation error rate (%)"
    log.set_checked(False)
    assert title.text_content() == "validation accuracy (%)"
    chart.get_by_label("figure").select_option(label="training cost")
    assert title.text_content() == "training cost"


def test_a_logarithmic_scale_says_where_all_is_right(browser: "Page", tmp_path: Path) -> None:
    perfect = [[0.90, 0.91, 0.92], [1.0, 1.0, 1.0], [0.95, 0.96, 0.97]]
    path = tmp_path / "perfect.html"
    path.write_bytes(report(sweep_of(tmp_path, accuracies=perfect).folder, tmp_path).content)
    chart = opened(browser, path).locator("[data-chart]").first
    log = chart.get_by_label("logarithmic along y")
    log.set_checked(True)
    assert chart.locator(".annotation-text").all_text_contents() == ["0 %: all right"]
    log.set_checked(False)
    assert chart.locator(".annotation-text").count() == 0


def test_values_are_shown_by_hovering_and_as_a_table(page: "Page") -> None:
    chart = page.locator("[data-chart]").first
    chart.scroll_into_view_if_needed()
    point = chart.locator(".scatterlayer .point").last
    box = point.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    chart.locator(".hovertext").first.wait_for()
    assert re.search(
        r"batch_size=\d+: \d.*\(\d.* to \d.*\), n = 3", chart.locator(".hovertext").text_content() or ""
    )
    chart.get_by_text("Values as a table").click()
    assert chart.get_by_role("row").nth(2).inner_text() == "10\t95.5\t94.186 to 96.814\t3"


def test_all_of_it_is_reached_by_the_keyboard(page: "Page") -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the answer"
    page.keyboard.press("Enter")
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("(document.activeElement.textContent || document.activeElement.type).trim()")
        )
    for name in (
        "Claims",
        "search",
        "run",
        "seed",
        "The sweep file",
        "reset zoom",
        "Values as a table",
        "all",
    ):
        assert any(name in text for text in seen), (name, seen)


def test_on_a_phone_the_lab_book_s_claims_stand_below_each_other(browser: "Page", tmp_path: Path) -> None:
    long = "A claim of many words that says what it says of a network. " * 4
    rows = [BookRow(f"B1-{k}", long, "95 %", "undecided", long, (), ("book/one",), "") for k in range(3)]
    path = tmp_path / "labbook.html"
    path.write_bytes(labbook_html(labbook_page(rows, "now")))
    browser.set_viewport_size({"width": 400, "height": 900})
    browser.goto(path.as_uri())
    assert browser.evaluate("document.querySelector('.book').scrollWidth") <= 400
    ours = browser.locator("td[data-head=ours]").first
    assert ours.evaluate("cell => getComputedStyle(cell, '::before').content") == '"ours: "'


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_hinders(page: "Page", width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[browser]'")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for summary in page.locator("summary").all():
        summary.click()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_it_prints_dark_on_white_whatever_the_screen(page: "Page", tmp_path: Path) -> None:
    page.emulate_media(color_scheme="dark")
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".controls").first.is_visible()


def test_a_watched_page_follows_the_sweep(browser: "Page", tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    records = sorted((sweep.folder / "records").glob("*.json"))
    for path in records[4:]:
        path.rename(tmp_path / path.name)
    browser.emulate_media(media="screen")
    with server_for(Watched(sweep.folder, str(tmp_path)), 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        browser.goto(f"http://127.0.0.1:{server.server_port}")
        told = browser.locator(".live").get_by_role("status")
        told.filter(has_text="4 of 9 runs have ended").wait_for()
        with held(sweep.folder):
            write_sign(sweep.folder, Sign({"finished": 4}, 2, 0.7, "about 3 s left", ("epoch 1/2 starting",)))
            told.filter(has_text="4 of 9 runs have ended: 4 finished; 2 running, 3 to do").wait_for()
            live = browser.locator(".live")
            live.get_by_text("about 3 s left").wait_for()
            assert live.get_by_text("epoch 1/2 starting").count() == 1
            assert browser.evaluate("document.querySelector('progress').value") == 0.7
        told.filter(has_text="nobody trains it now").wait_for()
        assert browser.get_by_role("heading", name="Claims and verdicts").count() == 0
        for path in records[4:]:
            (tmp_path / path.name).rename(path)
        told.filter(has_text="9 of 9 runs have ended").wait_for()
        browser.get_by_role("heading", name="Claims and verdicts").wait_for()
        assert len(rows(browser)) == 9
        server.shutdown()
    browser.get_by_text("nnexp watch has ended").wait_for()


def test_ten_thousand_runs_open_at_once_a_hundred_at_a_time(browser: "Page", tmp_path: Path) -> None:
    plan, records = known(10_000)
    folder = tmp_path / plan.name / plan.sweep_id
    folder.mkdir(parents=True)
    write_plan(plan, {}, folder)
    write_tables(make_tables(plan, records, {}), folder)
    path = tmp_path / "report.html"
    began = time.perf_counter()
    path.write_bytes(report(folder, tmp_path).content)
    assert time.perf_counter() - began < 20
    took = []
    for _ in range(3):
        browser.emulate_media(media="screen")
        browser.goto("about:blank")
        began = time.perf_counter()
        browser.goto(path.as_uri())
        browser.locator("[data-runs] tbody tr").first.wait_for()
        took.append(time.perf_counter() - began)
    assert min(took) < OPENED
    assert len(rows(browser)) == 100
    browser.get_by_role("button", name="next").click()
    assert browser.get_by_role("status").inner_text() == "101 to 200 of 10000 runs"
    browser.get_by_role("searchbox").fill("seed=3")
    assert browser.get_by_role("status").inner_text() == "1 to 100 of 1000 runs"

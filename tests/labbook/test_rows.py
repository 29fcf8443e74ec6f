"""The rows of the lab book: those that no sweep answers, verdicts taken together, their order."""

import re
from pathlib import Path

import pytest

from nnexp.errors import UserError
from nnexp.labbook.rows import BookRow, combine, make_rows

HEAD = """chapters: [B1, B3, B5, S0, S4, X0, D]
kinds: {exact: tested, analytic: tested, value: not run, timing: not run, context: not judged}
rows:
"""


def rows_of(text: str, folder: Path, head: str = HEAD) -> dict[str, BookRow]:
    """The rows of a lab book without sweeps, by id."""
    (folder / "rows.yaml").write_text(head + text)
    return {row.id: row for row in make_rows({}, folder)}


def row(name: str, more: str = "", kind: str = "value") -> str:
    return f"  - {{id: {name}, kind: {kind}, claim: It is so., published: null, where: here{more}}}\n"


def test_a_row_has_the_verdict_of_its_kind_unless_it_states_one(tmp_path: Path) -> None:
    kinds = ("exact", "analytic", "value", "timing", "context")
    text = "".join(row(kind, kind=kind) for kind in kinds)
    found = rows_of(text + row("wrong", ", verdict: refuted", "analytic"), tmp_path)
    verdicts = ["tested", "tested", "not run", "not run", "not judged"]
    assert [found[kind].verdict for kind in kinds] == verdicts
    assert found["wrong"].verdict == "refuted"
    assert found["exact"] == BookRow("exact", "It is so.", "", "tested", "", (), (), "here")


def test_rows_stand_by_chapter_and_number(tmp_path: Path) -> None:
    order = ["B1-01", "B3-2", "B3-9", "B3-10", "B3-10b", "B5-01", "S0-1", "S4-9", "X0-1", "D1", "D2", "gap"]
    assert list(rows_of("".join(map(row, reversed(order))), tmp_path)) == order


def test_a_row_rests_on_others_however_deep(tmp_path: Path) -> None:
    text = row("A", ", verdict: refuted") + row("B", ", same_as: [A]") + row("C", ", same_as: [B, D]")
    found = rows_of(text + row("D", kind="exact"), tmp_path)
    assert [found[name].verdict for name in "ABCD"] == ["refuted", "refuted", "refuted", "tested"]
    assert found["C"].ours == "as B (refuted), D"


def test_there_are_no_rows_where_nothing_is_row(tmp_path: Path) -> None:
    assert make_rows({}, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  - 5", "rows.yaml, row 1: a row must have id, kind, claim, published, where, got 5"),
        ("  - {id: A}", "rows.yaml, row A: a row must have id, kind, claim, published, where, got"),
        (row("A", kind="exat"), "row A: unknown kind 'exat'; did you mean 'exact'?"),
        (row("A", ", wher: x"), "row A: unknown key 'wher'; did you mean 'where'?"),
        (row("A", ", verdict: refutd"), "row A: unknown verdict 'refutd'; did you mean 'refuted'?"),
        (row("A", ", same_as: B"), "row A: same_as must be a list, got 'B'"),
        (row("A") + row("A"), "rows.yaml has the row A, which stands elsewhere, too"),
        (row("A", ", same_as: [B]"), "row A rests on B: unknown row 'B'"),
        (
            row("A", ", same_as: [B]") + row("B", ", same_as: [A]"),
            "row B rests on A, which rests on it",
        ),
    ],
)
def test_a_row_that_is_wrong_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        rows_of(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "rows.yaml cannot be read"),
        ("- 5", "rows.yaml must have chapters, kinds, rows, got [5]"),
        ("chapter: [A]", "rows.yaml: unknown part 'chapter'; did you mean 'chapters'?"),
        ("chapters: A", "rows.yaml: chapters must be a list, got 'A'"),
        ("rows: 5", "rows.yaml: rows must be a list, got 5"),
        ("kinds: [exact]", "rows.yaml: kinds must map kinds to verdicts, got ['exact']"),
        ("kinds: {exact: testd}", "rows.yaml: unknown verdict 'testd'; did you mean 'tested'?"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        rows_of(text, tmp_path, head="")


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (["tested"], "tested"),
        (["tested", "tested"], "tested"),
        (["tested", "reproduced"], "reproduced"),
        (["reproduced", "undecided"], "undecided"),
        (["reproduced", "not run"], "not run"),
        (["undecided", "not judged", "not run"], "not run"),
        (["not run", "refuted"], "refuted"),
        (["undecided", "not judged"], "not judged"),
    ],
)
def test_verdicts_are_taken_together(verdicts: list[str], verdict: str) -> None:
    assert combine(verdicts) == combine(verdicts[::-1]) == verdict

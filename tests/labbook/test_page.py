"""What the lab book's page says beside its table."""

from pathlib import Path

from nnexp.claims.checks import LooksAtTest
from nnexp.claims.revisions import Revision
from nnexp.labbook.page import BEGIN, END, with_table
from nnexp.labbook.rows import BookRow
from nnexp.labbook.shipped_page import shipped_rows

LATER = Revision("2026-11-27", "reproduced, by the median", "a median has no error rate")
EARLIER = Revision("2026-11-21", "refuted, with 5 seeds", "five more | seeds")


def page(*rows: BookRow) -> str:
    return with_table(f"{BEGIN}\n{END}\n", rows, Path("sweeps/README.md"))


def row(name: str, verdict: str, *revised: Revision, looks: LooksAtTest | None = None) -> BookRow:
    return BookRow(name, "It is so.", "", verdict, "", (), (), "", revised, looks or LooksAtTest())


def test_it_names_the_rows_without_an_error_rate() -> None:
    text = page(row("A", "holds"), row("B", "reproduced"), row("C", "fails"))
    assert "\n**Without an error rate**, 2 rows: A, C.\n" in text
    assert "1 reproduced, 1 holds, 1 fails" in text
    assert "error rate" not in page(row("B", "reproduced"))


def test_it_counts_the_looks_at_test_data() -> None:
    text = page(
        row("A", "holds", looks=LooksAtTest(3, 2, 1)), row("B", "reproduced", looks=LooksAtTest(1, 1, 0))
    )
    assert "\n3 of 4 checks take test data, 1 of them to choose the epoch.\n" in text


def test_what_was_changed_after_its_result_was_seen_has_a_dated_line() -> None:
    lines = page(row("A", "undecided", LATER), row("B", "holds", EARLIER)).splitlines()
    start = lines.index("### Checks that were changed after their result was seen")
    assert lines[start + 4 : start + 6] == [
        r"| B | 2026-11-21 | refuted, with 5 seeds | five more \| seeds | holds |",
        "| A | 2026-11-27 | reproduced, by the median | a median has no error rate | undecided |",
    ]
    assert "changed after" not in page(row("A", "undecided"))


def test_an_installed_package_reads_its_rows_as_they_were() -> None:
    odd = row("X-1", "holds")._replace(claim="a|b \\ <c> & *d* _e_", ours="[2] ~3", stale=("a formula",))
    plain = row("B", "reproduced", EARLIER)
    shown = list(shipped_rows(page(odd, plain)))
    assert [each[:5] for each in shown] == [odd[:5], plain[:5]]
    assert [bool(each.stale) for each in shown] == [True, False]

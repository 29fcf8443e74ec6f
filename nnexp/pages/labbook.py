"""The lab book as a page: every claim with its verdict."""

from collections.abc import Iterator, Sequence

from nnexp.claims.findings import FAILS, HOLDS
from nnexp.labbook.page import reasons, totals
from nnexp.labbook.rows import BookRow
from nnexp.pages.content import ClaimRow, LabbookPage


def labbook_page(rows: Sequence[BookRow], made: str) -> LabbookPage:
    """The page of these rows."""
    revised = sorted(((row, each) for row in rows for each in row.revised), key=lambda pair: pair[1].date)
    return LabbookPage(
        title="Every claim with its verdict",
        made=made,
        totals=f"{totals(rows)}.",
        notes=tuple(_notes(rows)),
        rows=tuple(map(_row, rows)),
        revisions=tuple((row.id, each.date, each.before, each.why, row.verdict) for row, each in revised),
    )


def _row(row: BookRow) -> ClaimRow:
    rests_on = ", ".join(row.sweeps) or row.where
    stale = "; ".join(row.stale)
    return ClaimRow(row.id, row.claim, row.published, row.ours, row.verdict, stale, rests_on)


def _notes(rows: Sequence[BookRow]) -> Iterator[str]:
    checks, taking, choosing = (sum(row.looks[k] for row in rows) for k in range(3))
    if taking:
        yield f"{taking} of {checks} checks take test data, {choosing} of them to choose the epoch."
    if without := sum(row.verdict in (HOLDS, FAILS) for row in rows):
        yield f"{without} rows hold or fail for the seeds at hand: they have no interval, and no error rate."
    yield from (f"Stale: {reason}." for reason in reasons(rows))

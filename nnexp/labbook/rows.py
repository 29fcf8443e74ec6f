"""The lab book: a row per claim, with its verdict, from what is committed alone.

A claim comes from a sweep file, and its verdict from the published results of that sweep. An id of the book
(`B3-17`, a chapter of `rows.yaml` and a number) is one row, which holds if it holds in all sweeps that claim
it; any other id is the sweep's own, `batch_size: compromise`. What no sweep answers stands in `rows.yaml`,
see `rows_file`. A row with `same_as` rests on other rows, of any file, and takes their verdict together with
its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nnexp.claims.checks import LooksAtTest
from nnexp.claims.findings import FAILS, HOLDS, NOT_JUDGED, REFUTED, REPRODUCED, weakest
from nnexp.claims.revisions import Revision, read_revisions
from nnexp.errors import UserError, unknown
from nnexp.labbook.published_results import PublishedVerdict, judge_published, read_published, why_stale
from nnexp.labbook.rows_file import NOT_RUN, ROWS_FILE, TESTED, RowsFile, read_rows_file
from nnexp.labbook.sweep_files import CurrentQuestion
from nnexp.report.effects import effect_text


class RowPart(NamedTuple):
    """What one sweep, or a test, says of a row.

    `ours`: its figures. `stale`: why it is out of date, or cannot be read; empty if it is current.
    `looks`: at test data.
    """

    verdict: str
    ours: str = ""
    stale: str = ""
    looks: LooksAtTest = LooksAtTest()


class BookRow(NamedTuple):
    """A claim. `sweeps`: those that test it; `where`: what answers it if no sweep does; `stale`: reasons.

    `revised`: what of its checks was changed after their result was seen. `looks`: at test data.
    """

    id: str
    claim: str
    published: str
    verdict: str
    ours: str
    stale: tuple[str, ...]
    sweeps: tuple[str, ...]
    where: str
    revised: tuple[Revision, ...] = ()
    looks: LooksAtTest = LooksAtTest()


class DraftRow(NamedTuple):
    """A row before the rows that it rests on are looked at. `parts`: by sweep; of the rows file, by ''."""

    id: str
    claim: str
    published: str
    parts: Mapping[str, RowPart]
    sweeps: tuple[str, ...] = ()
    where: str = ""
    same_as: tuple[str, ...] = ()
    revised: tuple[Revision, ...] = ()


def make_rows(files: Mapping[str, CurrentQuestion], sweeps_dir: str | Path) -> list[BookRow]:
    """Every row in order, of the sweep files (by name of the sweep) and `rows.yaml` in `sweeps_dir`.

    Raises:
        UserError: `rows.yaml` cannot be read, an id stands in both, or a row rests on one that is not there.
    """
    rows_file = read_rows_file(Path(sweeps_dir, ROWS_FILE))
    book, damaged = read_published(sweeps_dir, list(files))
    drafts: dict[str, DraftRow] = {}
    for name, file in files.items():
        verdicts = judge_published(name, book, files) if name in book else {}
        unread = damaged.get(name, why_stale([name], book, files) if name in book else "")
        for claim in file.question.claims:
            parts = {name: _part(verdicts.get(claim["id"]), unread)} if "check" in claim else {}
            draft = _draft(name, claim, parts, rows_file)
            drafts[draft.id] = _joined(drafts[draft.id], draft) if draft.id in drafts else draft
    for row in rows_file.rows:
        if row.id in drafts:
            raise UserError(f"{ROWS_FILE} has the row {row.id}, which stands elsewhere, too")
        parts = {"": RowPart(row.verdict)} if row.verdict else {}
        drafts[row.id] = DraftRow(row.id, row.claim, row.published, parts, (), row.where, row.same_as)
    return [_row(draft, drafts) for draft in sorted(drafts.values(), key=lambda d: _order(d, rows_file))]


def _part(published: PublishedVerdict | None, unread: str) -> RowPart:
    """What the published results of a sweep say of one of its claims; `unread`: why they may say nothing."""
    if published is None or (unread and published.verdict.verdict == NOT_JUDGED):
        return RowPart(NOT_RUN, stale=unread)
    verdict = published.verdict
    ours = "; ".join(filter(None, [effect_text(verdict.effect), verdict.note]))
    return RowPart(verdict.verdict, ours, published.stale, published.looks)


def _draft(
    sweep: str, claim: Mapping[str, Any], parts: Mapping[str, RowPart], rows_file: RowsFile
) -> DraftRow:
    """The row of a sweep's claim."""

    def row_id(name: str, claim_id: str) -> str:
        return claim_id if rows_file.place(claim_id) else f"{name}: {claim_id}"

    others = [(sweep, o) if isinstance(o, str) else (o["sweep"], o["id"]) for o in claim.get("same_as", ())]
    same_as = tuple(row_id(*other) for other in others)
    published = str(claim.get("published", ""))
    revised = read_revisions(claim.get("revised", ()))
    return DraftRow(
        row_id(sweep, claim["id"]), claim["text"], published, parts, (sweep,), "", same_as, revised
    )


def _joined(first: DraftRow, second: DraftRow) -> DraftRow:
    """One row of what two sweeps say; the first one's words stay."""
    return first._replace(
        published=first.published or second.published,
        parts={**first.parts, **second.parts},
        sweeps=first.sweeps + second.sweeps,
        same_as=tuple(dict.fromkeys(first.same_as + second.same_as)),
        revised=first.revised + second.revised,
    )


def _row(draft: DraftRow, drafts: Mapping[str, DraftRow]) -> BookRow:
    parts = list(_all_parts(draft, drafts, ()))
    figures = {name: part.ours for name, part in draft.parts.items() if part.ours}
    ours = [f"{name}: {text}" if len(draft.parts) > 1 else text for name, text in figures.items()]
    if draft.same_as:
        ours.append("as " + ", ".join(_rests_on(name, drafts) for name in draft.same_as))
    verdict = combine([part.verdict for part in parts])
    stale = [part.stale for part in parts if verdict != NOT_RUN or part.verdict == NOT_RUN]
    return BookRow(
        id=draft.id,
        claim=draft.claim,
        published=draft.published,
        verdict=verdict,
        ours="; ".join(ours),
        stale=tuple(dict.fromkeys(filter(None, stale))),
        sweeps=draft.sweeps,
        where=draft.where,
        revised=draft.revised,
        looks=LooksAtTest(*map(sum, zip(*(part.looks for part in draft.parts.values()), strict=True))),
    )


def _rests_on(name: str, drafts: Mapping[str, DraftRow]) -> str:
    """The name of another row, with its verdict unless it holds."""
    verdict = combine([part.verdict for part in _all_parts(drafts[name], drafts, ())])
    return name if verdict in (REPRODUCED, HOLDS, TESTED) else f"{name} ({verdict})"


def _all_parts(draft: DraftRow, drafts: Mapping[str, DraftRow], above: Sequence[str]) -> Iterator[RowPart]:
    """Those of the row and of all rows that it rests on."""
    yield from draft.parts.values()
    for name in draft.same_as:
        if name not in drafts:
            raise UserError(f"row {draft.id} rests on {name}: {unknown('row', name, drafts)}")
        if name in (*above, draft.id):
            raise UserError(f"row {draft.id} rests on {name}, which rests on it")
        yield from _all_parts(drafts[name], drafts, (*above, draft.id))


def combine(verdicts: Sequence[str]) -> str:
    """The verdict on what holds if all of its parts do; a test that passes is as good as a sweep."""
    if set(verdicts) == {TESTED}:
        return TESTED
    if NOT_RUN in verdicts and not {REFUTED, FAILS} & set(verdicts):
        return NOT_RUN
    judged = (REPRODUCED if verdict == TESTED else verdict for verdict in verdicts if verdict != NOT_RUN)
    return weakest(judged)


def _order(draft: DraftRow, rows_file: RowsFile) -> tuple[int, int, str]:
    """By chapter and number; ids that are not the book's come last, by sweep."""
    return rows_file.place(draft.id) or (len(rows_file.chapters), 0, "".join(draft.sweeps[:1]))

"""The lab book: a row per claim, with its verdict, from what is committed alone.

A claim comes from a sweep file, and its verdict from the published results of that sweep. An id of the book
or the notes (`B3-17`) is one row, which holds if it holds in all sweeps that claim it; any other id is the
sweep's own, `batch_size: compromise`. What no sweep answers is listed in `rows.yaml`, see `listed`. A row
with `same_as` rests on other rows, of any file, and takes their verdict together with its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nnexp.claims.verdicts import combined
from nnexp.errors import UserError, unknown
from nnexp.labbook.published_results import Asked, Published, outdated, read_published
from nnexp.labbook.rows_file import LISTED, NOT_RUN, TESTED, read_listed
from nnexp.report.effects import effect_text, verdict_of

CHAPTERS = ("B1", "B2", "B3", "B5", "S0", "S1", "S2", "S3", "S4", "X0", "D")
BOOK = re.compile(rf"({'|'.join(CHAPTERS)})-?(\d+)(.*)")


class Part(NamedTuple):
    """What one sweep, or a test, says of a row. `ours`: its figures; `stale`: why it is, if it is, or why
    results that are there cannot be read."""

    verdict: str
    ours: str = ""
    stale: str = ""


class Row(NamedTuple):
    """A claim. `sweeps`: those that test it; `where`: what answers it if no sweep does; `stale`: reasons."""

    id: str
    claim: str
    published: str
    verdict: str
    ours: str
    stale: tuple[str, ...]
    sweeps: tuple[str, ...]
    where: str


class Entry(NamedTuple):
    """A row before it is known what the rows that it rests on say. `parts`: by sweep; of a list, by ''."""

    id: str
    claim: str
    published: str
    parts: Mapping[str, Part]
    sweeps: tuple[str, ...] = ()
    where: str = ""
    same_as: tuple[str, ...] = ()


def make_rows(files: Mapping[str, Asked], sweeps_dir: str | Path) -> list[Row]:
    """Every row in order, of the sweep files (by name of the sweep) and `rows.yaml` in `sweeps_dir`.

    Raises:
        UserError: `rows.yaml` cannot be read, an id stands in both, or a row rests on one that is not there.
    """
    book, damaged = read_published(sweeps_dir, list(files))
    entries: dict[str, Entry] = {}
    for name, asked in files.items():
        for claim in asked.question.claims:
            unread = Part(NOT_RUN, stale=damaged[name]) if name in damaged else None
            part = {name: unread or _part(name, claim, book, files)} if "check" in claim else {}
            row = _id(name, claim["id"])
            entries[row] = _joined(row, entries.get(row), claim, part, name)
    for listed in read_listed(Path(sweeps_dir, LISTED)):
        if listed.id in entries:
            raise UserError(f"{LISTED} has the row {listed.id}, which stands elsewhere, too")
        part = {"": Part(listed.verdict)} if listed.verdict else {}
        entries[listed.id] = Entry(*listed[:3], part, (), listed.where, listed.same_as)
    return [_row(entry, entries) for entry in sorted(entries.values(), key=_place)]


def _part(
    name: str, claim: Mapping[str, Any], book: Mapping[str, Published], files: Mapping[str, Asked]
) -> Part:
    if name not in book or (row := book[name].verdicts.get(claim["id"])) is None:
        return Part(NOT_RUN)
    verdict = verdict_of(row)
    ours = "; ".join(filter(None, [effect_text(verdict.effect), verdict.note]))
    return Part(verdict.verdict, ours, outdated(name, claim, book, files))


def _id(sweep: str, claim: str) -> str:
    """The row of a sweep's claim."""
    return claim if BOOK.fullmatch(claim) else f"{sweep}: {claim}"


def _joined(
    row: str, known: Entry | None, claim: Mapping[str, Any], part: Mapping[str, Part], name: str
) -> Entry:
    """The entry with what another sweep says; the first sweep's words stay."""
    others = [(name, o) if isinstance(o, str) else (o["sweep"], o["id"]) for o in claim.get("same_as", ())]
    same_as = tuple(_id(*other) for other in others)
    new = Entry(row, claim["text"], str(claim.get("published", "")), part, (name,), "", same_as)
    if known is None:
        return new
    return known._replace(
        published=known.published or new.published,
        parts={**known.parts, **part},
        sweeps=(*known.sweeps, name),
        same_as=tuple(dict.fromkeys([*known.same_as, *same_as])),
    )


def _row(entry: Entry, entries: Mapping[str, Entry]) -> Row:
    parts = list(_all_parts(entry, entries, ()))
    told = {name: part.ours for name, part in entry.parts.items() if part.ours}
    ours = [f"{name}: {figures}" if len(entry.parts) > 1 else figures for name, figures in told.items()]
    if entry.same_as:
        others = {
            name: together([p.verdict for p in _all_parts(entries[name], entries, ())])
            for name in entry.same_as
        }
        holds = ("reproduced", TESTED)
        ours.append("as " + ", ".join(f"{o} ({v})" if v not in holds else o for o, v in others.items()))
    verdict = together([part.verdict for part in parts])
    why = [part.stale for part in parts if verdict != NOT_RUN or part.verdict == NOT_RUN]
    return Row(
        id=entry.id,
        claim=entry.claim,
        published=entry.published,
        verdict=verdict,
        ours="; ".join(ours),
        stale=tuple(dict.fromkeys(filter(None, why))),
        sweeps=entry.sweeps,
        where=entry.where,
    )


def _all_parts(entry: Entry, entries: Mapping[str, Entry], above: Sequence[str]) -> Iterator[Part]:
    """Those of the entry and of all rows that it rests on."""
    yield from entry.parts.values()
    for name in entry.same_as:
        if name not in entries:
            raise UserError(f"row {entry.id} rests on {name}: {unknown('row', name, entries)}")
        if name in (*above, entry.id):
            raise UserError(f"row {entry.id} rests on {name}, which rests on it")
        yield from _all_parts(entries[name], entries, (*above, entry.id))


def together(verdicts: Sequence[str]) -> str:
    """The verdict on what holds if all of its parts do; a test that passes is as good as a sweep."""
    if set(verdicts) == {TESTED}:
        return TESTED
    if NOT_RUN in verdicts and "refuted" not in verdicts:
        return NOT_RUN
    return combined(["reproduced" if verdict == TESTED else verdict for verdict in verdicts])


def _place(entry: Entry) -> tuple[int, str, int, str]:
    """Chapter, then number: B3-9, B3-10; ids of another form come last, by sweep."""
    found = BOOK.fullmatch(entry.id)
    if not found:
        return len(CHAPTERS), "".join(entry.sweeps[:1]), 0, ""
    return CHAPTERS.index(found[1]), "", int(found[2]), found[3]

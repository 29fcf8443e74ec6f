"""`rows.yaml`, beside the sweeps: the chapters of the lab book, and its claims that no sweep answers.

    chapters: [B1, B2]                       # ids such as B1-03 are the book's, in this order
    kinds: {analytic: tested, value: not run}  # kind of a row -> its verdict
    rows:
      - id: B1-03
        kind: analytic
        claim: The neuron learns quickly.
        published: 0.09                      # text, a number, or null
        where: tests/nn/test_analytic.py     # what answers it, or why nothing does

`verdict` may say otherwise than the kind: `refuted`, where a test shows the source to be wrong. With
`same_as: [ids]` the row takes the verdict of other rows.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from nnexp.claims.findings import FAILS, HOLDS, NOT_JUDGED, REFUTED, REPRODUCED, UNDECIDED
from nnexp.errors import UserError, unknown
from nnexp.yaml_text import load_yaml

ROWS_FILE = "rows.yaml"
PARTS = ("chapters", "kinds", "rows")
KEYS = ("id", "kind", "claim", "published", "where")
OPTIONAL_KEYS = ("same_as", "verdict")
NOT_RUN, TESTED = "not run", "tested"  # a sweep is still to come; a test holds the claim
ROW_VERDICTS = (REPRODUCED, HOLDS, REFUTED, FAILS, UNDECIDED, NOT_JUDGED, TESTED, NOT_RUN)


class FileRow(NamedTuple):
    """A claim that no sweep answers. `verdict`: empty where it takes that of other rows."""

    id: str
    claim: str
    published: str
    verdict: str
    where: str
    same_as: tuple[str, ...]


class RowsFile(NamedTuple):
    """What the file says; nothing where there is none."""

    chapters: tuple[str, ...] = ()
    rows: tuple[FileRow, ...] = ()

    def place(self, row_id: str) -> tuple[int, int, str] | None:
        """Chapter and number of an id of the book, B3-9 before B3-10; None for any other id."""
        chapters = "|".join(map(re.escape, self.chapters))
        match = re.fullmatch(rf"({chapters})-?(\d+)(.*)", row_id) if chapters else None
        return (self.chapters.index(match[1]), int(match[2]), match[3]) if match else None


def read_rows_file(path: Path) -> RowsFile:
    """The file at `path`.

    Raises:
        UserError: it cannot be read, or a part or a row is not as it should be.
    """
    try:
        content = load_yaml(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} must have {', '.join(PARTS)}, got {content!r}")
    try:
        for name in content:
            if name not in PARTS:
                raise unknown("part", name, PARTS)
        chapters, rows = (_list(content, name) for name in ("chapters", "rows"))
        kinds = _kinds(content.get("kinds", {}))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return RowsFile(tuple(map(str, chapters)), tuple(_rows(path, rows, kinds)))


def _list(content: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(content.get(name, []), list):
        raise UserError(f"{name} must be a list, got {content[name]!r}")
    return list(content.get(name, []))


def _kinds(kinds: Any) -> Mapping[str, str]:
    if not isinstance(kinds, dict):
        raise UserError(f"kinds must map kinds to verdicts, got {kinds!r}")
    for verdict in kinds.values():
        if verdict not in ROW_VERDICTS:
            raise unknown("verdict", verdict, ROW_VERDICTS)
    return kinds


def _rows(path: Path, rows: list[Any], kinds: Mapping[str, str]) -> list[FileRow]:
    read = []
    for number, raw in enumerate(rows, start=1):
        name = raw.get("id", number) if isinstance(raw, dict) else number
        try:
            read.append(_row(raw, kinds))
        except UserError as error:
            raise UserError(f"{path}, row {name}: {error}") from None
    return read


def _row(raw: Any, kinds: Mapping[str, str]) -> FileRow:
    if not isinstance(raw, dict) or not all(key in raw for key in KEYS):
        raise UserError(f"a row must have {', '.join(KEYS)}, got {raw!r}")
    for key in raw:
        if key not in (*KEYS, *OPTIONAL_KEYS):
            raise unknown("key", key, (*KEYS, *OPTIONAL_KEYS))
    if raw["kind"] not in kinds:
        raise unknown("kind", raw["kind"], kinds)
    same_as = _list(raw, "same_as")
    verdict = raw.get("verdict", "" if same_as else kinds[raw["kind"]])
    if verdict and verdict not in ROW_VERDICTS:
        raise unknown("verdict", verdict, ROW_VERDICTS)
    published, where = ("" if raw[key] is None else str(raw[key]) for key in ("published", "where"))
    return FileRow(str(raw["id"]), str(raw["claim"]), published, verdict, where, tuple(map(str, same_as)))

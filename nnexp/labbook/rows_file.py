"""The claims of the lab book that no sweep answers: `rows.yaml`, beside the sweeps.

    - id: B3-01
      kind: analytic                       # see KINDS
      claim: The neuron learns quickly.
      published: 0.09                      # text, a number, or null
      where: tests/nn/test_analytic.py     # what answers it, or why nothing does

`verdict` may say otherwise than the kind: `refuted`, where a test shows the source to be wrong. With
`same_as: [ids]` the row takes the verdict of other rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from nnexp.claims.findings import NOT_JUDGED
from nnexp.errors import UserError, unknown
from nnexp.yaml_text import load_yaml

LISTED = "rows.yaml"
KEYS = ("id", "kind", "claim", "published", "where")
MORE_KEYS = ("same_as", "verdict")
NOT_RUN, TESTED = "not run", "tested"
# By kind, the verdict: a test holds the claim, a sweep is still to come, or nothing can judge.
KINDS = {
    **dict.fromkeys(("exact", "analytic"), TESTED),
    **dict.fromkeys(("value", "direction", "timing", "unstable"), NOT_RUN),
    **dict.fromkeys(("external", "context", "qualitative"), NOT_JUDGED),
}
VERDICTS = ("reproduced", "refuted", "undecided", NOT_JUDGED, TESTED, NOT_RUN)


class Listed(NamedTuple):
    """A claim that no sweep answers. `verdict`: empty where it takes that of other rows."""

    id: str
    claim: str
    published: str
    verdict: str
    where: str
    same_as: tuple[str, ...]


def read_listed(path: Path) -> Iterator[Listed]:
    """The rows of the file; none where there is no such file.

    Raises:
        UserError: it cannot be read, or a row is not as it should be.
    """
    try:
        rows = load_yaml(path.read_text(encoding="utf-8")) if path.exists() else []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(rows, list):
        raise UserError(f"{path} must be a list of rows, got {rows!r}")
    for number, raw in enumerate(rows, start=1):
        name = raw.get("id", number) if isinstance(raw, dict) else number
        try:
            yield _listed(raw)
        except UserError as error:
            raise UserError(f"{path}, row {name}: {error}") from None


def _listed(raw: Any) -> Listed:
    if not isinstance(raw, dict) or not all(key in raw for key in KEYS):
        raise UserError(f"a row must have {', '.join(KEYS)}, got {raw!r}")
    for key in raw:
        if key not in (*KEYS, *MORE_KEYS):
            raise unknown("key", key, (*KEYS, *MORE_KEYS))
    if raw["kind"] not in KINDS:
        raise unknown("kind", raw["kind"], KINDS)
    same_as = raw.get("same_as", [])
    if not isinstance(same_as, list):
        raise UserError(f"same_as must be a list of ids, got {same_as!r}")
    verdict = raw.get("verdict", "" if same_as else KINDS[raw["kind"]])
    if verdict and verdict not in VERDICTS:
        raise unknown("verdict", verdict, VERDICTS)
    published, where = ("" if raw[key] is None else str(raw[key]) for key in ("published", "where"))
    return Listed(str(raw["id"]), str(raw["claim"]), published, verdict, where, tuple(map(str, same_as)))

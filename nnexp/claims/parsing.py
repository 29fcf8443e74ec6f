"""Claims: what a sweep file says that its runs will show. Read and checked when the plan is made.

    claims:
      - id: B5-02
        text: A second hidden layer helps.
        source: Nielsen, ch. 5
        published: 96.9 %                     # text or a number; shown beside ours, never compared
        check:                                # or a list of checks: all must hold
          left: {best: validation_accuracy, at: {hidden_layers: 2}}
          rel: ">"
          right: {best: validation_accuracy, at: {hidden_layers: 1}}
          margin: 0.001

What a check may say: see `checks`; what it compares: `quantities`. In place of a check, `same_as`
lists claims whose verdict this one takes: ids of this file, or `{sweep: NAME, id: ID}` of another one. Who
changes a check after its result was seen says so in `revised`: see `revisions`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from nnexp.claims.checks import Check, LooksAtTest
from nnexp.claims.places import NoAnswerError, Point
from nnexp.claims.quantities import USUAL_SETTINGS, Design, Quantity
from nnexp.claims.reading import read_check
from nnexp.claims.revisions import Revision, read_revisions
from nnexp.errors import UserError, unknown
from nnexp.sweep.question.plan import Plan

LONGEST_ID = 100
ID = re.compile(rf"[^\W_][\w.-]{{0,{LONGEST_ID - 1}}}")  # it stands in the name of a tag in MLflow
KEYS = ("id", "text", "source", "published", "check", "same_as", "revised")


class Reference(NamedTuple):
    """A claim with a check, of this sweep (None) or of another one."""

    sweep: str | None
    id: str

    def __str__(self) -> str:
        return self.id if self.sweep is None else f"{self.id} of sweep {self.sweep}"


@dataclass(frozen=True)
class Claim:
    """A statement that a sweep tests. It holds if all its checks do, or all claims that it is the same as.

    `refused`: why it cannot be understood, where an earlier version froze it.
    """

    id: str
    text: str
    source: str = ""
    published: str = ""
    checks: tuple[Check, ...] = ()
    same_as: tuple[Reference, ...] = ()
    revised: tuple[Revision, ...] = ()
    refused: str = ""

    @property
    def leaves(self) -> list[Quantity]:
        """The quantities of all its checks that have a metric."""
        return [leaf for check in self.checks for leaf in check.leaves]

    @property
    def looks_at_test(self) -> LooksAtTest:
        """How many of its checks look at test data."""
        return LooksAtTest(
            len(self.checks),
            sum(check.takes_test for check in self.checks),
            sum(check.chooses_by_test for check in self.checks),
        )

    @property
    def stands_alone(self) -> bool:
        """Whether it takes no other sweep, neither its points nor its claims."""
        return not self.point_sweeps and not any(reference.sweep for reference in self.same_as)

    @property
    def point_sweeps(self) -> list[str]:
        """Names of the other sweeps whose points its checks take."""
        return sorted({leaf.sweep for leaf in self.leaves if leaf.sweep})


def parse_claims(
    claims: Sequence[Mapping[str, Any]],
    axes: Sequence[str],
    points: Sequence[Point],
    *,
    epochs: int,
    timing: bool,
    settings: Mapping[str, Any] = USUAL_SETTINGS,
) -> tuple[Claim, ...]:
    """The claims of a sweep file, every one of which its finished runs can answer.

    Args:
        axes, points: of the plan; a point gives every axis its value.
        epochs: of every run, unless it is an axis.
        timing: whether the sweep trains one run at a time, so that it may say something about time.
        settings: `monitor`, `hidden_layers` and `evaluate_every` of every run, unless an axis. A list of
            sizes, an axis or among these, says how many layers there are.

    Raises:
        UserError: names the claim, the rule, the value received and the choices; `NoAnswerError` where a
            claim makes sense, and these runs cannot answer it.
    """
    if isinstance(claims, str | Mapping) or not isinstance(claims, Sequence):
        raise UserError(f"sweep.claims must be a list of claims, got {claims!r}")
    places = [{axis: point[axis] for axis in axes} for point in points]
    design = Design(places, timing, {**USUAL_SETTINGS, **settings, "epochs": epochs})
    by_id: dict[str, Claim] = {}
    for place, raw in enumerate(claims, start=1):
        if not isinstance(raw, Mapping):
            raise UserError(f"claim {place} must be a mapping with id, text and check, got {raw!r}")
        name = raw.get("id", f"number {place}")
        try:
            claim = _claim(raw, design)
            if claim.id in by_id:
                raise UserError("id must differ from every other claim's")
        except UserError as error:
            raise type(error)(f"claim {name}: {error}") from None
        by_id[claim.id] = claim
    checked = [claim.id for claim in by_id.values() if claim.checks]
    for claim in by_id.values():
        for sweep, other in claim.same_as:
            if sweep is None and other not in checked:
                raise NoAnswerError(f"claim {claim.id}: {unknown('claim with a check', other, checked)}")
    return tuple(by_id.values())


def claims_of(plan: Plan) -> tuple[Claim, ...]:
    """The claims of a plan. Raises as `parse_claims`."""
    first = plan.runs[0]
    return parse_claims(
        plan.claims,
        plan.axes,
        plan.points,
        epochs=first.hyperparameters.epochs,
        timing=plan.timing,
        settings=plan.shared,
    )


def _claim(raw: Mapping[str, Any], design: Design) -> Claim:
    for key in raw:
        if key not in KEYS:
            raise unknown("key of a claim", key, KEYS)
    for key in ("id", "text", "source"):
        if not isinstance(raw.get(key, ""), str) or not (raw.get(key) or key == "source"):
            raise UserError(f"{key} must be text, got {raw.get(key)!r}")
    if not ID.fullmatch(raw["id"]):
        rule = f"begin with a letter or digit and have at most {LONGEST_ID} of these, '_', '-' and '.'"
        raise UserError(f"id must {rule}, got {raw['id']!r}")
    published = raw.get("published", "")
    if isinstance(published, bool) or not isinstance(published, str | int | float):
        raise UserError(f"published must be text or a number, got {published!r}")
    if ("check" in raw) == ("same_as" in raw):
        got = "both" if "check" in raw else "neither"
        raise UserError(f"a claim must have a check or same_as, got {got}")
    same_as = raw.get("same_as", [])
    if not isinstance(same_as, list | tuple):
        raise UserError(f"same_as must be a list of claims, got {same_as!r}")
    checks = raw.get("check", [])
    checks = checks if isinstance(checks, list | tuple) else [checks]
    if not checks and not same_as:
        raise UserError("a claim must have at least one check, got none")
    return Claim(
        raw["id"],
        raw["text"],
        raw.get("source", ""),
        str(published),
        tuple(read_check(check, design) for check in checks),
        tuple(_reference(other) for other in same_as),
        read_revisions(raw.get("revised", [])),
    )


def _reference(raw: Any) -> Reference:
    """A claim that `same_as` names."""
    if isinstance(raw, str):
        return Reference(None, raw)
    if (
        isinstance(raw, Mapping)
        and set(raw) == {"sweep", "id"}
        and all(isinstance(v, str) for v in raw.values())
    ):
        return Reference(raw["sweep"], raw["id"])
    raise UserError(f"same_as must name claims, by id or as {{sweep: NAME, id: ID}}, got {raw!r}")

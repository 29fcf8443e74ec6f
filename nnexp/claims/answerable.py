"""The claims of a plan that its runs can answer, and those of a frozen plan that can still be understood."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnexp.claims.parsing import Claim, claims_of
from nnexp.claims.places import NoAnswerError
from nnexp.errors import UserError
from nnexp.sweep.question.plan import Plan


def frozen_claims(plan: Plan) -> tuple[Claim, ...]:
    """The claims of a frozen plan, which an earlier version may have frozen.

    One of a shape that no longer exists is refused, with its reason, and takes no other with it.
    """
    kept: list[Mapping[str, Any]] = []
    refused = {}
    for raw in sorted(plan.claims, key=lambda raw: "same_as" in raw):  # after those that they name
        try:
            claims_of(replace(plan, claims=(*kept, raw)))
            kept.append(raw)
        except UserError as error:
            name = str(raw.get("id"))
            why = str(error).removeprefix(f"claim {name}: ")
            refused[id(raw)] = Claim(name, str(raw.get("text", "")), refused=why)
    claims = {claim.id: claim for claim in claims_of(replace(plan, claims=tuple(kept)))}
    return tuple(refused.get(id(raw)) or claims[raw["id"]] for raw in plan.claims)


def check_claims_on_search(plan: Plan, finalists: int) -> None:
    """Raise `UserError` if a claim names a point of a search: nobody knows which ones it will visit.

    `plan`: of the question alone, without axes.
    """
    try:
        claims = claims_of(plan)
    except UserError as error:
        why = "a search has no axes, and it may never visit a point that a claim names"
        raise UserError(f"{error}: {why}") from None
    if any(claim.leaves and not claim.point_sweeps for claim in claims) and finalists > 1:
        raise UserError(
            "a claim on a search is one on the setting that it finds: sweep.search.finalists must be 1, "
            f"got {finalists}"
        )


def with_answerable_claims(plan: Plan) -> tuple[Plan, list[str]]:
    """The plan without the claims that its runs cannot answer, and for each of these what is missing.

    A sweep with fewer values or epochs than its file says may have lost what a claim names. That is no
    mistake in the file, and its other claims are judged.

    Raises:
        UserError: a claim makes no sense for any runs.
    """
    kept: list[Mapping[str, Any]] = []
    reasons = []
    for claim in sorted(plan.claims, key=lambda claim: "same_as" in claim):  # after those that they name
        try:
            claims_of(replace(plan, claims=(*kept, claim)))
            kept.append(claim)
        except NoAnswerError as error:
            reasons.append(str(error))
    return replace(plan, claims=tuple(claim for claim in plan.claims if claim in kept)), reasons

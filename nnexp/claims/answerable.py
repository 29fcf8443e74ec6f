"""The claims of a sweep file that a sweep changed on the command line can still answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnexp.claims.parsing import claims_of
from nnexp.errors import UserError
from nnexp.sweep.question.plan import Plan


def answerable(plan: Plan) -> tuple[Plan, list[str]]:
    """The plan without the claims that its runs cannot answer, and for each of these what it lacks.

    A sweep with fewer values or epochs than its file says may have lost what a claim names. That is no
    mistake in the file, and its other claims are judged.
    """
    kept: list[Mapping[str, Any]] = []
    lacking = []
    for claim in sorted(plan.claims, key=lambda claim: "same_as" in claim):  # after those that they name
        try:
            claims_of(replace(plan, claims=(*kept, claim)))
            kept.append(claim)
        except UserError as error:
            lacking.append(str(error))
    return replace(plan, claims=tuple(claim for claim in plan.claims if claim in kept)), lacking

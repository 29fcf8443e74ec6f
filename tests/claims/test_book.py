"""The sweep files of the book: each is planned, and its runs can answer what it claims, without MNIST."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
import yaml

from nnexp.claims.parsing import Claim, claims_of
from nnexp.claims.places import select_points
from nnexp.claims.quantities import Quantity
from nnexp.claims.sweep_runs import Frames
from nnexp.claims.verdicts import judge
from nnexp.config import Config, conf_dir, load_config
from nnexp.data import Dataset, DataSpec
from nnexp.nn.examples import Data, Examples
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import make_plan
from tests.claims.arbitrary import arbitrary_records
from tests.claims.claim_forms import frames
from tests.claims.oracle import WEAKEST_FIRST, decisions_in, told

BOOK = conf_dir() / "sweep" / "book"
NAMES = sorted(f"book/{path.stem}" for path in BOOK.glob("*.yaml"))
every_file = pytest.mark.parametrize("name", NAMES)


# Training, validation and test images, height and width, the value of white
SHAPES = {"mnist": (50_000, 10_000, 10_000, 28, 256), "digits": (1200, 300, 297, 8, 16)}


def blank(spec: DataSpec) -> Dataset:
    """As many examples as the data would give, with nothing on them and no memory behind them."""
    training, validation, test, side, scale = SHAPES[spec.name]

    def part(n: int) -> Examples:
        return Examples(np.broadcast_to(np.float32(0), (n, side * side)), np.broadcast_to(np.int64(0), n))

    training = (spec.train_size or training) * (1 if spec.expand == "none" else 5)
    parts = part(training), part(spec.validation_size or validation), part(test)
    return Dataset(Data(*parts, 10), "", scale, (side, side))


@cache
def asked_by(name: str) -> Config:
    return load_config([f"+sweep={name}"])


@cache
def planned(name: str) -> Plan:
    asked = asked_by(name)
    return make_plan(asked.question, asked.hyperparameters, asked.data, blank)


@cache
def claims(name: str) -> dict[str, Claim]:
    return {claim.id: claim for claim in claims_of(planned(name))}


@cache
def trained(name: str) -> Frames:
    """The tables of the sweep after runs with arbitrary curves."""
    return frames(planned(name), arbitrary_records(planned(name)))


def as_list(claim: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The checks of a claim, as its file states them."""
    checks = claim.get("check", [])
    return checks if isinstance(checks, list) else [checks]


@every_file
def test_a_file_says_its_question_where_it_is_from_and_what_varies(name: str) -> None:
    text = (BOOK / f"{name.removeprefix('book/')}.yaml").read_text(encoding="utf-8")
    first, *comment = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")]
    asked = asked_by(name)
    assert first == "@package _global_"
    assert comment[0] == asked.question.question
    assert {"Source:", "Scientific:", "Nuisance:", "Fixed:"} <= set(" ".join(comment).split())
    assert (asked.question.name, asked.data.name) == (name, "digits" if "digits" in name else "mnist")
    assert 3 <= len(asked.question.seeds) <= 12


@every_file
def test_every_claim_of_a_file_has_its_source_and_fits_its_runs(name: str) -> None:
    assert claims(name)
    assert all(claim.source for claim in claims(name).values())


def test_no_claim_stands_in_two_files() -> None:
    ids = [claim for name in NAMES for claim in claims(name)]
    assert len(ids) == len(set(ids))


@every_file
def test_what_a_claim_rests_on_is_in_the_other_file(name: str) -> None:
    for claim in claims(name).values():
        for reference in claim.same_as:
            assert claims(reference.sweep or name)[reference.id].checks
        sides = [side for check in claim.checks for side in (check.left, check.right)]
        for leaf in (leaf for side in sides if isinstance(side, Quantity) for leaf in side.leaves):
            if leaf.sweep:
                select_points(planned(leaf.sweep).points, dict(leaf.at), leaf.best_of)


@every_file
def test_runs_of_any_outcome_give_every_claim_the_verdict_that_a_second_reading_gives(name: str) -> None:
    verdicts = judge(list(claims(name).values()), *trained(name), trained).set_index("id")
    assert set(verdicts["verdict"]) <= set(WEAKEST_FIRST), verdicts["note"].tolist()
    for stated in planned(name).claims:
        checks = as_list(stated)
        parts = [told(check, trained(name), trained, decisions_in(checks, trained(name))) for check in checks]
        row = verdicts.loc[stated["id"]]
        if parts and None not in parts and "stuck" not in str(row["note"]):
            assert row["verdict"] == min(filter(None, parts), key=WEAKEST_FIRST.index), stated["id"]


def test_the_second_reading_covers_most_of_the_book() -> None:
    checks = [check for name in NAMES for claim in planned(name).claims for check in as_list(claim)]
    assert sum("optimum" not in check for check in checks) > 0.95 * len(checks) > 150


def test_claims_are_plain_values_that_a_frozen_plan_can_hold() -> None:
    for name in NAMES:
        stored = yaml.safe_load(yaml.safe_dump([dict(claim) for claim in planned(name).claims]))
        assert stored == list(planned(name).claims)

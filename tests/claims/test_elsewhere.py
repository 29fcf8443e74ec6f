"""Claims that rest on other sweeps, published figures, and curves that are made of two."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from nnexp.claims.sweep_runs import Frames
from nnexp.errors import UserError
from nnexp.report.effects import verdicts_of
from nnexp.report.terminal import verdict_list
from tests.claims.claim_forms import frames, of_accuracies, verdict, verdicts
from tests.results.sweeps import make_plan, make_record, with_curves

A: dict[str, Any] = {"final": "validation_accuracy", "at": {"batch_size": 10}}
HOLDS: dict[str, Any] = {"id": "X", "text": "x", "check": {"left": A, "low": 0.5, "over": "median"}}
FAILS: dict[str, Any] = {"id": "Y", "text": "y", "check": {"left": A, "low": 0.95, "over": "median"}}


def known(claims: Sequence[Any], accuracy: float = 0.9) -> Frames:
    """A sweep with claims, whose runs at batch_size=10 end at `accuracy`."""
    plan, runs, history = of_accuracies([[accuracy] * 3, [0.8] * 3])
    return replace(plan, claims=tuple(claims)), runs, history


def rests_on(*others: Any) -> dict[str, Any]:
    return {"id": "S", "text": "Summary.", "same_as": list(others)}


def elsewhere(sweep: str, name: str) -> dict[str, str]:
    return {"sweep": sweep, "id": name}


def last(claims: list[Any], **sweeps: Frames) -> pd.Series:
    """The verdict on the last of `claims`, of a sweep that knows the others in `sweeps`."""

    def others(name: str) -> Frames:
        if name not in sweeps:
            raise UserError(f"unknown sweep {name!r}")
        return sweeps[name]

    return verdicts(claims, known(claims), others=others).iloc[-1]


def test_a_claim_takes_the_verdict_of_another_sweeps_claim() -> None:
    claims = [HOLDS, rests_on("X", elsewhere("depth", "Y"))]
    row = last(claims, depth=known([FAILS], accuracy=0.91))
    assert (row["verdict"], row["effect"], row["threshold"]) == ("fails", pytest.approx(0.91), 0.95)
    assert row["note"] == "as X, Y of sweep depth, figures of Y"
    row = last(claims, depth=known([FAILS], accuracy=0.96))
    assert (row["verdict"], row["threshold"]) == ("holds", 0.5)


def test_another_sweeps_claim_is_judged_by_its_own_runs_and_those_it_rests_on() -> None:
    check = {"left": A, "rel": ">", "right": A | {"sweep": "width"}, "over": "each"}
    depth = known([{"id": "D", "text": "d", "check": check}], accuracy=0.7)
    row = last([rests_on(elsewhere("depth", "D"))], depth=depth, width=known([], accuracy=0.6))
    assert (row["verdict"], row["effect"]) == ("holds", pytest.approx(0.1))


@pytest.mark.parametrize(
    ("other", "claims", "note"),
    [
        ("width", [HOLDS], "unknown sweep 'width'"),
        ("depth", [HOLDS], "unknown claim with a check of sweep depth 'Y'"),
        ("depth", [HOLDS, {"id": "Y", "text": "y", "same_as": ["X"]}], "unknown claim with a check of sweep"),
        ("depth", [{"id": "Y", "text": "y", "check": {}}], "claim Y: a check must be a mapping with left"),
    ],
)
def test_what_cannot_be_found_elsewhere_is_not_judged(other: str, claims: list[Any], note: str) -> None:
    row = last([HOLDS, rests_on("X", elsewhere(other, "Y"))], depth=known(claims))
    assert row["verdict"] == "not judged"
    assert note in row["note"]


def test_a_published_figure_stands_beside_ours() -> None:
    told = verdicts([HOLDS | {"published": "96.9 %"}, FAILS | {"published": 0.969}], known([]))
    assert told["published"].tolist() == ["96.9 %", "0.969"]
    console = Console(width=100, file=None, record=True)
    with console.capture() as captured:
        console.print(verdict_list(verdicts_of(told)))
    assert "published: 96.9 %" in captured.get()
    with console.capture() as captured:
        console.print(verdict_list(verdicts_of(verdicts([HOLDS], known([])))))
    assert "published" not in captured.get()


def of_columns(**columns: Any) -> Frames:
    """A sweep of three seeds with these curves."""
    plan = make_plan({}, seeds=3, epochs=3, hidden_layers=2)
    records = {}
    for run in plan.runs:
        record = make_record(run, epochs=3)
        records[run.run_id] = with_curves(record, **columns)
    return frames(plan, records)


def test_a_curve_is_divided_epoch_by_epoch() -> None:
    """3/1, 2/1, 1/4: the lowest quotient is that of epoch 3, not the quotient of the lowest."""
    sweep = of_columns(gradient_norm_bias_2=[3.0, 2.0, 1.0], gradient_norm_bias_1=[1.0, 1.0, 4.0])
    quantities: dict[str, dict[str, Any]] = {
        "lowest": {"lowest": "gradient_norm_bias_2"},
        "at 2": {"at_epoch": "gradient_norm_bias_2", "epoch": 2},
        "lowest of 2": {"lowest_first": "gradient_norm_bias_2", "epochs": 2},
    }
    check = {"rel": ">", "right": 1, "over": "each"}
    found = {
        name: verdict(
            check | {"left": quantity | {"relative_to": "gradient_norm_bias_1"}}, sweep, hidden_layers=2
        )
        for name, quantity in quantities.items()
    }
    assert {name: row["effect"] for name, row in found.items()} == {
        "lowest": 0.25,
        "at 2": 2,
        "lowest of 2": 2,
    }
    assert found["lowest"]["verdict"] == "fails"


def test_a_quotient_by_zero_is_infinite_and_none_of_two_zeros() -> None:
    sweep = of_columns(gradient_norm_bias_2=[1.0, 0.0, 2.0], gradient_norm_bias_1=[0.0, 0.0, 1.0])
    left: dict[str, Any] = {"highest": "gradient_norm_bias_2", "relative_to": "gradient_norm_bias_1"}
    row = verdict({"left": left, "low": 0, "over": "median"}, sweep, hidden_layers=2)
    assert row["effect"] == float("inf")
    left = {"at_epoch": "gradient_norm_bias_2", "relative_to": "gradient_norm_bias_1", "epoch": 2}
    row = verdict({"left": left, "low": 0, "over": "median"}, sweep, hidden_layers=2)
    assert (
        "3 of 3 runs have no gradient norm bias 2 relative to gradient norm bias 1 after epoch 2"
        in row["note"]
    )


def test_the_objective_is_the_training_cost_with_its_penalty() -> None:
    sweep = of_columns(training_cost=[0.5, 0.3, 0.2], penalty=[0.1, 0.2, 0.15])
    final, up = {"final": "objective"}, {"increases": "objective"}
    told = verdicts([{"left": left, "low": 0, "over": "each"} for left in (final, up)], sweep)
    assert told["effect"].tolist() == [pytest.approx(0.35), 0]
    best = {"left": {"best": "objective"}, "high": 1, "over": "best"}
    assert verdict(best, sweep)["effect"] == pytest.approx(0.35)

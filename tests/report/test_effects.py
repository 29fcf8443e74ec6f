"""The figures of a verdict, in the units that a reader expects."""

import numpy as np
import pandas as pd
import pytest

from nnexp.claims.findings import Finding, as_stated, limits_of
from nnexp.claims.parsing import parse_claims
from nnexp.report.effects import effect_lines, effect_text, verdict_of

POINTS = [{"batch_size": 10}, {"batch_size": 100}, {"batch_size": 1000}]
AT, THERE = {"batch_size": 10}, {"batch_size": 100}
FIGURES = {
    "effect": 0.01234,
    "effect_low": 0.01,
    "effect_high": 0.02,
    "threshold": 0.005,
    "threshold_high": np.nan,
    "within": np.nan,
    "n": 5,
    "note": pd.NA,
}


def effect_of(check: object, **figures: object) -> str:
    """What is said of these figures in the row of a claim with this check."""
    (claim,) = parse_claims(
        [{"id": "A", "text": "It is so.", "check": check}], ["batch_size"], POINTS, epochs=30, timing=True
    )
    check_, limits = claim.checks[0], limits_of(claim.checks[0])
    stated = as_stated(
        check_, Finding("reproduced", rel=limits.relation(limits.nearer(0.005)), threshold=0.005)
    )
    names = ("effect_kind", "rel", "threshold", "threshold_high", "within")
    known = {name: getattr(stated, name) for name in names}
    words = {"id": "A", "text": "It is so.", "verdict": "reproduced", "published": pd.NA, "compared": pd.NA}
    return effect_text(verdict_of(words | FIGURES | known | figures).effect)


@pytest.mark.parametrize(
    ("check", "figures"),
    [
        (
            {"left": {"final": "validation_accuracy", "at": AT}, "low": 0.005},
            "1.23 % (1.00 to 2.00), wanted >= 0.50, n = 5",
        ),
        (
            {
                "left": {"final": "test_accuracy", "at": AT},
                "rel": ">",
                "right": {"final": "test_accuracy", "at": THERE},
                "margin": 0.005,
            },
            "+1.23 points (+1.00 to +2.00), wanted > +0.50, n = 5",
        ),
        (
            {"left": {"final": "validation_accuracy"}, "along": "batch_size", "rel": ">"},
            "+1.23 points (+1.00 to +2.00), wanted > +0.50, n = 5",
        ),
        (
            {
                "left": {"final": "seconds_per_epoch", "at": AT},
                "rel": ">",
                "right": {"final": "seconds_per_epoch", "at": THERE},
                "times": 0.005,
            },
            "0.01234 times (0.01 to 0.02), wanted > 0.005, n = 5",
        ),
        (
            {"left": {"best_epoch": "validation_accuracy", "at": AT}, "low": 0.005},
            "0.01234 (0.01 to 0.02), wanted >= 0.005, n = 5",
        ),
        (
            {"left": {"share": "diverged", "at": AT}, "low": 0.005},
            "1.23 % (1.00 to 2.00), wanted >= 0.50, n = 5",
        ),
        (
            {
                "left": {
                    "difference": [{"final": "training_accuracy"}, {"final": "test_accuracy"}],
                    "at": AT,
                },
                "low": 0.005,
            },
            "+1.23 points (+1.00 to +2.00), wanted >= +0.50, n = 5",
        ),
    ],
)
def test_an_effect_is_printed_in_its_unit(check: object, figures: str) -> None:
    assert effect_of(check) == figures


@pytest.mark.parametrize(
    ("right", "figures"),
    [
        (
            {"final": "validation_accuracy", "at": THERE},
            "+1.23 points (+1.00 to +2.00), wanted within 1.00 of 0",
        ),
        (0.02, "1.23 % (1.00 to 2.00), wanted within 1.00 of 2.00"),
    ],
)
def test_of_equal_the_margin_and_its_centre_are_printed(right: object, figures: str) -> None:
    check = {"equal": {"left": {"final": "validation_accuracy", "at": AT}, "right": right, "within": 0.01}}
    assert effect_of(check) == f"{figures}, n = 5"


def test_of_a_range_both_ends_are_printed() -> None:
    check = {"left": {"final": "validation_accuracy", "at": AT}, "low": 0.005, "high": 0.03}
    assert effect_of(check) == "1.23 % (1.00 to 2.00), wanted 0.50 to 3.00, n = 5"


def test_without_an_interval_there_is_none_and_without_an_effect_there_is_nothing() -> None:
    check = {"left": {"final": "validation_accuracy", "at": AT}, "low": 0, "over": "median"}
    assert effect_of(check, effect_low=np.nan, effect_high=np.nan) == "1.23 %, wanted >= 0.50, n = 5"
    assert effect_of(check, effect=np.nan) == ""
    assert effect_lines(None) == ("", "")
    assert effect_of(check, effect=np.inf) == "one side never reaches the target, n = 5"


def test_before_the_figures_stands_what_they_are() -> None:
    check = {"left": {"final": "validation_accuracy"}, "along": "batch_size", "rel": ">"}
    assert effect_of(check, compared="accuracy, b minus a").startswith("accuracy, b minus a: +1.23 points (")
    told = effect_of(check, compared="epochs, b minus a", effect=np.inf)
    assert told == "epochs, b minus a: one side never reaches the target, n = 5"


def test_a_difference_that_rounds_to_nothing_has_no_minus() -> None:
    check = {"left": {"final": "validation_accuracy"}, "along": "batch_size", "rel": ">="}
    assert effect_of(check, effect=-1e-6, effect_low=np.nan).startswith("+0.00 points, wanted >= ")

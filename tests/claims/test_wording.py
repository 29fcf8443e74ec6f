"""What the figures of a check are, in words: a reader is told which side minus which."""

from typing import Any

import pytest

from nnexp.claims.curves import STATISTICS
from nnexp.claims.parsing import parse_claims
from nnexp.claims.quantities import Quantity
from nnexp.claims.wording import check_words, quantity_words, step_words
from tests.claims.claim_forms import of_accuracies, verdict

POINTS = [{"batch_size": size, "hidden_size": width} for size in (10, 100, 300) for width in (30, 60)]
FINAL, COST = {"final": "validation_accuracy"}, {"final": "validation_cost"}
WIDE = {"hidden_size": 60}
SMALL, LARGE = {"batch_size": 10} | WIDE, {"batch_size": 300} | WIDE


def of(check: Any) -> Any:
    """The check as it is read."""
    raw = [{"id": "A", "text": "It is so.", "check": check}]
    return parse_claims(raw, ["batch_size", "hidden_size"], POINTS, epochs=30, timing=True)[0].checks[0]


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (
            {"left": FINAL | {"at": SMALL}, "rel": ">", "right": FINAL | {"at": LARGE}},
            "at hidden_size=60: final validation accuracy, batch_size=10 minus batch_size=300",
        ),
        (
            {"left": COST | {"at": SMALL}, "rel": "<", "right": COST | {"at": LARGE}, "times": 2},
            "at hidden_size=60: final validation cost, batch_size=10 divided by batch_size=300, "
            "geometric mean over seeds",
        ),
        (
            {"left": COST | {"at": SMALL}, "rel": "<", "right": COST | {"at": LARGE}, "times": 2}
            | {"over": "mean"},
            "at hidden_size=60: final validation cost, batch_size=10 divided by batch_size=300, "
            "ratio of the means",
        ),
        (
            {"equal": {"left": FINAL | {"at": SMALL}, "right": FINAL | {"at": LARGE}, "within": 0.01}},
            "at hidden_size=60: final validation accuracy, batch_size=10 minus batch_size=300",
        ),
        (
            {"left": FINAL | {"at": SMALL}, "low": 0.9, "high": 0.95, "over": "median"},
            "final validation accuracy at batch_size=10 hidden_size=60, median over seeds",
        ),
        (
            {"left": {"best": "training_accuracy", "at": SMALL}, "rel": ">", "right": FINAL | {"at": SMALL}},
            "at batch_size=10 hidden_size=60: best training accuracy minus final validation accuracy",
        ),
        (
            {"left": FINAL | {"at": SMALL}, "rel": ">", "right": FINAL | {"at": SMALL, "sweep": "other"}},
            "at batch_size=10 hidden_size=60: final validation accuracy, this sweep minus sweep=other",
        ),
        (
            {
                "left": FINAL | {"best_of": "batch_size", "at": WIDE},
                "rel": ">",
                "right": FINAL | {"at": LARGE},
                "over": "best",
            },
            "at hidden_size=60: final validation accuracy, the best batch_size minus batch_size=300, "
            "best seed",
        ),
        (
            {
                "left": {"difference": [{"final": "training_accuracy"}, FINAL], "at": SMALL},
                "rel": ">",
                "right": {"difference": [{"final": "training_accuracy"}, FINAL], "at": LARGE},
            },
            "at hidden_size=60: (final training accuracy minus final validation accuracy), "
            "batch_size=10 minus batch_size=300",
        ),
        (
            {
                "left": {"final": "training_accuracy", "at": SMALL},
                "rel": ">",
                "right": FINAL | {"at": LARGE},
            },
            "at hidden_size=60: final training accuracy at batch_size=10 minus "
            "final validation accuracy at batch_size=300",
        ),
        (
            {"left": {"ratio": [COST, {"final": "training_cost"}], "at": SMALL}, "low": 1, "over": "each"},
            "at batch_size=10 hidden_size=60: final validation cost divided by final training cost, "
            "least favourable seed",
        ),
        (
            {"left": {"share": FINAL, "above": 0.9, "at": SMALL}, "low": 0.5},
            "share of seeds with final validation accuracy above 0.9 at batch_size=10 hidden_size=60",
        ),
        (
            {"left": {"sd": FINAL, "at": SMALL}, "high": 0.5},
            "standard deviation of final validation accuracy at batch_size=10 hidden_size=60",
        ),
    ],
)
def test_a_check_says_what_its_figures_are(check: object, words: str) -> None:
    assert check_words(of(check)) == words


def test_a_step_along_an_axis_says_from_where_to_where() -> None:
    check = of({"left": FINAL | {"at": WIDE}, "along": "batch_size", "rel": ">"})
    words = "at hidden_size=60: final validation accuracy, batch_size=100 minus batch_size=10"
    assert step_words(check, "batch_size=100", "batch_size=10") == f"{words}, the weakest of 2 steps"
    check = of({"left": FINAL | {"at": WIDE}, "along": "batch_size", "between": [10, 100], "rel": ">"})
    assert step_words(check, "batch_size=100", "batch_size=10") == words


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("validation_accuracy", "batch_size=20 (best inside) minus batch_size=10 (better end)"),
        ("validation_cost", "batch_size=10 (better end) minus batch_size=20 (best inside)"),
    ],
)
def test_of_an_optimum_the_sign_of_its_effect_fits_the_words(metric: str, words: str) -> None:
    """More than 0 where the point inside is better: of a cost the end comes first."""
    sweep = of_accuracies([[0.8, 0.81, 0.82], [0.9, 0.91, 0.92], [0.7, 0.71, 0.72]], batch_size=[10, 20, 30])
    runs = sweep[1].assign(final_validation_cost=1 - sweep[1]["final_validation_accuracy"])
    sweep = (sweep[0], runs, sweep[2])
    check = {"left": {"final": metric}, "along": "batch_size", "optimum": "inside"}
    row = verdict(check, sweep)
    assert row["compared"] == f"final {metric.replace('_', ' ')}, {words}"
    assert row["effect"] == pytest.approx(0.1)
    each = verdict(check | {"over": "each"}, sweep)["compared"]
    assert "the best inside" in each
    assert "batch_size" not in each  # it is another one at every seed


@pytest.mark.parametrize("statistic", STATISTICS)
def test_every_statistic_has_words_that_name_its_metric_and_number(statistic: str) -> None:
    number = 7.0 if STATISTICS[statistic].number else None
    words = quantity_words(Quantity(statistic, "training_cost", number)).text
    assert ("training cost" in words, "7" in words) == (True, number is not None)

"""Where seeds go on until decided, verdicts hold at every look, and say which points need more seeds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnexp.claims.looks import first_possible
from nnexp.claims.parsing import claims_of
from nnexp.claims.sweep_runs import Frames
from nnexp.claims.undecided import undecided_points
from nnexp.claims.verdicts import judge, points_to_decide
from nnexp.results.by_point import level_of_best
from nnexp.results.tables import Tables, history_table, runs_table
from nnexp.sweep.question.seeds import UntilDecided
from tests.results.sweeps import make_plan, make_records

FINAL = {"final": "validation_accuracy"}
A, B, C = (FINAL | {"at": {"batch_size": size}} for size in (1, 10, 100))
ABOVE = {"left": A, "rel": ">", "right": B}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(9)


def claim(check: Any, name: str = "a") -> dict[str, Any]:
    return {"id": name, "text": "a claim", "check": check}


def sweep(
    accuracies: Sequence[Sequence[float]],
    *claims: dict[str, Any],
    until: bool = True,
    images: int = 1_000_000,
) -> Frames:
    seeds = len(accuracies[0])
    plan = make_plan(
        {"batch_size": [1, 10, 100][: len(accuracies)]}, seeds=seeds, images=images, data="own.npz"
    )
    plan = replace(plan, claims=claims, until=UntilDecided(3, 40) if until else None)
    records = make_records(plan, accuracies)
    return plan, runs_table(plan, records, {}), history_table(plan, records)


def verdict(frames: Frames, row: int = 0) -> dict[Any, Any]:
    judged = judge(claims_of(frames[0]), *frames)
    return {str(name): value for name, value in judged.iloc[row].items()}


def log_factor(differences: Sequence[float]) -> float:
    """Of the anytime-valid t test, as docs/statistics.md has it."""
    n = len(differences)
    t2 = n * np.mean(differences) ** 2 / np.var(differences, ddof=1)
    nu = n - 1
    gain = np.log(1 + t2 / ((1 + n) * nu)) - np.log(1 + t2 / nu)
    return float(-0.5 * np.log(1 + n) - (nu + 1) / 2 * gain)


@pytest.mark.parametrize("checks", [1, 4])
def test_a_check_is_decided_by_the_first_seeds_whose_factor_reaches_its_share(
    rng: np.random.Generator, checks: int
) -> None:
    values = [[0.9], [0.895], [0.5]] + 0.004 * rng.normal(size=(3, 20))
    claims = [claim(ABOVE), *(claim({"left": C, "low": 0.2}, f"b{i}") for i in range(1, checks))]
    frames, (a, b, _) = sweep(values, *claims), values
    threshold = np.log(20 * 2 * checks)  # half of the errors are for the comparison with the best
    first = next(n for n in range(3, 21) if log_factor(a[:n] - b[:n]) >= threshold)
    row = verdict(frames)
    assert (row["verdict"], row["n"]) == ("reproduced", first)
    assert row["effect"] == pytest.approx((a[:first] - b[:first]).mean())
    assert f"decided with {first} of 20 seeds" in row["note"]
    assert verdict(sweep(values[:, : first - 1], *claims))["verdict"] == "undecided"


def test_a_decision_stands_whatever_comes_later(rng: np.random.Generator) -> None:
    a, b = 0.9 + 0.001 * rng.normal(size=30), 0.89 + 0.001 * rng.normal(size=30)
    b[10:] += 0.05
    assert verdict(sweep([a, b], claim(ABOVE)))["verdict"] == "reproduced"
    assert verdict(sweep([a, b], claim(ABOVE), until=False))["verdict"] == "refuted"


def test_means_of_two_sides_are_compared_in_pairs(rng: np.random.Generator) -> None:
    values = 0.9 + 0.01 * rng.normal(size=(2, 30)) + [[0.02], [0.0]]
    paired, means = (verdict(sweep(values, claim(ABOVE | {"over": o}))) for o in ("paired", "mean"))
    for name in ("verdict", "n", "effect", "effect_low"):
        assert paired[name] == means[name]


@pytest.mark.parametrize("over", ["median", "each", "best"])
def test_what_has_no_test_for_repeated_looks_holds_or_fails_and_takes_no_seeds(
    rng: np.random.Generator, over: str
) -> None:
    values = 0.9 + 0.001 * rng.normal(size=(2, 12)) + [[0.02], [0.0]]
    for left, right, told in ((A, B, "holds"), (B, A, "fails")):
        frames = sweep(values, claim({"left": left, "rel": ">", "right": right, "over": over}))
        assert verdict(frames)["verdict"] == told
        assert points_to_decide(claims_of(frames[0]), *frames) == set()


def test_only_points_of_open_checks_need_seeds(rng: np.random.Generator) -> None:
    values = 0.9 + 0.001 * rng.normal(size=(3, 8)) + [[0.05], [0.0], [0.0]]
    near = {"left": B, "rel": ">", "right": C}
    for claims, points in (
        ([claim(ABOVE)], set()),
        ([claim(near)], {1, 2}),
        ([claim([ABOVE, near])], {1, 2}),
        ([claim([{**ABOVE, "rel": "<"}, near])], set()),  # refuted by its first check
        ([claim(ABOVE), claim(near, "b")], {1, 2}),
        ([claim({"left": B, "low": 0.8, "high": 0.9015})], {1}),
        ([claim({"left": FINAL, "along": "batch_size", "rel": "<=", "between": [10, 100]})], {1, 2}),
    ):
        frames = sweep(values, *claims)
        assert points_to_decide(claims_of(frames[0]), *frames) == points


def test_stuck_runs_suspend_a_verdict_and_take_no_more_seeds(rng: np.random.Generator) -> None:
    values = 0.9 + 0.001 * rng.normal(size=(2, 12)) + [[0.02], [0.0]]
    values[1, 11] = 0.1  # after the decision
    frames = sweep(values, claim(ABOVE))
    row = verdict(frames)
    assert row["verdict"] == "undecided"
    assert "1 of 12 runs at batch_size=10 stuck" in row["note"]
    assert points_to_decide(claims_of(frames[0]), *frames) == set()


def test_a_point_with_stuck_runs_takes_no_more_seeds_to_be_compared(rng: np.random.Generator) -> None:
    values = 0.9 + 0.01 * rng.normal(size=(3, 6))
    for stuck, points in (((), {0, 1, 2}), ((1,), {0, 2}), ((1, 2), set[int]())):
        values[list(stuck), -1] = 0.1
        plan, runs, history = sweep(values)
        assert undecided_points(plan, Tables(runs, history, runs), "nowhere") == points


def test_an_optimum_is_decided_at_its_first_look_too(rng: np.random.Generator) -> None:
    values = 0.9 + 0.001 * rng.normal(size=(3, 14)) + [[0.0], [0.004], [0.0]]
    check = {"left": FINAL, "along": "batch_size", "optimum": "inside"}
    row = verdict(sweep(values, claim(check)))
    assert row["verdict"] == "reproduced"
    assert "one-sided tests at 2.5 %, for all looks" in row["note"]
    assert row["n"] < 14
    few = sweep(values[:, :3], claim(check))
    assert verdict(few)["verdict"] == "undecided"
    assert points_to_decide(claims_of(few[0]), *few) == {0, 1, 2}


def test_what_the_images_leave_open_takes_no_more_seeds(rng: np.random.Generator) -> None:
    values = (0.9 + 0.02 * rng.normal(size=(1, 4))).round(2)
    for low, points in ((0.87, set[int]()), (0.80, {0})):
        check = {"left": FINAL | {"at": {"batch_size": 1}}, "low": low}
        frames = sweep(values, claim(check), images=100)  # whose error is 6 points
        assert verdict(frames)["verdict"] == "undecided"
        assert points_to_decide(claims_of(frames[0]), *frames) == points


def test_the_absence_of_an_effect_is_found_too(rng: np.random.Generator) -> None:
    values = 0.9 + 0.001 * rng.normal(size=(2, 40))
    row = verdict(sweep(values, claim({"equal": {"left": A, "right": B, "within": 0.005}})))
    assert (row["verdict"], row["rel"], row["within"]) == ("reproduced", "within", 0.005)
    assert "two one-sided tests at 2.5 %, for all looks: the interval is at 95 %" in row["note"]
    assert row["n"] < 20


def test_a_ratio_of_means_has_no_test_for_repeated_looks(rng: np.random.Generator) -> None:
    values = 0.9 + 0.001 * rng.normal(size=(2, 9))
    row = verdict(sweep(values, claim({**ABOVE, "times": 0.5, "over": "mean"})))
    assert (row["verdict"], row["note"]) == (
        "undecided",
        "a ratio of means has no test for repeated looks; over: paired has one",
    )


@pytest.mark.parametrize(
    "check",
    [
        ABOVE,
        {"left": A, "low": 0.1},
        {"equal": {"left": A, "right": B, "within": 0.1}},
        ABOVE | {"over": "median"},
        {"left": FINAL, "along": "batch_size", "optimum": "inside"},
        {"left": {"share": A, "above": 0.5}, "low": 0.1},
    ],
)
def test_the_comparison_shares_the_errors_with_claims_that_test_means(check: dict[str, Any]) -> None:
    plan = sweep([[0.5]] * 3, claim(check))[0]
    tests_mean = claims_of(plan)[0].checks[0].is_on_means
    assert level_of_best(plan) == (0.975 if tests_mean else 0.95)


@pytest.mark.parametrize(
    ("points", "checks", "least"),
    [(1, 0, None), (1, 1, 5), (1, 3, 6), (2, 0, 4), (2, 1, 5), (3, 0, 5), (3, 1, 6), (3, 9, 6)],
)
def test_a_first_decision_takes_more_seeds_the_more_there_are(points: int, checks: int, least: int) -> None:
    check = {"left": A, "low": 0.1, "high": 0.9}
    plan = sweep([[0.5]] * points, *(claim(check, f"b{i}") for i in range(checks)))[0]
    assert first_possible(plan, claims_of(plan)) == least

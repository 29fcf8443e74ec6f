"""Verdicts on sweeps with known curves: what is told, and what it rests on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnexp.claims.findings import weakest
from nnexp.claims.sweep_runs import Frames
from nnexp.errors import UserError
from tests.claims.claim_forms import TWO, frames, of_accuracies, of_curves, verdict, verdicts
from tests.results.sweeps import make_plan, make_record, make_records

A, B = ({"final": "validation_accuracy", "at": {"batch_size": size}} for size in (10, 100))
ABOVE = {"left": A, "rel": ">", "right": B}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize(
    ("over", "effect", "verdict_of"),
    [
        ("median", 0.90 - 0.88, "holds"),
        ("best", 0.95 - 0.89, "holds"),
        ("each", 0.7 - 0.89, "fails"),
    ],
)
def test_what_has_no_interval_holds_or_fails(over: str, effect: float, verdict_of: str) -> None:
    sweep = of_accuracies([[0.95, 0.9, 0.7], [0.8, 0.88, 0.89]])
    row = verdict(ABOVE | {"over": over}, sweep)
    assert row["verdict"] == verdict_of
    assert row["effect"] == pytest.approx(effect)
    assert (row["n"], np.isnan(row["effect_low"])) == (3, True)
    assert over != "each" or "2 of 3 seeds: at least 14 % of all" in row["note"]


@pytest.mark.parametrize(
    ("low", "high", "verdict_of"),
    [(0.8, 0.99, "reproduced"), (0.96, 1, "refuted"), (0.8, 0.9, "undecided")],
)
def test_a_range_is_decided_when_the_interval_is_inside_or_outside(
    low: float, high: float, verdict_of: str
) -> None:
    row = verdict({"left": A, "low": low, "high": high}, of_accuracies([[0.9, 0.905, 0.902], [0.5] * 3]))
    assert (row["verdict"], row["rel"]) == (verdict_of, "between")
    assert (row["threshold"], row["threshold_high"]) == (low, high)


def test_the_interval_of_an_accuracy_ends_where_accuracies_end() -> None:
    """Also on the training set, which is no sample."""
    plan, runs, history = of_accuracies([[0.9] * 3, [0.5] * 3])
    accuracies = [0.9, 0.97, 1.0, 0.5, 0.5, 0.5]
    history.loc[history["epoch"] == 2, "training_accuracy"] = accuracies
    sweep = plan, runs.assign(final_training_accuracy=accuracies), history
    row = verdict({"left": {"final": "training_accuracy", "at": {"batch_size": 10}}, "low": 0.1}, sweep)
    assert (row["verdict"], row["effect_high"]) == ("reproduced", 1.0)
    assert row["effect"] == pytest.approx(np.mean(accuracies[:3]))
    assert verdict(ABOVE | {"margin": 0.1}, of_accuracies([[0.9, 0.2, 1.0], [0.1] * 3]))["effect_high"] > 1


def test_nands_four_examples_are_no_sample_of_more() -> None:
    plan = make_plan({"batch_size": [10, 100]}, seeds=4, data="nand")
    sweep = frames(plan, make_records(plan, [[0.75, 1.0, 1.0, 1.0], [0.5] * 4]))
    assert "examples like" not in str(verdict({"left": A, "low": 0.1}, sweep)["note"])


def test_rounding_does_not_break_an_equality() -> None:
    sweep = of_accuracies([[0.95, 0.95], [0.9, 0.9]])  # 0.95 - 0.9 = 0.04999999999999993
    for rel, told in ((">=", "holds"), (">", "fails"), ("<", "fails"), ("<=", "holds")):
        assert verdict(ABOVE | {"rel": rel, "margin": 0.05, "over": "median"}, sweep)["verdict"] == told
    assert verdict({"left": A, "low": 0.95, "high": 0.95, "over": "each"}, sweep)["verdict"] == "holds"


def test_every_check_of_a_claim_must_hold_and_the_failing_one_is_shown() -> None:
    sweep = of_accuracies([[0.95, 0.951, 0.949], [0.9, 0.901, 0.9]])
    row = verdict([ABOVE, {"left": B, "rel": ">", "right": 0.93, "over": "median"}], sweep)
    assert (row["verdict"], row["effect"], row["threshold"]) == ("fails", 0.9, 0.93)
    assert (row["note"], row["effect_kind"]) == ("check 2 of 2", "accuracy")
    assert verdict(ABOVE, sweep)["effect_kind"] == "accuracy difference"


def test_of_checks_that_all_hold_the_weakest_is_shown(rng: np.random.Generator) -> None:
    """0.05 is clear by many half-widths, 0.0015 by less than the interval's half over again."""
    noise = rng.normal(0, 0.001, 8)
    sweep = of_accuracies([0.95 + noise, [0.9] * 8])
    clear, near = ABOVE, ABOVE | {"margin": 0.0485}
    for checks, shown in (([clear, near], 2), ([near, clear], 1), ([clear, near, clear], 2)):
        row = verdict(checks, sweep)
        assert (row["verdict"], row["threshold"]) == ("reproduced", 0.0485)
        assert f"check {shown} of {len(checks)}" in row["note"]
    row = verdict([near, {"left": A, "low": 0.5, "over": "best"}], sweep)
    assert (row["verdict"], row["threshold"]) == ("holds", 0.5)  # without an error rate: the weaker word


@pytest.mark.parametrize(
    ("verdicts_of", "verdict_of"),
    [
        (["reproduced", "undecided"], "undecided"),
        (["undecided", "refuted", "not judged"], "refuted"),
        (["undecided", "not judged"], "not judged"),
        (["reproduced"] * 2, "reproduced"),
        (["reproduced", "holds"], "holds"),
        (["holds", "undecided"], "undecided"),
        (["undecided", "fails"], "fails"),
        (["fails", "refuted"], "refuted"),
    ],
)
def test_a_statement_is_as_sure_as_its_weakest_part(verdicts_of: list[str], verdict_of: str) -> None:
    assert weakest(verdicts_of) == verdict_of


def test_monotone_shows_the_step_that_fails() -> None:
    accuracies = [[0.7, 0.71], [0.8, 0.81], [0.79, 0.8], [0.9, 0.91]]
    sweep = of_accuracies(accuracies, batch_size=[100, 20, 10, 1])
    check = {"left": {"final": "validation_accuracy"}, "along": "batch_size", "rel": "<", "over": "median"}
    row = verdict(check, sweep)
    assert row["verdict"] == "fails"
    assert row["effect"] == pytest.approx(0.01)
    assert "batch_size=20 minus batch_size=10, the weakest of 3 steps" in row["compared"]
    assert verdict(check | {"margin": 0.02}, sweep)["verdict"] == "holds"
    assert verdict(check | {"between": [20, 100]}, sweep)["verdict"] == "holds"


@pytest.mark.parametrize("over", ["median", "each", "paired"])
def test_an_optimum_lies_inside_or_not(over: str, rng: np.random.Generator) -> None:
    check = {
        "left": {"final": "validation_accuracy"},
        "along": "batch_size",
        "optimum": "inside",
        "over": over,
    }
    noise = rng.normal(0, 0.001, (4, 5))
    yes, no = ("reproduced", "refuted") if over == "paired" else ("holds", "fails")
    for means, told in (([0.8, 0.9, 0.89, 0.7], yes), ([0.8, 0.81, 0.89, 0.95], no)):
        row = verdict(check, of_accuracies(np.array(means)[:, None] + noise, batch_size=[1, 2, 3, 4]))
        assert row["verdict"] == told
        assert row["effect"] == pytest.approx(means[1] - means[0] if told == yes else -0.06, abs=0.005)


def test_an_optimum_beside_other_checks_takes_a_stricter_test() -> None:
    """An end is best by 0.01 with an sd of 0.005 per seed: t = 4.47 with 4 degrees of freedom, p = 0.0055.

    With a test against either end, alone it is refuted below 0.025; with 18 more tests, below 0.0013.
    """
    noise = 0.005 * np.array([-1.2649, -0.6325, 0.0, 0.6325, 1.2649])
    sweep = of_accuracies([[0.9] * 5, 0.89 + noise, [0.7] * 5], batch_size=[1, 2, 3])
    final = {"final": "validation_accuracy"}
    inside = {"left": final, "along": "batch_size", "optimum": "inside"}
    clear = {"left": final | {"at": {"batch_size": 1}}, "low": 0.1}
    assert verdict(inside, sweep)["verdict"] == "refuted"
    assert verdict([inside, *[clear] * 18], sweep)["verdict"] == "undecided"


def judged_inside(means: list[float], spreads: list[float]) -> pd.Series:
    """The verdict on an optimum inside, of points with 5 seeds that lie `spreads` sd around `means`."""
    check = {"left": {"final": "validation_accuracy"}, "along": "batch_size", "optimum": "inside"}
    pattern = np.random.default_rng(3).normal(size=(len(means), 5))
    pattern = (pattern - pattern.mean(1, keepdims=True)) / pattern.std(1, ddof=1, keepdims=True)
    values = np.array(means)[:, None] + np.array(spreads)[:, None] * pattern
    return verdict(check, of_accuracies(values, batch_size=list(range(1, len(means) + 1))))


def test_an_optimum_is_open_while_either_end_may_be_as_good() -> None:
    row = judged_inside([0.88, 0.9, 0.7], [0.001, 0.001, 0.3])  # the lower end has the wide interval
    assert row["verdict"] == "undecided"
    assert row["effect"] == pytest.approx(0.02)
    assert row["effect_low"] < 0


def test_an_optimum_is_open_while_any_point_inside_may_be_better_than_both_ends() -> None:
    row = judged_inside([0.91, 0.9, 0.89, 0.7], [0.001, 0.001, 0.2, 0.001])
    assert row["verdict"] == "undecided"


def test_the_best_point_is_compared() -> None:
    sweep = of_accuracies([[0.7, 0.7], [0.9, 0.8], [0.8, 0.8]], batch_size=[1, 10, 100])
    best = {"final": "validation_accuracy", "best_of": "batch_size"}
    row = verdict({"left": best, "rel": ">", "right": A | {"at": {"batch_size": 1}}, "over": "each"}, sweep)
    assert (row["verdict"], row["effect"]) == ("holds", pytest.approx(0.1))


def test_epochs_to_a_target_compare_where_some_never_reach_it() -> None:
    sweep = of_curves(
        {10: [[0.5, 0.96, 0.97]] * 3, 100: [[0.1, 0.2, 0.96], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]]}
    )
    slow, quick = (
        {"epochs_to": "validation_accuracy", "target": 0.95, "at": {"batch_size": size}} for size in (100, 10)
    )
    row = verdict({"left": slow, "rel": ">", "times": 1.2, "right": quick, "over": "median"}, sweep)
    assert (row["verdict"], row["effect"]) == ("holds", np.inf)
    row = verdict({"left": slow, "rel": ">", "right": quick}, sweep)
    assert row["verdict"] == "undecided"
    assert "2 values are infinite, for a target that was never reached" in row["note"]
    row = verdict({"left": slow, "rel": ">", "right": slow, "over": "median"}, sweep)
    assert row["verdict"] == "not judged"


def test_what_has_no_number_says_why() -> None:
    never = {"epochs_to": "validation_accuracy", "target": 0.99}
    slow, quick = (never | {"at": {"batch_size": size}} for size in (100, 10))
    ups = [{"increases": "validation_accuracy", "at": {"batch_size": size}} for size in (10, 100)]
    sweep = of_curves({10: [[0.9, 0.8]] * 3, 100: [[0.9, 0.7]] * 3})
    epochs = {"left": slow, "rel": ">", "right": quick}
    ratios = {"left": ups[0], "rel": ">", "times": 2, "right": ups[1]}
    for over in ("median", "each"):
        row = verdict(epochs | {"over": over}, sweep)
        assert (row["verdict"], row["note"]) == ("not judged", "neither side ever reaches the target")
        row = verdict(ratios | {"over": over}, sweep)
        assert (row["verdict"], row["note"]) == ("not judged", "both sides are 0: they have no ratio")
    row = verdict({"left": {"sd": A}, "low": 0}, of_accuracies([[0.9], [0.8]]))
    assert (row["verdict"], row["note"]) == ("not judged", "a standard deviation needs 2 seeds")


def test_what_runs_csv_holds_is_taken_from_it() -> None:
    curves = {10: [[0.5, 0.9, 0.8], [0.6, 0.7, 0.95], [0.9, 0.9, 0.1]], 100: [[0.5, 0.4, 0.3]] * 3}
    plan, runs, history = of_curves(curves)
    statistics = ("final", "best", "highest", "best_epoch")
    in_runs = [{name: "validation_accuracy", "at": {"batch_size": 10}} for name in statistics]
    in_runs += [{"final": name, "at": {"batch_size": 10}} for name in ("training_cost", "test_accuracy")]
    checks = [{"left": left, "low": 0, "over": "each"} for left in in_runs]
    without = (plan, runs, history[:0])
    pd.testing.assert_frame_equal(verdicts(checks, without), verdicts(checks, (plan, runs, history)))
    assert verdicts(checks, without)["effect"].tolist()[:4] == [0.1, 0.9, 0.9, 1]  # of the lowest seed


def test_shares_and_spreads_are_over_the_seeds() -> None:
    plan = make_plan(TWO, seeds=4, epochs=2)
    records = make_records(plan, [[0.9, 0.8, 0.7, 0.6], [0.9, 0.9, 0.9, 0.9]])
    lost = plan.runs[3]
    records[lost.run_id] = make_record(lost, None, "diverged")
    sweep = frames(plan, records)
    told = verdicts(
        [
            {"left": {"sd": A}, "rel": ">", "right": {"sd": B}},
            {"left": {"share": A, "above": 0.75}, "rel": ">", "right": 0.5},
            {"left": {"share": A, "below": 0.75}, "rel": ">", "right": 0.5},
            {"left": {"share": "diverged", "at": {"batch_size": 10}}, "low": 0.2, "high": 0.3},
        ],
        sweep,
    )
    assert told["effect"].tolist() == pytest.approx([0.1, 2 / 3, 1 / 3, 0.25])
    assert told["verdict"].tolist() == ["holds", "undecided", "undecided", "undecided"]
    limits = [stats.binomtest(k, n).proportion_ci(0.95) for k, n in ((2, 3), (1, 3), (1, 4))]  # exact
    for column, side in (("effect_low", "low"), ("effect_high", "high")):
        assert told[column][1:].tolist() == pytest.approx([getattr(each, side) for each in limits])
    assert told["n"].tolist() == [3, 3, 3, 4]


def test_diverged_and_failed_runs_are_told_and_never_averaged() -> None:
    plan = make_plan(TWO, seeds=5, epochs=2)
    records = make_records(plan, [[0.95, 0.951, 0.949, 0.95, 0.95], [0.9, 0.9, 0.901, 0.9, None]])
    gone = plan.runs[1]
    records[gone.run_id] = make_record(gone, 0.1, "diverged")
    row = verdict(ABOVE, frames(plan, records))
    assert (row["verdict"], row["n"]) == ("reproduced", 3)
    assert row["effect"] == pytest.approx((0.949 + 0.95 + 0.95 - 0.901 - 0.9 - 0.9) / 3 + 0, abs=2e-3)
    assert "4 of 5 runs at batch_size=10 finished, 1 diverged" in row["note"]
    assert "4 of 5 runs at batch_size=100 finished, 1 failed" in row["note"]


def test_a_point_without_a_finished_run_is_not_judged() -> None:
    plan = make_plan(TWO, seeds=3, epochs=2)
    records = make_records(plan, [[0.9] * 3, [0.9] * 3])
    for run in plan.runs[:3]:
        records[run.run_id] = make_record(run, None, "diverged")
    row = verdict(ABOVE, frames(plan, records))
    assert row["verdict"] == "not judged"
    assert row["note"] == "no run has a value; 0 of 3 runs at batch_size=10 finished, 3 diverged"


@pytest.mark.parametrize("missing", ["pending", "killed"])
def test_a_claim_waits_for_its_own_runs_only(missing: str) -> None:
    plan = make_plan({"batch_size": [1, 10, 100]}, seeds=3, epochs=2)
    records = make_records(plan, [[0.9] * 3, [0.8] * 3, [0.9] * 3])
    if missing == "pending":
        del records[plan.runs[0].run_id]
    else:
        records[plan.runs[0].run_id] = make_record(plan.runs[0], None, "killed")
    sweep = frames(plan, records)
    told = verdicts([ABOVE, ABOVE | {"right": B | {"at": {"batch_size": 1}}}], sweep)
    assert told["verdict"].tolist() == ["refuted", "not judged"]
    assert told["note"][1] == "1 of 6 runs have not ended"


def test_nothing_is_judged_before_the_first_run_ends() -> None:
    plan = make_plan(TWO, seeds=3, epochs=2)
    row = verdict(ABOVE, frames(plan, {}))
    assert (row["verdict"], row["note"]) == ("not judged", "6 of 6 runs have not ended")


def test_times_taken_in_stacks_are_not_judged() -> None:
    plan = make_plan(TWO, seeds=3, epochs=2)
    records = make_records(plan, np.full((2, 3), 0.9))
    time = [{"final": "seconds_per_epoch", "at": {"batch_size": size}} for size in (10, 100)]
    check = {"left": time[0], "rel": ">=", "right": time[1], "times": 1}
    assert verdict(check, frames(plan, records), timing=True)["verdict"] == "reproduced"
    shared = {i: replace(r, timings=r.timings | {"shared_by": 4}) for i, r in records.items()}
    row = verdict(check, frames(plan, shared), timing=True)
    assert (row["verdict"], "shared their time" in row["note"]) == ("not judged", True)


def test_a_claim_takes_the_verdict_of_those_it_is_the_same_as() -> None:
    claims = [
        {"id": "S", "text": "Summary.", "source": "notes", "same_as": ["X", "Y"]},
        {"id": "X", "text": "x", "check": {"left": A, "low": 0.5, "over": "median"}},
        {"id": "Y", "text": "y", "check": {"left": A, "low": 0.95, "over": "median"}},
    ]
    told = verdicts(claims, of_accuracies([[0.9] * 3, [0.8] * 3]))
    assert told["id"].tolist() == ["S", "X", "Y"]
    assert told["verdict"].tolist() == ["fails", "holds", "fails"]
    assert told["threshold"].tolist() == [0.95, 0.5, 0.95]
    assert told["note"][0] == "as X, Y, figures of Y"
    assert told["effect_kind"].tolist() == ["accuracy"] * 3


def test_another_sweep_pairs_by_seed() -> None:
    other = of_accuracies([[0.7, 0.8, 0.9, 0.95]], batch_size=[10])
    check = {"left": A, "rel": ">", "right": A | {"sweep": "first"}, "over": "each"}
    sweep = of_accuracies([[0.71, 0.81, 0.91], [0.1] * 3])
    row = verdict(check, sweep, others={"first": other}.__getitem__)
    assert (row["verdict"], row["n"], row["effect"]) == ("holds", 3, pytest.approx(0.01))


def test_a_sweep_that_is_not_there_is_not_judged() -> None:
    def others(name: str) -> Frames:
        raise UserError(f"unknown sweep {name!r}")

    check = {"left": A, "rel": ">", "right": A | {"sweep": "first"}}
    row = verdict(check, of_accuracies([[0.7] * 3, [0.1] * 3]), others=others)
    assert (row["verdict"], row["note"]) == ("not judged", "unknown sweep 'first'")


def test_a_point_or_metric_that_another_sweep_lacks_is_not_judged() -> None:
    sweep = of_accuracies([[0.7] * 3, [0.1] * 3])
    rights = [A | {"at": {"batch_size": 7}}, {"best": "gradient_norm_bias_1", "at": {"batch_size": 10}}]
    rights[1] = {"final": "gradient_norm_bias_1", "at": {"batch_size": 10}}
    checks = [{"left": A, "rel": ">", "right": right | {"sweep": "first"}} for right in rights]
    told = verdicts(checks, sweep, others=lambda _: sweep)
    assert told["verdict"].tolist() == ["not judged"] * 2
    assert "the sweep has no batch_size=7" in told["note"][0]
    assert "does not record gradient_norm_bias_1" in told["note"][1]


@pytest.mark.parametrize("check", [{"left": A, "low": 0}, ABOVE | {"rel": "<", "margin": 0.2}])
def test_runs_that_failed_to_learn_suspend_a_verdict_on_their_mean(check: dict[str, Any]) -> None:
    sweep = of_accuracies([[0.95, 0.951, 0.952, 0.85, 0.851], [0.9] * 5])
    row = verdict(check, sweep)
    assert row["verdict"] == "undecided"
    assert "2 of 5 runs at batch_size=10 stuck (5.3 to 85 %): no mean describes both groups" in row["note"]
    learned = of_accuracies([[0.95, 0.951, 0.952, 0.95, 0.951], [0.9] * 5])
    assert verdict(check, learned)["verdict"] == "reproduced"
    assert verdict(check | {"over": "each"}, sweep)["verdict"] == "holds"  # it is no statement on a mean


def test_runs_that_are_slow_at_first_and_learn_are_not_stuck() -> None:
    first = [0.95, 0.951, 0.952, 0.85, 0.851]
    at = [{"at_epoch": "validation_accuracy", "epoch": 1, "at": {"batch_size": size}} for size in (1, 10)]
    check = {"left": at[0], "rel": ">", "right": at[1]}
    for last, verdict_then in {0.96: "reproduced", 0.1: "undecided"}.items():
        curves = [[accuracy, last if accuracy < 0.9 else 0.96] for accuracy in first]
        row = verdict(check, of_curves({1: curves, 10: [[0.7, 0.9]] * 5}))
        assert row["verdict"] == verdict_then
        assert ("2 of 5 runs at batch_size=1 stuck" in str(row["note"])) == (last == 0.1)


def test_stuck_runs_are_told_of_both_points() -> None:
    sweep = of_accuracies([[0.1, 0.95, 0.951, 0.952, 0.95], [0.1, 0.11, 0.9, 0.901, 0.902]])
    note = verdict(ABOVE, sweep)["note"]
    assert "1 of 5 runs at batch_size=10 stuck (0.51 to 72 %); 2 of 5 runs at batch_size=100 stuck" in note


def test_an_accuracy_beside_a_number_has_the_error_of_its_images(rng: np.random.Generator) -> None:
    """95 % of 300 images: one standard error is 1.26 points, whatever the number of seeds."""
    accuracies = np.round(300 * rng.normal(0.95, 0.003, (2, 8))) / 300
    sweep = of_accuracies(accuracies, images=300)
    alone = verdict({"left": A, "low": 0.9}, sweep)
    mean = accuracies[0].mean()
    assert alone["effect_high"] - alone["effect"] > 1.96 * np.sqrt(mean * (1 - mean) / 300)
    assert "for examples like the 300 it is measured on" in alone["note"]
    both = verdict(ABOVE | {"margin": -0.02}, sweep)  # the same images at both points
    assert both["effect_high"] - both["effect_low"] < 0.012
    assert pd.isna(both["note"])


def test_equal_is_shown_refuted_or_left_open(rng: np.random.Generator) -> None:
    """The interval at 90 % is that of two one-sided tests at 5 %."""
    noise = rng.normal(0, 0.001, (2, 6))
    sweep = of_accuracies(np.array([[0.951], [0.95]]) + noise)
    expected = stats.ttest_rel(0.951 + noise[0], 0.95 + noise[1]).confidence_interval(0.90)
    for within, told in ((0.005, "reproduced"), (0.0011, "undecided")):
        row = verdict({"equal": {"left": A, "right": B, "within": within}}, sweep)
        assert row["verdict"] == told
        assert (row["effect_low"], row["effect_high"]) == pytest.approx(tuple(expected), abs=1e-8)
        assert "two one-sided tests at 5 %: the interval is at 90 %" in row["note"]
    far = of_accuracies(np.array([[0.97], [0.95]]) + noise)
    row = verdict({"equal": {"left": A, "right": B, "within": 0.005}}, far)
    assert (row["verdict"], row["rel"], row["threshold"]) == ("refuted", "within", 0)


def test_equal_to_a_number_is_within_of_it(rng: np.random.Generator) -> None:
    sweep = of_accuracies(np.round(rng.normal(0.95, 0.0004, (2, 6)), 4))
    row = verdict({"equal": {"left": A, "right": 0.951, "within": 0.01}}, sweep)
    assert (row["verdict"], row["effect_kind"]) == ("reproduced", "accuracy")
    assert (row["rel"], row["threshold"], row["within"]) == ("within", 0.951, 0.01)


def test_looks_at_test_data_are_told() -> None:
    best, final = ({name: "test_accuracy", "at": {"batch_size": 10}} for name in ("best", "final"))
    checks = [{"left": left, "low": 0.1} for left in (best, final, A)]
    sweep = of_accuracies([[0.9] * 3, [0.8] * 3])
    assert "2 of 3 checks take test data, 1 of them to choose the epoch" in verdict(checks, sweep)["note"]
    assert "takes test data" in verdict(checks[1], sweep)["note"]
    assert "test data" not in verdict(checks[2], sweep)["note"]


def test_medians_have_an_interval_from_six_seeds_on() -> None:
    """Between the least and the largest of 6 values the median lies with 1 - 2 / 2^6 = 96.9 %.

    Of a million images: on fewer, the interval is wider.
    """
    check = {"left": A, "low": 0.9, "over": "median"}
    accuracies, others = [0.91, 0.92, 0.93, 0.94, 0.95, 0.96], [0.8] * 6
    sweep = of_accuracies([accuracies, others])
    row = verdict(check, sweep)
    assert row["verdict"] == "reproduced"
    assert (row["effect_low"], row["effect_high"]) == pytest.approx((0.91, 0.96), abs=1e-4)
    assert verdict(check | {"low": 0.97}, sweep)["verdict"] == "refuted"
    assert verdict(check | {"low": 0.92}, sweep)["verdict"] == "undecided"
    few = verdict(check, of_accuracies([accuracies, others], images=100))
    error = 1.96 * np.sqrt(0.935 * 0.065 / 100)
    assert few["effect"] - few["effect_low"] == pytest.approx(np.hypot(0.025, error), rel=1e-3)
    assert verdict(check, of_accuracies([accuracies[:5], others[:5]]))["verdict"] == "holds"


def test_verdicts_keep_their_columns_dtypes_and_bytes(rng: np.random.Generator) -> None:
    sweep = of_accuracies(rng.normal(0.9, 0.01, (2, 4)))
    checks = [ABOVE, {"left": A, "low": 0.5, "over": "median"}]
    first, again = verdicts(checks, sweep), verdicts(checks, sweep)
    assert first.to_csv() == again.to_csv()
    dtypes = {
        **dict.fromkeys(("id", "text", "source", "published", "verdict", "effect_kind"), "string"),
        **dict.fromkeys(("effect", "effect_low", "effect_high"), "float64"),
        **dict.fromkeys(("compared", "rel"), "string"),
        **dict.fromkeys(("threshold", "threshold_high", "within"), "float64"),
        "n": "Int64",
        **{"seeds_low": "Int64", "seeds_high": "Int64", "note": "string"},
    }
    for frame in (first, verdicts([], sweep)):
        assert frame.dtypes.astype(str).to_dict() == dtypes

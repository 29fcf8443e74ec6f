"""Claims are understood, or refused in one line that names claim, rule, value and choices."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from nnexp.claims.answerable import frozen_claims
from nnexp.claims.checks import Check
from nnexp.claims.parsing import parse_claims
from nnexp.errors import UserError
from tests.claims.claim_forms import BATCHES, FORMS, parsed
from tests.results.sweeps import make_plan


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_books_claims_can_be_said(form: str) -> None:
    points, text, known = FORMS[form]
    claim = parsed(yaml.safe_load(text), points, **known)
    assert len(claim.checks) == 1
    assert isinstance(claim.checks[0], Check)


@pytest.mark.parametrize("form", ["ratio of times", "ratio of times within", "optimum inside the grid"])
def test_a_claim_about_time_takes_a_sweep_that_measures_it(form: str) -> None:
    points, text, _ = FORMS[form]
    with pytest.raises(UserError, match="claim A-1: a claim about time needs a sweep with timing: true"):
        parsed(yaml.safe_load(text), points)


BEST = "best: validation_accuracy"
AT = BEST + ", at: {batch_size: 10}"
MISTAKES = {
    "{left: {bets: validation_accuracy}, low: 0}": "unknown statistic 'bets'; did you mean 'best'",
    "{left: {best: validation_acuracy}, low: 0}": "unknown metric 'validation_acuracy'; did you mean 'valid",
    "{left: {best: validation_accuracy}, low: 0}": "which leaves batch_size open",
    "{left: {BEST, at: {batchsize: 10}}, low: 0}": "unknown axis 'batchsize'; did you mean 'batch_size'",
    "{left: {BEST, at: {batch_size: 11}}, low: 0}": "the sweep has no batch_size=11 ",
    "{left: {BEST, at: 10}, low: 0}": "at must be a partial point such as {batch_size: 10}, got 10",
    "{left: {BEST, final: penalty}, low: 0}": "must have one statistic, got best and final",
    "{left: best, low: 0}": "a quantity must be a mapping such as {best: validation_accuracy}, got 'best'",
    "{left: {AT, epoch: 3}, low: 0}": "unknown key beside best 'epoch'",
    "{left: {best: penalty, at: {batch_size: 1}}, low: 0}": "best takes an accuracy or a cost, got penalty",
    "{left: {best: epochs_done, at: {batch_size: 1}}, low: 0}": "statistic must be final, got best",
    "{left: {at_epoch: training_cost, at: {batch_size: 1}}, low: 0}": "at_epoch must have epoch",
    "{left: {at_epoch: training_cost, epoch: 31, at: {batch_size: 1}}, low: 0}": "within 0 and 30, got 31",
    "{left: {at_epoch: training_cost, epoch: 1.5, at: {batch_size: 1}}, low: 0}": "a whole number, got 1.5",
    "{left: {epochs_to: validation_accuracy, target: 95, at: {batch_size: 1}}, low: 0}": "within 0 and 1",
    "{left: {AT}, low: 95}": "low must be within 0 and 1, since accuracies are fractions .* got 95",
    "{left: {AT}, low: -0.1}": "low must be within 0 and 1, since accuracies are fractions",
    "{left: {AT}, rel: '>', right: {AT}, margin: 1}": "margin must lie between -1 and 1, since accur",
    "{left: {BEST}, along: batch_size, rel: '>', margin: 1}": "margin must lie between -1 and 1, since accur",
    "{left: {BEST}, along: batch_size, optimum: inside, margin: -1}": "margin must lie between -1 and 1",
    "{left: {difference: [{AT}, {AT}]}, low: -1, high: 1}": "high must lie between -1 and 1",
    "{left: {share: diverged, at: {batch_size: 10}}, high: 50}": "high must be within 0 and 1, since shares",
    "{left: {share: {AT}, above: 95}, low: 0.5}": "above must be within -1 and 1, since an accuracy is a",
    "{left: {AT}, low: 0.9, high: 0.8}": "low must be <= high, got 0.9 and 0.8",
    "{left: {AT}, low: high}": "low must be a number, got 'high'",
    "{left: {AT}}": "either rel, or low and high, or optimum, got left",
    "{left: {AT}, rel: '>', right: 0.9, low: 0.8}": "either rel, or low and high, or optimum, got left, rel",
    "{left: {AT}, low: 0, rihgt: 1}": "unknown key of a check 'rihgt'; did you mean 'right'",
    "{left: {AT}, low: 0, margin: 1}": "a check with low takes no margin, got 1",
    "{left: {AT}, rel: '=', right: 0.9}": "unknown rel '='.*choices: <, <=, >, >=",
    "{left: {AT}, rel: '>'}": "a check with rel must have right or along",
    "{left: {AT}, rel: '>', right: 0.9, times: 2}": "times multiplies a quantity",
    "{left: {AT}, rel: '>', right: {AT}, times: -2}": "times must be > 0, got -2",
    "{left: {AT}, low: 0, over: paired}": "paired compares two quantities",
    "{left: {AT}, low: 0, over: medain}": "unknown over 'medain'; did you mean 'median'",
    "{left: {increases: training_cost, at: {batch_size: 1}}, low: 0, over: best}": "best takes an acc",
    "{left: {BEST, best_of: batch_size}, low: 0}": "best_of picks a point by its result: over must be median",
    "{left: {AT, relative_to: penalty}, low: 0}": "takes an accuracy or a cost, got validation_accuracy rela",
    "{left: {final: penalty, relative_to: epochs_done, at: {batch_size: 1}}, low: 0}": "unknown metric 'epoc",
    "{left: {final: epochs_done, relative_to: penalty, at: {batch_size: 1}}, low: 0}": "unknown metric 'epoc",
    "{left: {sd: {AT}}, low: 0, over: mean}": "sd is over the seeds already",
    "{left: {sd: {AT}}, rel: '>', right: {AT}}": "left and right must both be over seeds, got sd, best",
    "{left: {share: {AT}}, low: 0}": "share must have above or below, got neither",
    "{left: {ratio: {AT}}, low: 0}": "ratio must be a list of two quantities",
    "{left: {ratio: [{AT}, {sd: {AT}}]}, low: 0}": "ratio takes a number of each seed, got sd",
    "{left: {BEST}, along: batchsize, rel: '>'}": "unknown axis 'batchsize'; did you mean 'batch_size'",
    "{left: {BEST}, along: batch_size, between: [2, 9], rel: '>'}": "must leave at least 2 values",
    "{left: {BEST}, along: batch_size, between: [1, 10], optimum: inside}": "at least 3 values, got",
    "{left: {BEST}, along: batch_size, optimum: outside}": "optimum must be inside, along an axis",
    "{left: {AT, sweep: 3}, low: 0}": "sweep must be the name of a sweep, got 3",
    "best": "a check must be a mapping with left, got 'best'",
    "{equal: {left: {AT}, right: {AT}, within: 0}}": "within must be > 0, .* got 0",
    "{equal: {left: {AT}, right: {AT}, within: -0.01}}": "within must be > 0, .* got -0.01",
    "{equal: {left: {AT}, right: {AT}, within: 2}}": "within must lie between 0 and 1, since accuracies",
    "{equal: {left: {AT}, right: 95, within: 0.01}}": "right must be within 0 and 1, since accuracies",
    "{equal: {left: {AT}, right: {AT}, witin: 0.01}}": "equal must be a mapping with left, right and within",
    "{equal: {left: {AT}, right: {AT}, within: 0.01, margin: 1}}": "unknown key of equal 'margin'",
    "{equal: {left: {AT}, right: {AT}, within: 0.01}, over: mean}": "a check with equal takes no over beside",
    "{equal: {left: {AT}, right: {AT}, within: 0.01, over: each}}": "unknown over of equal 'each'",
    "{equal: {left: {sd: {AT}}, right: {AT}, within: 0.01}}": "equal takes a number of each seed, got sd",
    "{equal: {left: {AT}, right: {AT}, within: little}}": "within must be a number, got 'little'",
}


@pytest.mark.parametrize("check", MISTAKES)
def test_a_wrong_check_is_refused_when_the_plan_is_made(check: str) -> None:
    text = check.replace("AT", AT).replace("BEST", BEST)
    with pytest.raises(
        UserError, match=f"claim A-1: .*{MISTAKES[check].replace('{', '.').replace('}', '.')}"
    ) as e:
        parsed(yaml.safe_load(text), BATCHES)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("check", "settings", "message"),
    [
        ("{left: {best: test_accuracy}, low: 0}", {"monitor": ()}, "needs monitor.test=true"),
        ("{left: {final: dead_classes}, low: 0}", {"monitor": ("test",)}, "needs monitor.dead_classes=true"),
        ("{left: {final: weight_norm_3}, low: 0}", {}, "layer must be within 1 and 2, got weight_norm_3"),
        ("{left: {final: saturated_share_2}, low: 0}", {}, "layer must be within 1 and 1"),
        (
            "{left: {at_epoch: training_cost, epoch: 0}, low: 0}",
            {"monitor": ("test",)},
            "within 1 and 30, got 0",
        ),
        ("{left: {at_epoch: training_cost, epoch: 7}, low: 0}", {"evaluate_every": 5}, "every 5., got 7"),
    ],
)
def test_a_claim_takes_what_the_runs_will_have(check: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parsed(yaml.safe_load(check), [{}], **settings)


def test_the_test_accuracy_of_the_kept_weights_takes_no_monitor() -> None:
    assert parsed({"left": {"final": "test_accuracy"}, "low": 0.9}, [{}], monitor=()).checks


def test_epochs_may_be_an_axis() -> None:
    points = [{"epochs": 5}, {"epochs": 50}]
    check = {"left": {"at_epoch": "training_cost", "epoch": 20, "at": {"epochs": 50}}, "low": 0}
    assert parsed(check, points, epochs=5).checks
    check["left"] = {"at_epoch": "training_cost", "epoch": 20, "at": {"epochs": 5}}
    with pytest.raises(UserError, match=r"epoch must be within 0 and 5, got 20$"):
        parsed(check, points, epochs=50)


@pytest.mark.parametrize(
    "spelling", ["{hidden_size: [20, 10, 5]}", "{hidden_size: [30]}", "{hidden_size: 30}"]
)
def test_sizes_of_layers_select_a_point_and_say_how_many_there_are(spelling: str) -> None:
    points = [{"hidden_size": (20, 10, 5)}, {"hidden_size": 30}]
    at = yaml.safe_load(spelling)
    last = 4 if at["hidden_size"] == [20, 10, 5] else 2
    check = {"left": {"final": f"weight_norm_{last}", "at": at}, "low": 0}
    assert parsed(check, points).checks
    check = {"left": {"final": f"weight_norm_{last + 1}", "at": at}, "low": 0}
    with pytest.raises(UserError, match=f"layer must be within 1 and {last}"):
        parsed(check, points)


def test_sizes_of_layers_have_no_order() -> None:
    points = [{"hidden_size": (20, 10)}, {"hidden_size": 30}]
    with pytest.raises(UserError, match=r"got hidden_size with the value \[20,10\]"):
        parsed({"left": {"final": "validation_accuracy"}, "along": "hidden_size", "rel": "<"}, points)
    with pytest.raises(UserError, match=r"no hidden_size=\[10,20\] \(its values: \[20,10\], 30\)"):
        parsed({"left": {"final": "validation_accuracy", "at": {"hidden_size": [10, 20]}}, "low": 0}, points)


def test_points_that_change_together_lie_along_either_axis() -> None:
    points = [{"train_size": 10 * n, "epochs": 1000 // n} for n in (1, 10, 100)]
    check = {"left": {"final": "validation_accuracy"}, "along": "epochs", "rel": "<"}
    assert parsed(check, points).checks[0].grid == (10, 100, 1000)


def test_the_default_is_paired_for_two_quantities_and_mean_for_one() -> None:
    one = {"best": "validation_accuracy", "at": {"batch_size": 10}}
    assert parsed({"left": one, "low": 0}, BATCHES).checks[0].over == "mean"
    assert parsed({"left": one, "rel": ">", "right": one}, BATCHES).checks[0].over == "paired"
    along = {"left": {"best": "validation_accuracy"}, "along": "batch_size", "rel": ">"}
    assert parsed(along, BATCHES).checks[0].over == "paired"


CHECK = {"left": {"final": "penalty"}, "low": 0}
ELSEWHERE = {"sweep": "book/depth", "id": "B5-02"}
REVISION = {"date": "2026-11-27", "before": "refuted", "why": "It had no error rate."}
GOOD: dict[str, Any] = {"id": "A-1", "text": "It is so.", "check": CHECK}


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ("A-1", "sweep.claims must be a list of claims, got 'A-1'"),
        (["A-1"], "claim 1 must be a mapping with id, text and check, got 'A-1'"),
        ([GOOD | {"chek": 1}], "claim A-1: unknown key of a claim 'chek'; did you mean 'check'"),
        ([GOOD | {"id": 3}], "claim 3: id must be text, got 3"),
        (
            [GOOD | {"id": "x/"}],
            "claim x/: id must begin with a letter or digit and have at most 100 of these",
        ),
        ([{"id": "A-1", "check": CHECK}], "claim A-1: text must be text, got None"),
        ([GOOD, GOOD], "claim A-1: id must differ"),
        ([{"id": "A-1", "text": "x"}], "must have a check or same_as, got neither"),
        ([GOOD | {"same_as": ["A-2"]}], "must have a check or same_as, got both"),
        ([GOOD | {"check": []}], "must have at least one check, got none"),
        (
            [GOOD, {"id": "B", "text": "x", "same_as": ["A-2"]}],
            "claim B: unknown claim with a check 'A-2'",
        ),
        (
            [GOOD, {"id": "B", "text": "x", "same_as": "A-1"}],
            "claim B: same_as must be a list of claims, got",
        ),
        (
            [{"id": "B", "text": "x", "same_as": [{"sweep": "depth"}]}],
            "claim B: same_as must name claims, by id",
        ),
        ([{"id": "B", "text": "x", "same_as": [3]}], "by id or as {sweep: NAME, id: ID}, got 3"),
        ([GOOD | {"published": [96.9]}], r"claim A-1: published must be text or a number, got \[96.9\]"),
        ([GOOD | {"published": True}], "claim A-1: published must be text or a number, got True"),
        ([{"id": "B", "text": "x", "same_as": ["B"]}], "claim B: unknown claim with a check 'B'"),
        (
            [GOOD | {"revised": "2026"}],
            "claim A-1: revised must be a list of date, before and why, got '2026'",
        ),
        ([GOOD | {"revised": [{"date": "2026-11-27"}]}], "a revision must have date, before, why, got"),
        ([GOOD | {"revised": [REVISION | {"wy": 1}]}], "unknown key of a revision 'wy'; did you mean 'why'"),
        ([GOOD | {"revised": [REVISION | {"date": "today"}]}], "date must be a day such as 2026-11-27, got"),
    ],
)
def test_a_wrong_claim_is_refused(claims: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_claims(claims, [], [{}], epochs=3, timing=False)


def test_what_was_changed_after_its_result_was_seen_is_kept() -> None:
    later = REVISION | {"date": date(2026, 11, 28), "why": "A  second\ntime."}
    (claim,) = parse_claims([GOOD | {"revised": [REVISION, later]}], [], [{}], epochs=3, timing=False)
    assert claim.revised[0] == tuple(REVISION.values())
    assert (claim.revised[1].date, claim.revised[1].why) == ("2026-11-28", "A second time.")


def test_a_frozen_claim_of_a_shape_that_no_longer_exists_takes_no_other_with_it() -> None:
    old = GOOD | {"id": "old", "check": {"lft": {"final": "penalty"}, "low": 0}}
    sum_of_both = {"id": "both", "text": "x", "same_as": ["A-1", "old"]}
    plan = replace(make_plan({}), claims=(old, GOOD, sum_of_both))
    refused = {claim.id: claim.refused for claim in frozen_claims(plan)}
    assert list(refused) == ["old", "A-1", "both"]
    assert refused["old"].startswith("a check must be a mapping with left")
    assert refused["A-1"] == ""
    assert "unknown claim with a check 'old'" in refused["both"]


def test_a_claim_of_another_sweep_and_a_published_figure_are_kept() -> None:
    claims = [GOOD | {"published": 96.9}, {"id": "B", "text": "x"} | {"same_as": ["A-1", ELSEWHERE]}]
    first, second = parse_claims(claims, [], [{}], epochs=3, timing=False)
    assert (first.published, second.published) == ("96.9", "")
    assert second.same_as == ((None, "A-1"), ("book/depth", "B5-02"))


def test_a_curve_relative_to_another_takes_what_both_take() -> None:
    check = "{left: {lowest: gradient_norm_bias_2, relative_to: saturated_share_1}, low: 0}"
    assert parsed(yaml.safe_load(check), [{}]).checks
    with pytest.raises(UserError, match="saturated_share_1 by epoch needs"):
        parsed(yaml.safe_load(check), [{}], monitor=("gradient_norm",))
    check = "{left: {final: test_cost, relative_to: penalty}, low: 0}"
    with pytest.raises(UserError, match="test_cost by epoch needs"):
        parsed(yaml.safe_load(check), [{}], monitor=())


def test_reading_claims_loads_neither_pandas_nor_scipy() -> None:
    code = "import sys, nnexp.claims.parsing; print({'pandas', 'scipy'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"

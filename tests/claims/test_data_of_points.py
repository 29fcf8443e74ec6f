"""What a verdict takes from the data of a point: its images, the grain, the runs that are stuck."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnexp.claims.sweep_runs import SweepRuns
from nnexp.results.by_point import standing
from nnexp.statistics.optimum import optimum
from nnexp.sweep.question.seeds import UntilDecided
from tests.claims.claim_forms import TWO, frames, of_accuracies, verdict
from tests.results.sweeps import make_plan, make_records

A, B = ({"final": "validation_accuracy", "at": {"batch_size": size}} for size in (10, 100))
ABOVE = {"left": A, "rel": ">", "right": B}


def on_digits(values: Any) -> Any:
    plan = make_plan(TWO, seeds=len(values[0]), epochs=2)
    return frames(plan, make_records(plan, values))


def test_images_are_those_of_the_point() -> None:
    plan = make_plan({"validation_size": [100, 299]}, seeds=3)
    runs = SweepRuns(*frames(plan, make_records(plan, [[0.91, 0.92, 0.9], [270 / 299] * 3])))
    assert [runs.images("validation_accuracy", point) for point in (0, 1)] == [100, 299]
    plan = make_plan({"data": ["digits", "mnist"]}, seeds=1)
    runs = SweepRuns(*frames(plan, make_records(plan, [[0.9], [0.9]])))
    assert [runs.images("validation_accuracy", point) for point in (0, 1)] == [300, 10_000]
    assert [runs.images("test_accuracy", point) for point in (0, 1)] == [297, 10_000]


@pytest.mark.parametrize("over", ["paired", "mean"])
@pytest.mark.parametrize("more", [{}, {"times": 1.0}])
def test_differences_that_rounding_makes_equal_decide_nothing(over: str, more: dict[str, float]) -> None:
    """One image of 300 at each of 3 seeds: 0.33 points, with a half-width of 4.30 / 3 / sqrt(18) = 0.34."""
    sweep = on_digits([[271 / 300] * 3, [270 / 300] * 3])
    assert verdict(ABOVE | {"over": over} | more, sweep)["verdict"] == "undecided"
    difference = {"left": {"difference": [A, B]}, "low": 0.0, "over": "mean"}
    assert verdict(difference, sweep)["verdict"] == "undecided"


def test_an_optimum_knows_the_grain() -> None:
    values = np.array([[0.9] * 3, [0.9 + 1 / 300] * 3, [0.9] * 3])
    assert optimum(values).p == 0
    assert optimum(values, grain=1 / 300).p == pytest.approx(0.025, abs=0.003)  # t = sqrt(18), 2 degrees


@pytest.mark.parametrize("metric", ["validation_accuracy", "validation_cost"])
def test_table_and_claims_have_the_same_stuck_runs(metric: str) -> None:
    sweep = on_digits([[0.95, 0.95, 0.94, 0.96, 0.95, 0.94, 0.1], [0.11] * 4 + [0.09] * 3])
    assert (standing(*sweep[:2]).runs["status"] == "stuck").sum() == 1
    sides = ({"final": metric, "at": {"batch_size": size}} for size in (10, 100))
    row = verdict(dict(zip(("left", "right"), sides, strict=True)) | {"rel": ">="}, sweep)
    assert (row["verdict"], " of 7 runs at " in row["note"]) == ("undecided", True)


def test_points_of_a_sweep_whose_seeds_go_on_take_the_test_for_all_looks() -> None:
    """Three differences of 2 points: clear by Student's t; no test for all looks decides so soon."""
    plan, runs, history = of_accuracies([[0.9, 0.901, 0.9], [0.88] * 3])
    there = ABOVE | {"right": B | {"sweep": "width"}}
    for until, told in ((None, "reproduced"), (UntilDecided(3, 40), "undecided")):
        other = replace(plan, until=until), runs, history
        row = verdict(there, (plan, runs, history), others=lambda _, other=other: other)
        assert row["verdict"] == told

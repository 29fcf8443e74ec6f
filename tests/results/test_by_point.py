"""The runs of a sweep by point: which did best."""

from dataclasses import replace

import numpy as np

from nnexp.results.by_point import best_run, samples, standing
from nnexp.results.tables import make_tables
from tests.results.judged import ACCURACIES
from tests.results.sweeps import make_plan, make_records


def test_the_best_run_is_the_best_of_the_best_point() -> None:
    """The mean of the second point is highest, whatever single run elsewhere did better."""
    plan = make_plan({"batch_size": [1, 10, 1000]}, seeds=3)
    tables = make_tables(plan, make_records(plan, [[0.5, 0.99, 0.5], *ACCURACIES[1:]]), {})
    assert best_run(plan, tables.runs) == plan.runs[5]
    none = make_tables(plan, make_records(plan, np.full((3, 3), None)), {})
    assert best_run(plan, none.runs) is None


def test_marks_say_what_the_comparison_with_the_best_tells() -> None:
    plan = make_plan({"batch_size": [1, 10, 1000]}, seeds=3)
    tables = make_tables(plan, make_records(plan, ACCURACIES), {})
    assert standing(plan, tables.runs).marks == ("alike", "best", "worse")
    alike = make_tables(plan, make_records(plan, [ACCURACIES[0], *[ACCURACIES[1]] * 2]), {})
    assert standing(plan, alike.runs).marks == ("alike",) * 3  # none stands out
    assert standing(plan, tables.runs[:-1]).marks == ("",) * 3  # more runs may change it
    few = make_plan({"batch_size": [1, 10]}, seeds=2)
    runs = make_tables(few, make_records(few, [[0.9, 0.91], [0.92, 0.93]]), {}).runs
    assert standing(few, runs).marks == ("", "highest")


def test_a_run_that_failed_to_learn_has_a_status_of_its_own() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=5)
    accuracies = [[0.97, 0.971, 0.1, 0.969, 0.97], [0.1, 0.11, 0.1, 0.09, 0.1]]
    tables = make_tables(plan, make_records(plan, accuracies), {})
    stand = standing(plan, tables.runs)
    assert stand.runs["status"].tolist() == ["finished"] * 2 + ["stuck"] + ["finished"] * 7
    assert set(tables.runs["status"]) == {"finished"}
    assert stand.marks == ("best", "worse")  # of the second all runs are alike, so they are no exception


def test_crossed_seeds_are_the_replicates_of_the_other_axes_points() -> None:
    axes = {"seed_weights": [4, 5], "batch_size": [1, 10], "seed_order": [7, 8, 9]}
    plan = make_plan(axes, seeds=1, baseline=5)
    accuracies = [[0.5 + k / 100] for k in range(12)]
    stand = standing(plan, make_tables(plan, make_records(plan, accuracies), {}).runs)
    assert stand.crossing is not None
    assert (stand.crossing.axes, stand.crossing.shape) == (("seed_weights", "seed_order"), (2, 3))
    assert stand.plan.points == ({"batch_size": 1}, {"batch_size": 10})
    assert stand.plan.baseline == 1
    expected = [[0.50, 0.51, 0.52, 0.56, 0.57, 0.58], [0.53, 0.54, 0.55, 0.59, 0.60, 0.61]]
    np.testing.assert_allclose(samples(stand.plan, stand.runs, [stand.metric])[0], expected)
    assert [run.point for run in stand.plan.runs] == [0] * 6 + [1] * 6
    assert stand.marks == ("", "highest")  # not tested: these runs are not independent
    assert np.isnan(stand.comparison.p).all()


def test_axes_of_which_a_combination_is_left_out_are_not_crossed() -> None:
    plan = make_plan({"seed_weights": [4, 5], "seed_order": [7, 8]}, seeds=1)
    part = replace(plan, points=plan.points[:3], runs=plan.runs[:3])
    runs = make_tables(part, make_records(part, [[0.9]] * 3), {}).runs
    assert standing(part, runs).crossing is None


def test_runs_at_chance_are_not_stuck_where_no_run_is_clearly_above_them() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=3)
    accuracies = [[0.1, 0.13, 0.17], [0.95, 0.951, 0.1]]
    stand = standing(plan, make_tables(plan, make_records(plan, accuracies), {}).runs)
    assert stand.runs["status"].tolist() == ["finished"] * 2 + ["finished"] * 3 + ["stuck"]

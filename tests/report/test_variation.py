"""What varies accuracy: the lines say what the statistics give for the sweep's own figures."""

import numpy as np

from nnexp.claims.sweep_verdicts import results_of
from nnexp.report.build import answer_of
from nnexp.results.tables import make_tables
from nnexp.statistics.sources import shares_of_sources
from nnexp.statistics.variation import shares_of_variance
from nnexp.sweep.question.plan import Plan
from tests.results.sweeps import make_plan, make_records, with_seeds


def lines(plan: Plan, accuracies: np.ndarray) -> list[str]:
    """Those that say what varies accuracy."""
    results = results_of(plan, make_tables(plan, make_records(plan, accuracies), {}), [], ".")
    return [line.text for line in answer_of(results).explanations if line.text.startswith("What varies")]


def test_the_shares_of_a_grid_stand_in_its_answer() -> None:
    rng = np.random.default_rng(1)
    grid = 0.9 + 0.01 * rng.normal(size=(2, 3, 5)) + 0.02 * np.arange(2)[:, None, None]
    plan = make_plan({"batch_size": [1, 10], "momentum": [0.0, 0.5, 0.9]}, seeds=5)
    (line,) = lines(plan, grid.reshape(6, 5))
    shares = shares_of_variance(grid, ("batch_size", "momentum"), np.random.default_rng(0))
    share, low, high = (100 * value for value in shares["batch_size"])
    assert line.startswith(
        f"What varies accuracy: batch_size {share:.0f} % ({low:.0f} to {high:.0f}), momentum "
    )
    assert [word in line for word in ("both together", "seeds")] == [True, True]


def test_no_shares_without_a_whole_grid_of_finished_runs() -> None:
    grid = np.random.default_rng(1).normal(0.9, 0.01, (4, 3))
    plan = make_plan({"batch_size": [1, 10], "momentum": [0.0, 0.5]}, seeds=3)
    holes = grid.astype(object)
    holes[0, 0] = None
    assert lines(plan, grid)
    assert not lines(plan, holes)
    assert not lines(make_plan({"batch_size": [1, 10, 20, 40], "momentum": [0.5]}, seeds=3), grid)
    assert not lines(make_plan({"batch_size": [1, 10], "momentum": [0.0, 0.5]}, seeds=1), grid[:, :1])
    assert not lines(plan, np.full((4, 3), 0.9))  # nothing varies


def test_the_shares_of_a_grid_with_unequal_seeds_are_over_those_in_common() -> None:
    rng = np.random.default_rng(1)
    grid = 0.9 + 0.01 * rng.normal(size=(4, 5)) + 0.02 * np.arange(4)[:, None]
    axes = {"batch_size": [1, 10], "momentum": [0.0, 0.5]}
    unequal = with_seeds(make_plan(axes, seeds=5), [3, 5, 4, 5])
    records = make_records(make_plan(axes, seeds=5), grid)
    results = results_of(unequal, make_tables(unequal, records, {}), [], ".")
    told = [line.text for line in answer_of(results).explanations if line.text.startswith("What varies")]
    (equal,) = lines(make_plan(axes, seeds=3), grid[:, :3])
    assert told == [equal.replace("accuracy:", "accuracy over the 3 seeds that all points have:")]


def test_the_shares_of_crossed_sources_stand_there_for_each_point_and_for_all() -> None:
    accuracies = 0.9 + 0.01 * np.random.default_rng(1).normal(size=(2, 3, 4))
    axes = {"batch_size": [1, 10], "seed_weights": [0, 1, 2], "seed_order": [0, 1, 2, 3]}
    first, second, both = lines(make_plan(axes, seeds=1), accuracies.reshape(24, 1))
    names = ("seeds of weights", "seeds of order")
    for line, values in ((first, accuracies[:1]), (second, accuracies[1:]), (both, accuracies)):
        shares = shares_of_sources(values, names, np.random.default_rng(0))
        assert f"seeds of weights {100 * shares[names[0]].share:.0f} % (" in line
    sd = 100 * accuracies[0].std(ddof=1)
    assert first.startswith(
        f"What varies accuracy between runs at batch_size=1 (sd {sd:.2f} points): seeds of "
    )
    assert both.startswith("What varies accuracy between runs at all points")

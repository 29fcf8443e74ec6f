"""The pictures of sweeps show the numbers of the frames, at the places and on the scales promised."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy import stats

from nnexp import plots
from nnexp.results.tables import history_table, runs_table, summary_table
from nnexp.statistics.best import compare_with_best
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from tests.results.sweeps import make_plan, make_record, make_records

Frames = tuple[Plan, pd.DataFrame, pd.DataFrame, pd.DataFrame]


def frames(plan: Plan, records: Mapping[str, Record]) -> Frames:
    runs = runs_table(plan, records, {})
    return plan, runs, history_table(plan, records), summary_table(plan, runs)


def sweep(axes: Mapping[str, Sequence[Any]], seeds: int = 3, spread: float = 0.004) -> Frames:
    """Accuracies from 90 % on, half a point higher at each point, apart by `spread` between seeds."""
    plan = make_plan(axes, seeds, epochs=2)
    steps = np.minimum(0.9 + 0.005 * np.arange(len(plan.points)), 0.97)
    noise = spread * np.random.default_rng(0).standard_normal((len(plan.points), seeds))
    return frames(plan, make_records(plan, steps[:, None] + noise))


def lines(axes: Axes, label: str) -> np.ndarray:
    """x and y of the line with a label."""
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return np.array([line.get_xdata(), line.get_ydata()], dtype=float)


def labels(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def note(figure: plots.Picture) -> str:
    return " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize(
    ("values", "scale", "ticks"),
    [
        ([300, 1, 10, 50], "log", ["1", "10", "50", "300"]),
        ([0.0, 0.1, 1.0, 10.0], "symlog", ["0", "0.1", "1", "10"]),
        ([5, 10, 15], "linear", ["5", "10", "15"]),
    ],
)
def test_an_axis_of_numbers_has_ticks_at_its_values(values: list[Any], scale: str, ticks: list[str]) -> None:
    name = "lambda_l2" if 0.0 in values else "batch_size"
    plan, runs, *_ = sweep({name: values})
    axes, below = plots.metric_by_axis(plan, runs).axes
    assert axes.get_xscale() == below.get_xscale() == scale
    assert [label.get_text() for label in below.get_xticklabels()] == ticks
    assert axes.get_xticks().tolist() == below.get_xticks().tolist() == sorted(values)
    assert below.get_xlabel() == name
    assert axes.get_ylabel() == "validation accuracy (%)"
    low, high = axes.get_ylim()
    assert 85 < low < 90 < high < 95


def test_a_metric_is_shown_with_its_mean_and_interval() -> None:
    plan, runs, *_ = sweep({"batch_size": [10, 20, 40]}, seeds=4)
    axes = plots.metric_by_axis(plan, runs).axes[0]
    (bars,) = [c for c in axes.collections if isinstance(c, LineCollection)]
    accuracies = 100 * runs["final_validation_accuracy"].to_numpy(float).reshape(3, 4)
    half = stats.sem(accuracies, axis=1) * stats.t.ppf(0.975, 3)
    mean = accuracies.mean(1)
    np.testing.assert_allclose(lines(axes, "_line"), [[10, 20, 40], mean])
    for k, (bottom, top) in enumerate(bars.get_segments()):
        np.testing.assert_allclose([bottom, top], [[[10, 20, 40][k], mean[k] + s * half[k]] for s in (-1, 1)])
    dots = np.array([line.get_ydata() for line in axes.lines if str(line.get_label()).endswith("a run")])
    np.testing.assert_allclose(dots.T, accuracies)


def test_the_best_point_and_what_cannot_be_told_from_it_are_marked() -> None:
    plan = make_plan({"batch_size": [10, 20, 40]}, 5)
    wobble = np.array([0.0, 0.001, -0.001, 0.002, -0.002])
    apart = np.array([0.0, -0.001, 0.001, 0.001, -0.0015])
    figure = plots.metric_by_axis(*by_axis(plan, np.array([0.8 + wobble, 0.9 + wobble, 0.9 + apart])))
    axes = figure.axes[0]
    assert lines(axes, "best")[0].tolist() == [20]
    assert lines(axes, "may be the best")[0].tolist() == [40]
    assert lines(axes, "worse")[0].tolist() == [10]
    assert "With 95 % confidence the best is among ★ and ●" in note(figure)


def by_axis(plan: Plan, accuracies: Any) -> tuple[Plan, pd.DataFrame]:
    return frames(plan, make_records(plan, accuracies))[:2]


def test_no_best_point_is_marked_before_all_runs_have_ended() -> None:
    plan = make_plan({"batch_size": [10, 20]}, 3)
    records = make_records(plan, np.full((2, 3), 0.9))
    del records[plan.runs[5].run_id]
    plan, runs, history, _ = frames(plan, records)
    assert labels(plots.metric_by_axis(plan, runs).axes[0]) == ["a run", "mean"]
    assert labels(plots.learning_curves(plan, runs, history).axes[0]) == ["10", "20"]


def test_points_with_diverged_or_failed_runs_have_a_cross_and_a_count() -> None:
    plan = make_plan({"learning_rate": [0.1, 1.0, 10.0]}, 3)
    records = make_records(plan, [[0.9, 0.91, 0.92], [0.9, None, 0.93], [None] * 3])
    records[plan.runs[6].run_id] = make_record(plan.runs[6], None, "diverged")
    axes = plots.metric_by_axis(*frames(plan, records)[:2]).axes[0]
    x, y = lines(axes, "diverged or failed,\nof all runs")
    assert x.tolist() == [1.0, 10.0]
    assert (y < 0.1).all()  # of the height of the picture, below every value
    assert [text.get_text() for text in axes.texts] == ["1/3", "3/3"]
    assert lines(axes, "_line")[0].tolist() == [0.1, 1.0]
    low, high = axes.get_ylim()
    assert low + 0.1 * (high - low) < 90 < high < 95
    assert (axes.get_yticks() >= 88).all()  # the interval of the first point begins at 88.5


def test_categories_are_rows_in_plan_order() -> None:
    plan, runs, _, summary = sweep({"initializer": ["standard_normal", "he_normal", "lecun_normal"]})
    figure = plots.metric_by_axis(plan, runs)
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["standard_normal", "he_normal", "lecun_normal"]
    assert axes.get_xlabel() == "validation accuracy (%)"
    mean = 100 * summary["final_validation_accuracy_mean"].to_numpy(float)
    names_of_marks = set(labels(figure.axes[1])) - {"a run"}
    markers = np.concatenate([lines(axes, name) for name in names_of_marks], axis=1)
    assert sorted(map(tuple, markers.T)) == sorted(zip(mean, range(3), strict=True))
    assert axes.get_ylim() == (2.5, -0.5)


def test_a_heat_map_has_the_values_in_its_cells() -> None:
    plan = make_plan({"batch_size": [40, 10], "activation": ["relu", "tanh"]}, 3)
    records = make_records(plan, [[0.91, 0.92, 0.93], [0.8, 0.8, 0.8], [0.95, 0.95, None], [None] * 3])
    plan, runs, *_ = frames(plan, records)
    axes = plots.heat_map(plan, runs).axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    half = 100 * stats.t.ppf(0.975, 2) * 0.01 / np.sqrt(3)
    assert cells[1, 0] == f"★ 92.00\n± {half:.2f}"
    assert cells[1, 1] == "○ 80.00\n± 0.00"
    assert cells[0, 0] == "95.00\n1 failed"  # two seeds in common with the best are no test
    assert cells[0, 1] == "3 failed"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "40"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["relu", "tanh"]
    np.testing.assert_allclose(axes.collections[0].get_array(), [[95, 92], [np.nan, 80]])


def test_parallel_coordinates_lead_each_point_through_its_values() -> None:
    values: dict[str, list[Any]] = {"batch_size": [40, 10], "dropout": [0.0, 0.5], "classes": [None, (0, 1)]}
    plan, runs, _, summary = sweep(values, spread=0.0001)
    axes = plots.parallel_coordinates(plan, runs).axes[0]
    heights = np.array([path.vertices[:, 1] for path in axes.collections[0].get_paths()])
    mean = summary["final_validation_accuracy_mean"].to_numpy(float)
    order = np.argsort(mean)
    columns = [f"final_validation_accuracy_{end}" for end in ("low", "high")]
    low, high = summary[columns[0]].min(), summary[columns[1]].max()
    np.testing.assert_allclose(heights[:, -1], ((mean - low) / (high - low))[order])
    marks = [
        line for line in axes.lines if str(line.get_label()).startswith(("_best", "_not", "_worse", "_mean"))
    ]
    np.testing.assert_allclose(sorted(float(mark.get_ydata()[0]) for mark in marks), heights[:, -1])
    bars = np.array([line.get_ydata() for line in axes.lines if line.get_label() == "_interval"])
    np.testing.assert_allclose(bars, (summary[columns].to_numpy(float) - low) / (high - low))
    upper = np.array(
        [[p["batch_size"] == 40, p["dropout"] == 0.5, p["classes"] is not None] for p in plan.points]
    )
    assert ((heights[:, :3] > 0.5) == upper[order]).all()
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["batch_size", "dropout", "classes", "validation accuracy (%)"]
    assert axes.collections[0].get_linewidths()[-1] > axes.collections[0].get_linewidths()[0]


def test_parallel_lines_stay_near_their_values() -> None:
    plan, runs, *_ = sweep({"batch_size": [10, 40], "dropout": [0.0, 0.5], "epochs": [1, 2]})
    collection = plots.parallel_coordinates(plan, runs).axes[0].collections[0]
    heights = np.array([path.vertices[:-1, 1] for path in collection.get_paths()])
    labels = np.array([0.25, 0.75])
    assert abs(heights[..., None] - labels).min(-1).max() <= 0.06 + 1e-9


def test_a_combination_that_is_no_point_is_hatched_and_a_note_says_so() -> None:
    plan, runs, *_ = sweep({"batch_size": [10, 20], "dropout": [0.0, 0.5]})
    whole = plots.heat_map(plan, runs)
    assert not any(patch.get_hatch() for patch in whole.axes[0].patches)
    assert "Hatched" not in note(whole)
    part = replace(plan, points=plan.points[:3], runs=plan.runs[:9])
    figure = plots.heat_map(part, runs[:9])
    (patch,) = (patch for patch in figure.axes[0].patches if patch.get_hatch())
    assert (patch.get_x(), patch.get_y(), patch.get_hatch()) == (0.5, 0.5, "//")
    assert "Hatched: not in this sweep" in note(figure)


def test_noise_does_not_fill_the_shades_of_a_heat_map_and_no_point_of_it_is_best() -> None:
    plan = make_plan({"batch_size": [10, 20, 40], "dropout": [0.0, 0.25, 0.5]}, 5)
    noise = 0.005 * np.random.default_rng(0).standard_normal((9, 5))
    plan, runs, *_ = frames(plan, make_records(plan, 0.1 + noise))
    figure = plots.heat_map(plan, runs)
    cells = figure.axes[0].collections[0]
    assert np.ptp(cells.norm(cells.get_array())) < 0.5
    assert not [text for text in figure.axes[0].texts if "★" in text.get_text()]
    assert "No point is told from the best" in note(figure)


def test_large_numbers_are_short() -> None:
    plan, runs, *_ = sweep({"batch_size": [10, 20], "dropout": [0.0, 0.5]})
    runs["final_training_cost"] = np.repeat([5.39333191e29, 0.1, 0.2, 12345.678], 3)
    axes = plots.heat_map(plan, runs, "final_training_cost").axes[0]
    words = [text.get_text().split("\n")[0].split()[-1] for text in axes.texts]
    assert words == ["5.393e+29", "0.1", "0.2", "1.235e+04"]


def test_intervals_end_where_accuracies_end_and_a_note_says_so() -> None:
    plan = make_plan({"batch_size": [10, 20], "dropout": [0.0, 0.5]}, 3)
    records = make_records(plan, [[0.99, 0.9, 0.7], [0.9, 0.91, 0.92], [0.6, 0.3, 0.2], [0.9, 0.9, 0.91]])
    plan, runs, *_ = frames(plan, records)
    figure = plots.heat_map(plan, runs)
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "to 100.00" in words
    assert "0.00 to" in words
    assert "Intervals are cut at 0 and 100 %" in note(figure)
    by_axis = plots.metric_by_axis(*by_one_axis([[0.99, 0.9, 0.7], [0.9, 0.91, 0.92]]))
    (bars,) = [c for c in by_axis.axes[0].collections if isinstance(c, LineCollection)]
    ends = np.array(bars.get_segments())[..., 1]
    assert ends.max() == 100
    assert ends.min() >= 0
    assert "Intervals are cut at 0 and 100 %" in note(by_axis)


def by_one_axis(accuracies: Any) -> tuple[Plan, pd.DataFrame]:
    plan = make_plan({"batch_size": [10, 20, 40][: len(accuracies)]}, len(accuracies[0]))
    return by_axis(plan, accuracies)


def test_a_heat_map_frames_the_points_that_may_be_the_best_and_the_best_more() -> None:
    wobble = np.array([0.0, 0.001, -0.001, 0.002, -0.002])
    means = np.array([0.9, 0.9, 0.8, 0.7])[:, None]
    plan = make_plan({"batch_size": [10, 20], "dropout": [0.0, 0.5]}, 5)
    axes = plots.heat_map(*by_axis(plan, means + np.array([wobble, wobble[::-1] / 2, wobble, wobble]))).axes[
        0
    ]
    frames_of = {tuple(patch.get_center().round(9)): patch.get_linewidth() for patch in axes.patches}
    assert sorted(frames_of) == [(0, 0), (0, 1)]  # batch_size=10, by dropout
    widths = [frames_of[place] for place in sorted(frames_of)]
    assert (max(widths) == widths[0]) == axes.texts[0].get_text().startswith("★")
    assert max(widths) > min(widths)


def test_means_over_crossed_seeds_are_over_runs() -> None:
    plan = make_plan({"batch_size": [10, 20], "seed_weights": [0, 1], "seed_order": [0, 1]}, 1)
    figure = plots.metric_by_axis(*by_axis(plan, [[0.9 + k / 100] for k in range(8)]))
    assert "Mean over 4 runs." in note(figure)


def test_a_stuck_run_has_its_own_mark_and_no_part_in_the_mean() -> None:
    """Of 5 the share of 1 is 0.005051 to 0.716418 (Clopper and Pearson, by hand from scipy.stats.beta)."""
    some_stuck = [0.95, 0.951, 0.949, 0.952, 0.86]
    figure = plots.metric_by_axis(*by_one_axis([some_stuck, [0.7, 0.71, 0.72, 0.7, 0.71]]))
    axes = figure.axes[0]
    assert set(labels(axes)) == {"a run", "a stuck run", "best", "worse"}
    np.testing.assert_allclose(lines(axes, "_line")[1], [95.05, 70.8])
    crosses = np.array([line.get_ydata() for line in axes.lines if line.get_marker() == "x"], dtype=float)
    np.testing.assert_allclose(crosses[~np.isnan(crosses)], [86])
    assert "Stuck, and not in the mean: 1 of 5 at batch_size=10 (0.51 to 72 %)" in note(figure)
    both = make_plan({"batch_size": [10, 20], "dropout": [0.0, 0.5]}, 5)
    cells = plots.heat_map(*by_axis(both, [some_stuck, *[[0.7] * 5] * 3])).axes[0].texts
    assert cells[0].get_text().endswith("95.05\n± 0.21\n1 stuck")


def test_the_second_panel_has_the_differences_to_the_best_and_intervals_of_the_table() -> None:
    accuracies = np.array([0.9, 0.92, 0.921])[:, None] + np.array([0, 0.001, -0.001, 0.002, -0.002])
    accuracies[2] += [0.001, 0, -0.001, 0, 0.001]
    figure = plots.metric_by_axis(*by_axis(make_plan({"batch_size": [10, 20, 40]}, 5), accuracies))
    below = figure.axes[1]
    expected = compare_with_best(accuracies)
    np.testing.assert_allclose(
        lines(below, "_line")[1], 100 * (accuracies - accuracies[2]).mean(1), atol=1e-9
    )
    (bars,) = [c for c in below.collections if isinstance(c, LineCollection)]
    ends = np.array(bars.get_segments())[..., 1]
    np.testing.assert_allclose(ends, 100 * np.column_stack([expected.low, expected.high]), atol=1e-9)
    assert below.get_ylabel() == "to the best\n(points)"
    assert len(plots.metric_by_axis(*by_one_axis([[0.9, 0.91], [0.92, 0.93]])).axes) == 1  # no test


def test_where_no_point_can_be_told_from_the_best_none_is_marked() -> None:
    figure = plots.metric_by_axis(*by_one_axis([[0.9, 0.92, 0.91], [0.91, 0.9, 0.92]]))
    assert labels(figure.axes[0]) == ["a run", "may be the best"]
    assert "No point is told from the best" in note(figure)


def test_the_highest_of_few_seeds_is_not_called_the_best() -> None:
    figure = plots.metric_by_axis(*by_one_axis([[0.9, 0.91], [0.92, 0.93]]))
    assert labels(figure.axes[0]) == ["a run", "highest", "mean"]
    assert "no test says which points are worse" in note(figure)


def test_seconds_come_with_a_caveat() -> None:
    plan, runs, *_ = sweep({"batch_size": [10, 20]})
    assert "Seconds are shared" in note(plots.metric_by_axis(plan, runs, "seconds"))
    alone = plots.metric_by_axis(replace(plan, timing=True), runs, "seconds")
    assert "timed one at a time" in note(alone)
    assert alone.axes[0].get_ylabel() == "training time (s)"


def test_a_value_without_room_for_its_label_is_noted() -> None:
    plan, runs, *_ = sweep({"learning_rate": [0.01, 0.011, 1.0, 1e9]})
    figure = plots.metric_by_axis(plan, runs)
    assert [text.get_text() for text in figure.axes[1].get_xticklabels()] == ["0.01", "", "1", "1e+09"]
    assert "There is no room to name learning_rate=0.011" in note(figure)


@pytest.mark.parametrize(
    ("axes", "names"),
    [
        ({}, ["learning_curves"]),
        ({"dropout": [0.0, 0.5]}, ["accuracy_by_dropout", "learning_curves", "accuracy_over_time"]),
        (
            {"dropout": [0.0, 0.5], "batch_size": [5, 10]},
            ["heat_map", "learning_curves", "accuracy_over_time"],
        ),
        (
            {"dropout": [0.0, 0.5], "batch_size": [5, 10], "epochs": [1, 2]},
            ["parallel_coordinates", "learning_curves", "accuracy_over_time"],
        ),
        (
            {"hidden_size": [30, (100, 30), (5, 5, 5)]},
            ["accuracy_by_hidden_size", "learning_curves", "accuracy_over_time"],
        ),
        (
            {"dropout": [0.0, 0.5], "epochs": [2]},
            ["accuracy_by_dropout", "learning_curves", "accuracy_over_time"],
        ),
    ],
)
def test_the_axes_decide_what_is_drawn(axes: dict[str, list[Any]], names: list[str]) -> None:
    assert list(plots.sweep_pictures(*sweep(axes)[:3])) == names


def test_sizes_of_layers_are_rows_in_the_order_of_the_sweep() -> None:
    plan, runs, history, _ = sweep({"hidden_size": [30, (100, 30), 5]})
    axes = plots.metric_by_axis(plan, runs).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["30", "[100,30]", "5"]
    assert labels(plots.learning_curves(plan, runs, history).axes[0]) == ["30", "[100,30] ●", "5 ★ best"]


AXES_OF: dict[int, dict[str, list[Any]]] = {0: {}, 1: {"dropout": [0.5]}}
AXES_OF[2] = {"dropout": [0.0, 0.5], "batch_size": [1, 2]}
AXES_OF[3] = AXES_OF[2] | {"initializer": ["he_normal"]}


@pytest.mark.parametrize("count", AXES_OF)
@pytest.mark.parametrize("done", ["nothing", "all failed", "one run"])
def test_a_sweep_with_hardly_any_results_is_drawn_too_and_says_so(count: int, done: str) -> None:
    plan = make_plan(AXES_OF[count], seeds=2)
    accuracies: list[list[float | None]] = [[None, None] for _ in plan.points]
    if done == "one run":
        accuracies[0][0] = 0.9
    records = {} if done == "nothing" else make_records(plan, accuracies)
    pictures = plots.sweep_pictures(*frames(plan, records)[:3])
    main = {1: "accuracy_by_dropout", 2: "heat_map", 3: "parallel_coordinates"}
    expected = [main[count]] if count else []
    if done == "one run":
        expected += ["learning_curves", "accuracy_over_time"] if count else ["learning_curves"]
    assert list(pictures) == expected
    for draw in pictures.values():
        figure = draw()
        figure.draw_without_rendering()
        assert ("One seed" if done == "one run" else "No run finished") in note(figure)


def test_nothing_here_needs_pyplot_and_the_tables_need_no_matplotlib() -> None:
    script = (
        "import sys, nnexp.results.write_csv, nnexp.report.terminal; print('matplotlib' in sys.modules); "
        "import nnexp.plots; print('matplotlib.pyplot' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]

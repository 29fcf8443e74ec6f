"""The pictures of sweeps show the numbers of the frames, at the places and on the scales promised."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy import stats

from nnexp import plots
from nnexp.results.tables import history_table, runs_table, summary_table
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
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return np.array([found.get_xdata(), found.get_ydata()], dtype=float)


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
    plan, runs, _, summary = sweep({name: values})
    axes = plots.metric_by_axis(plan, runs, summary).axes[0]
    assert axes.get_xscale() == scale
    assert [label.get_text() for label in axes.get_xticklabels()] == ticks
    assert axes.get_xlabel() == name
    assert axes.get_ylabel() == "validation accuracy (%)"
    low, high = axes.get_ylim()
    assert 85 < low < 90 < high < 95


def test_a_metric_is_shown_with_its_mean_and_interval() -> None:
    plan, runs, _, summary = sweep({"batch_size": [10, 20, 40]}, seeds=4)
    axes = plots.metric_by_axis(plan, runs, summary).axes[0]
    (bars,) = [c for c in axes.collections if isinstance(c, LineCollection)]
    accuracies = 100 * runs["final_validation_accuracy"].to_numpy(float).reshape(3, 4)
    half = stats.sem(accuracies, axis=1) * stats.t.ppf(0.975, 3)
    mean = accuracies.mean(1)
    np.testing.assert_allclose(lines(axes, "_line"), [[10, 20, 40], mean])
    for k, (bottom, top) in enumerate(bars.get_segments()):
        np.testing.assert_allclose([bottom, top], [[[10, 20, 40][k], mean[k] + s * half[k]] for s in (-1, 1)])
    dots = np.array([line.get_ydata() for line in axes.lines if line.get_label() == "_seed"])
    np.testing.assert_allclose(dots.T, accuracies)


def test_the_best_point_and_what_cannot_be_told_from_it_are_marked() -> None:
    plan = make_plan({"batch_size": [10, 20, 40]}, 5)
    wobble = np.array([0.0, 0.001, -0.001, 0.002, -0.002])
    apart = np.array([0.0, -0.001, 0.001, 0.001, -0.0015])
    figure = plots.metric_by_axis(*by_axis(plan, np.array([0.8 + wobble, 0.9 + wobble, 0.9 + apart])))
    axes = figure.axes[0]
    assert lines(axes, "best")[0].tolist() == [20]
    assert lines(axes, "not distinguishable\nfrom the best")[0].tolist() == [40]
    assert lines(axes, "worse than the best")[0].tolist() == [10]


def by_axis(plan: Plan, accuracies: Any) -> tuple[Plan, pd.DataFrame, pd.DataFrame]:
    _, runs, _, summary = frames(plan, make_records(plan, accuracies))
    return plan, runs, summary


def test_no_best_point_is_marked_before_all_runs_have_ended() -> None:
    plan = make_plan({"batch_size": [10, 20]}, 3)
    records = make_records(plan, np.full((2, 3), 0.9))
    del records[plan.runs[5].run_id]
    plan, runs, history, summary = frames(plan, records)
    assert labels(plots.metric_by_axis(plan, runs, summary).axes[0]) == ["mean"]
    assert labels(plots.learning_curves(plan, runs, history).axes[0]) == ["10", "20"]


def test_points_with_diverged_or_failed_runs_have_a_cross_and_a_count() -> None:
    plan = make_plan({"learning_rate": [0.1, 1.0, 10.0]}, 3)
    records = make_records(plan, [[0.9, 0.91, 0.92], [0.9, None, 0.93], [None] * 3])
    records[plan.runs[6].run_id] = make_record(plan.runs[6], None, "diverged")
    axes = plots.metric_by_axis(plan, *frames(plan, records)[1::2]).axes[0]
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
    axes = plots.metric_by_axis(plan, runs, summary).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["standard_normal", "he_normal", "lecun_normal"]
    assert axes.get_xlabel() == "validation accuracy (%)"
    mean = 100 * summary["final_validation_accuracy_mean"].to_numpy(float)
    shown = np.concatenate([lines(axes, name) for name in set(labels(axes))], axis=1)
    assert sorted(map(tuple, shown.T)) == sorted(zip(mean, range(3), strict=True))
    assert axes.get_ylim() == (2.5, -0.5)


def test_a_heat_map_has_the_values_in_its_cells() -> None:
    plan = make_plan({"batch_size": [40, 10], "activation": ["relu", "tanh"]}, 3)
    records = make_records(plan, [[0.91, 0.92, 0.93], [0.8, 0.8, 0.8], [0.95, 0.95, None], [None] * 3])
    plan, runs, _, summary = frames(plan, records)
    axes = plots.heat_map(plan, runs, summary).axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    half = 100 * stats.t.ppf(0.975, 2) * 0.01 / np.sqrt(3)
    assert cells[1, 0] == f"92.00\n± {half:.2f}"
    assert cells[1, 1] == "80.00\n± 0.00"
    assert cells[0, 0] == "95.00\n1 failed"
    assert cells[0, 1] == "3 failed"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "40"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["relu", "tanh"]
    np.testing.assert_allclose(axes.collections[0].get_array(), [[95, 92], [np.nan, 80]])


def test_parallel_coordinates_lead_each_point_through_its_values() -> None:
    plan, runs, _, summary = sweep({"batch_size": [40, 10], "dropout": [0.0, 0.5], "classes": [None, (0, 1)]})
    axes = plots.parallel_coordinates(plan, runs, summary).axes[0]
    heights = np.array([path.vertices[:, 1] for path in axes.collections[0].get_paths()])
    mean = summary["final_validation_accuracy_mean"].to_numpy(float)
    order = np.argsort(mean)
    np.testing.assert_allclose(heights[:, -1], ((mean - mean.min()) / np.ptp(mean))[order])
    upper = np.array(
        [[p["batch_size"] == 40, p["dropout"] == 0.5, p["classes"] is not None] for p in plan.points]
    )
    assert ((heights[:, :3] > 0.5) == upper[order]).all()
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["batch_size", "dropout", "classes", "validation accuracy (%)"]
    assert axes.collections[0].get_linewidths()[-1] > axes.collections[0].get_linewidths()[0]


def test_parallel_lines_stay_near_their_values() -> None:
    plan, runs, _, summary = sweep({"batch_size": [10, 40], "dropout": [0.0, 0.5], "epochs": [1, 2]})
    collection = plots.parallel_coordinates(plan, runs, summary).axes[0].collections[0]
    heights = np.array([path.vertices[:-1, 1] for path in collection.get_paths()])
    labels = np.array([0.25, 0.75])
    assert abs(heights[..., None] - labels).min(-1).max() <= 0.06 + 1e-9


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
            {"dropout": [0.0, 0.5], "epochs": [2]},
            ["accuracy_by_dropout", "learning_curves", "accuracy_over_time"],
        ),
    ],
)
def test_the_axes_decide_what_is_drawn(axes: dict[str, list[Any]], names: list[str]) -> None:
    assert list(plots.sweep_figures(*sweep(axes))) == names


AXES_OF = {0: {}, 1: {"dropout": [0.5]}, 2: {"dropout": [0.5], "batch_size": [1]}}
AXES_OF[3] = AXES_OF[2] | {"initializer": ["he_normal"]}


@pytest.mark.parametrize("count", AXES_OF)
@pytest.mark.parametrize("done", ["nothing", "all failed", "one run"])
def test_a_sweep_with_hardly_any_results_is_drawn_too(count: int, done: str) -> None:
    plan = make_plan(AXES_OF[count], seeds=2)
    accuracies = [[None, None]] if done == "all failed" else [[0.9, None]]
    records = {} if done == "nothing" else make_records(plan, accuracies)
    for figure in plots.sweep_figures(*frames(plan, records)).values():
        figure.draw_without_rendering()


def test_nothing_here_needs_pyplot_and_the_tables_need_no_matplotlib() -> None:
    script = (
        "import sys, nnexp.results.write_csv, nnexp.report.terminal; print('matplotlib' in sys.modules); "
        "import nnexp.plots; print('matplotlib.pyplot' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]

"""The curves over a training show the numbers of the history."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from scipy import stats

from nnexp import plots
from nnexp.plots.curves import evenly, points_in_order
from tests.plots.test_look import check_layout
from tests.plots.test_plots import frames, labels, lines, note, sweep
from tests.results.sweeps import make_plan, make_record, make_records


def test_learning_curves_are_means_over_the_seeds_with_bands() -> None:
    plan, runs, history, _ = sweep({"batch_size": [40, 10]}, seeds=3)
    axes = plots.learning_curves(plan, runs, history).axes[0]
    expected = 100 * history.groupby(["batch_size", "epoch"]).validation_accuracy.mean()
    assert [label.split()[0] for label in labels(axes)] == ["10", "40"]
    bands = [c.get_paths()[0].vertices for c in axes.collections if isinstance(c, PolyCollection)]
    assert len(bands) == 2
    for size, label, band in zip((10, 40), labels(axes), bands, strict=True):
        np.testing.assert_allclose(lines(axes, label), [[1, 2], expected[size]])
        at_two = 100 * history.query(f"batch_size == {size} and epoch == 2").validation_accuracy.to_numpy(
            float
        )
        limits = stats.t.interval(0.95, 2, at_two.mean(), stats.sem(at_two))
        np.testing.assert_allclose([band[band[:, 0] == 2, 1].min(), band[:, 1].max()], limits, atol=1e-9)
    assert "3 seeds" in note(plots.learning_curves(plan, runs, history))


def test_two_seeds_have_no_band() -> None:
    plan, runs, history, _ = sweep({"batch_size": [10, 40]}, seeds=2)
    figure = plots.learning_curves(plan, runs, history)
    assert all(
        not len(c.get_paths()) or not len(c.get_paths()[0].vertices) for c in figure.axes[0].collections
    )
    no_test = "Fewer than 3 seeds: no test says which points are worse than the best."
    assert note(figure) == f"Mean over 2 seeds. {no_test}"


def test_a_run_that_stopped_early_counts_on_with_its_last_value() -> None:
    plan = make_plan({"batch_size": [10, 20]}, 2)
    records = {run.run_id: make_record(run, 0.9, epochs=2 + 2 * (run is plan.runs[1])) for run in plan.runs}
    plan, runs, history, _ = frames(plan, records)
    figure = plots.learning_curves(plan, runs, history)
    line = lines(figure.axes[0], labels(figure.axes[0])[0])
    np.testing.assert_allclose(line, [[1, 2, 3, 4], [(89 + 87) / 2, (90 + 88) / 2, (90 + 89) / 2, 90]])
    assert "stopped early" in note(figure)


def test_of_many_points_eight_are_named_the_highest_among_them_and_the_others_are_thin_lines() -> None:
    plan, runs, history, _ = sweep({"batch_size": list(range(28, 0, -1))}, seeds=1)
    best = int(np.argmax(runs["final_validation_accuracy"].to_numpy(float)))
    figure = plots.learning_curves(plan, runs, history)
    names = labels(figure.axes[0])
    assert len(names) == 8
    assert f"{plan.points[best]['batch_size']} ◆ highest" in names
    assert len(thin(figure)) == 20
    assert "8 points are named, the others of 28 are thin lines" in note(figure)


def thin(figure: plots.Picture) -> list[Line2D]:
    return [line for line in figure.axes[0].lines if line.get_label() == "_thin"]


def test_points_that_get_a_name_are_evenly_spaced() -> None:
    plan = make_plan({"batch_size": list(range(28, 0, -1))}, 1)
    assert evenly(points_in_order(plan), 10, None) == [27, 24, 21, 18, 15, 12, 9, 6, 3, 0]
    assert evenly(points_in_order(plan), 10, 5) == [27, 24, 21, 18, 15, 12, 9, 5, 3, 0]


def test_very_many_points_say_that_not_all_are_drawn() -> None:
    plan, runs, history, _ = sweep({"batch_size": list(range(1, 61))}, seeds=1)
    figure = plots.learning_curves(plan, runs, history)
    assert (len(thin(figure)), len(labels(figure.axes[0]))) == (32, 8)
    assert "8 points are named, others are thin lines, 20 of 60 are not drawn" in note(figure)


def test_axes_that_change_together_are_named_by_the_first() -> None:
    plan, runs, history, _ = sweep({"batch_size": [10, 20, 40], "epochs": [2]})
    figure = plots.learning_curves(plan, runs, history)
    assert [label.split()[0] for label in labels(figure.axes[0])] == ["10", "20", "40"]
    for picture in (figure, plots.metric_by_axis(plan, runs)):
        assert "batch_size and epochs change together" in note(picture)


def test_of_more_than_four_points_the_intervals_stand_at_the_end_of_the_lines() -> None:
    plan, runs, history, summary = sweep({"batch_size": [1, 2, 5, 10, 20]}, seeds=3)
    figure = plots.learning_curves(plan, runs, history)
    assert not figure.axes[0].collections
    bars = [line.get_ydata() for line in figure.axes[0].lines if line.get_label() == "_bar"]
    ends = 100 * summary[["final_validation_accuracy_low", "final_validation_accuracy_high"]].to_numpy(float)
    np.testing.assert_allclose(bars, ends)
    assert "bar at the end: 95 % interval" in note(figure)


def test_no_curve_leaves_its_axes() -> None:
    plan = make_plan({"batch_size": [10, 20]}, 3)
    records = {run.run_id: make_record(run, 0.97, epochs=80) for run in plan.runs}
    plan, runs, history, _ = frames(plan, records)
    for picture in (plots.learning_curves, plots.accuracy_over_time):
        axes = picture(plan, runs, history).axes[0]
        low, high = axes.get_ylim()
        values = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
        assert low < values.min() < 20 < 97 <= values.max() < high


def test_a_cost_that_falls_by_far_lies_on_a_log_scale_and_a_note_says_so() -> None:
    plan, runs, history, _ = sweep({"batch_size": [10, 20]})
    falling = history.assign(training_cost=10.0 ** -(3 * history["epoch"].astype(float)))
    figure = plots.learning_curves(plan, runs, falling, "training_cost")
    assert figure.axes[0].get_yscale() == "log"
    assert "The scale of the training cost is logarithmic" in note(figure)


def test_a_diverged_run_is_drawn_up_to_a_cross() -> None:
    plan = make_plan({"learning_rate": [0.1, 10.0]}, 3)
    records = make_records(plan, np.full((2, 3), 0.9))
    for k in (3, 4):
        records[plan.runs[k].run_id] = replace(make_record(plan.runs[k], 0.2, epochs=3), status="diverged")
    plan, runs, history, _ = frames(plan, records)
    axes = plots.learning_curves(plan, runs, history).axes[0]
    np.testing.assert_allclose(lines(axes, "diverged run"), [[3], [20]])
    assert axes.get_ylim()[0] < 20


def test_a_run_that_ran_out_of_time_is_not_called_diverged() -> None:
    plan = make_plan({"learning_rate": [0.1, 10.0]}, 3)
    records = make_records(plan, np.full((2, 3), 0.9))
    for k, status in ((3, "diverged"), (4, "timed_out")):
        records[plan.runs[k].run_id] = replace(make_record(plan.runs[k], 0.2, epochs=3), status=status)
    axes = plots.learning_curves(*frames(plan, records)[:3]).axes[0]
    assert {"diverged run", "timed out run"} <= set(axes.get_legend_handles_labels()[1])


@pytest.mark.parametrize(("longest", "scale"), [(100.0, "log"), (5.0, "linear")])
def test_time_is_the_mean_of_the_seeds_on_a_scale_that_suits(longest: float, scale: str) -> None:
    plan = make_plan({"batch_size": [10, 20]}, 2)
    records = {}
    for number, run in enumerate(plan.runs):
        record = make_record(run)
        seconds = [0.5, 1.0] if run.point == 0 else [longest / 2, longest + number]
        records[run.run_id] = replace(record, history=record.history | {"seconds": seconds})
    plan, runs, history, _ = frames(plan, records)
    axes = plots.accuracy_over_time(plan, runs, history).axes[0]
    assert axes.get_xscale() == scale
    assert axes.get_xlabel() == "training time of a run (s)"
    words = note(plots.accuracy_over_time(plan, runs, history))
    assert "Seconds are shared" in words
    assert ("The scale of time is logarithmic" in words) == (scale == "log")
    second = next(label for label in labels(axes) if label.startswith("20"))
    np.testing.assert_allclose(lines(axes, second)[0], [longest / 2, longest + 2.5])


def test_a_stuck_run_is_drawn_alone_and_has_no_part_in_the_mean() -> None:
    plan = make_plan({"batch_size": [10, 20]}, 5)
    records = make_records(plan, [[0.95, 0.951, 0.949, 0.952, 0.86], [0.9, 0.91, 0.92, 0.9, 0.91]])
    figure = plots.learning_curves(*frames(plan, records)[:3])
    runs = [line.get_ydata() for line in figure.axes[0].lines if line.get_label() == "_run"]
    np.testing.assert_allclose([run[-1] for run in runs], [86])
    (mean,) = [line.get_ydata() for line in figure.axes[0].lines if str(line.get_label()).startswith("10")]
    assert np.asarray(mean)[-1] == pytest.approx(95.05)
    assert "stuck run" in labels(figure.axes[0])
    assert len(figure.axes[0].collections) == 2  # a band for each


def test_a_band_ends_where_accuracies_end_and_a_note_says_so() -> None:
    plan = make_plan({"batch_size": [10, 20]}, 3)
    records = make_records(plan, [[0.99, 0.9, 0.7], [0.9, 0.91, 0.92]])
    figure = plots.learning_curves(*frames(plan, records)[:3])
    bands = np.concatenate([band.get_paths()[0].vertices[:, 1] for band in figure.axes[0].collections])
    assert bands.max() == 100
    assert "Intervals are cut at 0 and 100 %" in note(figure)
    check_layout(figure)


def test_bars_stay_within_a_logarithmic_axis() -> None:
    plan, runs, history, _ = sweep({"batch_size": [1, 2, 5, 10, 20]}, seeds=3)
    cost = 10.0 ** -(3 * history["epoch"].astype(float) + history["seed"].astype(float))
    figure = plots.learning_curves(plan, runs, history.assign(training_cost=cost), "training_cost")
    check_layout(figure)
    assert "0 lies below it" in note(figure)

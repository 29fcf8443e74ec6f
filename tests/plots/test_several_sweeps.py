"""Sweeps side by side, with their intervals."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from nnexp import UserError, plots
from tests.plots.test_look import check_layout
from tests.plots.test_plots import labels, note, sweep


def frames_of(axes: dict[str, list[object]]) -> SimpleNamespace:
    plan, runs, _, summary = sweep(axes)
    return SimpleNamespace(plan=plan, runs=runs, summary=summary)


def test_each_panel_has_means_intervals_and_runs_of_every_sweep() -> None:
    one, other = frames_of({"batch_size": [1, 10, 100]}), frames_of({"batch_size": [10, 100, 1000]})
    metrics = ["final_validation_accuracy", "seconds"]
    figure = plots.sweeps_by_axis({"one": one, "other": other}, metrics)
    assert [axes.get_title() for axes in figure.axes] == ["validation accuracy (%)", "training time (s)"]
    assert labels(figure.axes[1]) == ["one", "other"]
    assert figure.axes[0].get_xscale() == "log"
    assert figure.axes[0].get_xticks().tolist() == [1, 10, 100, 1000]
    bars = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
    for part, sweep_frames in zip(bars, (one, other), strict=True):
        ends = np.array(part.get_segments())[..., 1]
        columns = [f"final_validation_accuracy_{end}" for end in ("low", "high")]
        np.testing.assert_allclose(ends, 100 * sweep_frames.summary[columns].to_numpy(float))
    assert "Mean and 95 % interval over 3 seeds; dots: each run" in note(figure)
    assert "Seconds are shared" in note(figure)
    check_layout(figure)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"dropout": [0.0, 0.5]}, "must vary one axis, the same in all of them"),
        ({"batch_size": [1, 2], "dropout": [0.0, 0.5]}, "must vary one axis"),
    ],
)
def test_sweeps_without_a_common_axis_are_refused(axes: dict[str, list[object]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        plots.sweeps_by_axis({"a": frames_of({"batch_size": [1, 2]}), "b": frames_of(axes)}, ["seconds"])


def test_an_axis_of_words_is_refused() -> None:
    with pytest.raises(UserError, match="must be numbers, got activation"):
        plots.sweeps_by_axis({"a": frames_of({"activation": ["relu", "tanh"]})}, ["seconds"])

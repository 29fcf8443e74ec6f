"""What monitors recorded is drawn by layer and epoch."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nnexp import plots
from nnexp.sweep.question.plan import Plan
from tests.plots.test_look import check_layout, grey
from tests.plots.test_plots import labels, lines, note, sweep

Frames = tuple[Plan, pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture
def deep() -> Frames:
    """Two depths, three seeds; the norm of layer L is 10^-(5 - L) times 1, 2 and 6 for the seeds."""
    plan, runs, history, summary = sweep({"hidden_layers": [1, 2]})
    times = history["seed"].map({0: 1.0, 1: 2.0, 2: 6.0})
    for layer in (1, 2, 3):
        norms = times * 10.0 ** -(5 - layer)
        history[f"gradient_norm_bias_{layer}"] = norms.where(history["hidden_layers"] >= layer - 1)
    return plan, runs, history, summary


def test_a_panel_is_a_point_and_a_line_a_layer(deep: Frames) -> None:
    plan, runs, history, _ = deep
    figure = plots.monitor_by_layer(plan, runs, history, "gradient_norm_bias")
    shallow, deeper = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["hidden_layers=1", "hidden_layers=2"]
    assert shallow.get_legend_handles_labels()[1] == ["1", "2"]
    assert labels(deeper) == ["1", "2", "3"]
    np.testing.assert_allclose(lines(deeper, "2"), [[1, 2], [2e-3, 2e-3]])  # the median of the seeds
    band = deeper.collections[1].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((1e-3, 6e-3))
    assert shallow.get_ylim() == deeper.get_ylim()
    assert deeper.get_yscale() == "log"
    assert np.diff([grey(line.get_color()) for line in deeper.lines]).max() < 0
    assert "band: from the lowest run to the highest" in note(figure)
    check_layout(figure)


def test_the_norms_of_gradients_are_the_main_picture_and_other_monitors_are_not(deep: Frames) -> None:
    plan, runs, history, _ = deep
    assert next(iter(plots.sweep_pictures(plan, runs, history))) == "gradient_norm_bias"
    other = history.rename(columns=lambda name: name.replace("gradient_norm_bias", "weight_norm"))
    names = list(plots.sweep_pictures(plan, runs, other))
    assert (names[0], names[-1]) == ("accuracy_by_hidden_layers", "weight_norm")
    none = history[:0]  # no run ended an epoch
    assert list(plots.sweep_pictures(plan, runs, none)) == ["accuracy_by_hidden_layers"]


def test_of_the_norms_that_of_the_claims_comes_first(deep: Frames) -> None:
    plan, runs, history, _ = deep
    columns = {f"gradient_norm_bias_{k}": f"gradient_norm_weight_{k}" for k in (1, 2, 3)}
    both = history.join(history[list(columns)].rename(columns=columns))
    claims = ({"check": {"left": {"at_epoch": "gradient_norm_weight_1"}}},)
    assert list(plots.sweep_pictures(plan, runs, both))[:2] == [
        "gradient_norm_bias",
        "gradient_norm_weight",
    ]
    names = list(plots.sweep_pictures(replace(plan, claims=claims), runs, both))
    assert names[:2] == ["gradient_norm_weight", "gradient_norm_bias"]


def test_of_very_many_points_twelve_panels_are_drawn_and_a_note_says_so() -> None:
    plan, runs, history, _ = sweep({"batch_size": list(range(1, 21)), "dropout": [0.0, 0.5]}, seeds=1)
    history["weight_norm_1"] = 1.0
    figure = plots.monitor_by_layer(plan, runs, history, "weight_norm")
    assert len(figure.axes) == 12
    assert "12 of 40 points" in note(figure)
    check_layout(figure)


def test_dead_classes_are_drawn_against_the_epoch(deep: Frames) -> None:
    plan, runs, history, _ = deep
    history["dead_classes"] = history["seed"]
    draw = plots.sweep_pictures(plan, runs, history)["dead_classes"]
    axes = draw().axes[0]
    assert axes.get_ylabel() == "dead classes (under 10 % right)"
    assert axes.get_yscale() == "linear"
    np.testing.assert_allclose(lines(axes, "1"), [[1, 2], [1, 1]])


def test_the_update_before_the_first_epoch_is_left_out_of_its_picture(deep: Frames) -> None:
    """It is 0, which has no place on the log scale that updates of different sizes take."""
    plan, runs, history, _ = deep
    before = history[history["epoch"] == 1].assign(epoch=0, update_norm_1=0.0)
    history = pd.concat([before, history.assign(update_norm_1=100.0 ** -history["epoch"].astype(float))])
    figure = plots.sweep_pictures(plan, runs, history)["update_norm"]()
    axes = figure.axes[0]
    assert (axes.get_yscale(), figure.get_supylabel()) == ("log", "norm of the update")
    np.testing.assert_allclose(lines(axes, "1"), [[1, 2], [1e-2, 1e-4]])


def test_small_weights_are_drawn_in_per_cent_by_layer(deep: Frames) -> None:
    plan, runs, history, _ = deep
    history["small_weights_1"] = 0.008
    figure = plots.monitor_by_layer(plan, runs, history, "small_weights")
    assert figure.get_supylabel() == "share of small weights (%)"
    np.testing.assert_allclose(lines(figure.axes[0], "1"), [[1, 2], [0.8, 0.8]])


def test_long_names_of_points_do_not_overlap() -> None:
    axes = {
        "initializer": ["standard_normal", "glorot_uniform"],
        "hidden_layers": [1, 2],
        "dropout": [0.0, 0.5],
    }
    plan, runs, history, _ = sweep(axes)
    for layer in (1, 2, 3):
        history[f"gradient_norm_weight_{layer}"] = 10.0 ** -(layer + history["epoch"].astype(float))
    check_layout(plots.monitor_by_layer(plan, runs, history, "gradient_norm_weight"))

"""The scale of a measure shows its values apart, and all of them."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from nnexp.plots.measures import measure_of
from nnexp.plots.metric_scales import metric_scale, set_scale

ACCURACY, COST = measure_of("final_validation_accuracy"), measure_of("training_cost")


@pytest.mark.parametrize(
    ("means", "kind"),
    [
        ([96.0, 97.5, 98.0], "linear"),
        ([95.0, 98.4], "error"),  # errors of 5 and 1.6 %
        ([10.0, 90.0, 97.0], "error"),
        ([10.0, 40.0], "linear"),
        ([90.0, 100.0], "error"),
        ([100.0, 100.0], "linear"),
        ([np.nan, 96.0], "linear"),
        ([], "linear"),
    ],
)
def test_accuracies_whose_errors_differ_threefold_lie_on_a_log_scale_of_the_error(
    means: list[float], kind: str
) -> None:
    scale = metric_scale(ACCURACY, means)
    assert scale.kind == kind
    assert ("logarithmic scale of the error rate" in " ".join(scale.notes(ACCURACY))) == (kind == "error")


@pytest.mark.parametrize(
    ("means", "kind"),
    [
        ([0.1, 0.9], "linear"),
        ([0.1, 1.1], "log"),
        ([0.0, 1e9], "linear"),
        ([0.5, 5e29], "log"),
        ([2, 2], "linear"),
    ],
)
def test_other_values_that_differ_tenfold_lie_on_a_log_scale(means: list[float], kind: str) -> None:
    assert metric_scale(COST, means).kind == kind


def test_equal_factors_of_the_error_are_nearly_equal_steps() -> None:
    places = metric_scale(ACCURACY, [60.0, 80.0, 90.0, 95.0]).forward([60, 80, 90, 95])
    assert np.diff(places) == pytest.approx(np.log(2), abs=0.1)


@pytest.mark.parametrize("means", [[96.0, 97.5], [10.0, 97.0], [50.0, 100.0]])
def test_the_scale_goes_there_and_back_and_upwards(means: list[float]) -> None:
    scale = metric_scale(ACCURACY, means, [0.0, 100.0])
    values = np.linspace(0, 100, 50)
    np.testing.assert_allclose(scale.inverse(scale.forward(values)), values, atol=1e-9)
    assert (np.diff(scale.forward(values)) > 0).all()
    assert scale.norm()(0.0) == pytest.approx(0)
    assert scale.norm()(100.0) == pytest.approx(1)


@pytest.mark.parametrize(
    ("column", "means", "others"),
    [
        ("validation_accuracy", [96.0, 97.5], [95.0, 99.0]),
        ("validation_accuracy", [10.0, 97.5], [0.0, 100.0]),
        ("validation_accuracy", [99.97, 99.99], [99.9]),
        ("training_cost", [1e-7, 1e30], []),
        ("training_cost", [0.0], []),
        ("seconds", [3.0], []),
    ],
)
def test_an_axis_holds_every_value_and_its_ticks_are_values_that_can_be(
    column: str, means: list[float], others: list[float]
) -> None:
    measure = measure_of(column)
    axes = Figure().add_subplot()
    scale = metric_scale(measure, means, others)
    set_scale(axes.yaxis, scale)
    low, high = axes.get_ylim()
    assert low < min(means + others) <= max(means + others) < high
    ticks = axes.get_yticks()
    assert 2 <= len(ticks) <= 9
    assert (np.diff(ticks) > 0).all()
    assert ticks.min() >= 0
    assert ticks.max() <= measure.most
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(set(labels)) == len(labels)
    assert max(map(len, labels)) <= 6


def test_no_measure_leaves_its_range() -> None:
    assert measure_of("validation_accuracy").clip([-5.0, 119.1]).tolist() == [0, 100]
    assert measure_of("saturated_share_1").clip([119.1]).tolist() == [100]
    assert measure_of("training_cost").clip([-5.0, 119.1]).tolist() == [0, 119.1]

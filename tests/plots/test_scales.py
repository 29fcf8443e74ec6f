"""The scale of an axis suits its values."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from nnexp.plots.scales import along_x, axis_scale

RATES = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 5, 10, 20, 50, 100, 300], "log"),
        (RATES, "log"),
        ([10, 20, 40], "log"),
        ([5, 10, 20, 30, 60, 100], "log"),
        ([0.0, 0.1, 1.0, 10.0], "symlog"),
        ([0.0, 0.01, 0.1, 1.0, 5.0, 10.0], "symlog"),
        ([0.0, 0.5, 0.9], "linear"),
        ([0, 1, 2, 3], "linear"),
        ([1, 2, 3, 4], "linear"),
        ([10, 50], "linear"),
        ([7], "linear"),
        (["relu", "tanh"], "categories"),
        ([None, 500, 1000], "categories"),
        ([None, (0, 1)], "categories"),
        ([30, (100, 30)], "categories"),
    ],
)
def test_the_scale_suits_the_values(values: list[Any], kind: str) -> None:
    assert axis_scale(values).kind == kind


VALUES = [0.01, 0.05, 0.1, 0.12, 0.5, 1.0, 2.0, 5.0, 10.0]
LABELS = ["0.01", "0.05", "0.1", "0.12", "0.5", "1", "2", "5", "10"]


@pytest.mark.parametrize(
    ("inches", "rotation", "without_label"),
    [(100, 0, []), (8, 90, []), (4, 90, ["0.12"]), (1, 90, ["0.1", "0.12", "1", "5"])],
)
def test_every_value_has_a_label_or_is_returned(
    inches: float, rotation: float, without_label: list[str]
) -> None:
    axes = Figure().add_subplot()
    assert along_x(axes, axis_scale(VALUES), inches) == without_label
    labels = axes.get_xticklabels()
    assert axes.get_xticks().tolist() == VALUES
    assert [label.get_text() for label in labels if label.get_text()] == [
        x for x in LABELS if x not in without_label
    ]
    assert {label.get_rotation() for label in labels} == {rotation}

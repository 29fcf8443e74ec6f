"""The scale of an axis suits its values."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from nnexp.plots.scales import along_x, scale_of

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
    ],
)
def test_the_scale_suits_the_values(values: list[Any], kind: str) -> None:
    assert scale_of(values).kind == kind


def ticks(values: list[float], inches: float, wanted: tuple[float, ...] = ()) -> list[str]:
    """The labels along an axis so long."""
    axes = Figure().add_subplot()
    along_x(axes, scale_of(values), inches, wanted)
    return [label.get_text() for label in axes.get_xticklabels()]


def test_labels_that_would_touch_are_left_out_but_neither_end_nor_the_one_that_is_wanted() -> None:
    values = [0.01, 0.05, 0.1, 0.12, 0.5, 1.0, 2.0, 5.0, 10.0]
    assert ticks(values, 100) == ["0.01", "0.05", "0.1", "0.12", "0.5", "1", "2", "5", "10"]
    few = ticks(values, 3)
    assert few[0] == "0.01"
    assert few[-1] == "10"
    assert "0.12" not in few
    assert "0.12" in ticks(values, 3, (0.12,))

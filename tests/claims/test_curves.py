"""The statistics that claims name, on curves worked out by hand."""

import numpy as np
import pytest

from nnexp.claims.curves import Curve, statistic_of


@pytest.mark.parametrize(
    ("statistic", "number", "expected"),
    [
        ("final", None, 4.0),
        ("best", None, 6.0),
        ("lowest", None, 2.0),
        ("highest", None, 6.0),
        ("best_epoch", None, 2),
        ("increases", None, 2),
        ("at_epoch", 0, 9.0),
        ("at_epoch", 3, 3.0),
        ("at_epoch", 7, np.nan),
        ("mean_first", 2, 4.0),
        ("mean_first", 7, np.nan),
        ("lowest_first", 3, 2.0),
        ("lowest_first", 1, 2.0),
        ("lowest_first", 5, np.nan),
        ("mean_last", 2, 3.5),
        ("mean_step", 2, 2.0),
        ("epochs_to", 3.5, 2),
        ("epochs_to", 7, np.inf),
        ("seconds_to", 3.5, 0.2),
    ],
)
def test_statistics_of_a_curve(statistic: str, number: float | None, expected: float) -> None:
    epochs, values = np.arange(5.0), np.array([9.0, 2.0, 6.0, 3.0, 4.0])  # epoch 0: before training
    curve = Curve(epochs, values, epochs / 10, 4, 1)
    assert statistic_of(statistic, curve, number) == pytest.approx(expected, nan_ok=True)


def test_a_cost_is_best_where_it_is_lowest() -> None:
    curve = Curve(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.2, 0.3]), np.array([1.0, 2.0, 3.0]), 3, -1)
    found = [statistic_of(name, curve, 0.4) for name in ("best", "best_epoch", "epochs_to")]
    assert found == [0.2, 2, 2]


def test_a_metric_that_is_missing_at_the_end_has_no_final_value() -> None:
    curve = Curve(np.array([1.0]), np.array([0.5]), np.array([1.0]), 2, 0)
    assert np.isnan(statistic_of("final", curve, None))

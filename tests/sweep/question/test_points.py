"""The points of a sweep: products, zipped axes, lists, ranges and exclusions, or one line that says why."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnexp.errors import UserError
from nnexp.sweep.question.points import MOST, Question, axes_of, key_of, points_of


def asked(**keys: Any) -> Question:
    return Question("sample", "", keys.pop("axes", {}), [0], **keys)


def points(**keys: Any) -> list[dict[str, Any]]:
    return points_of(asked(**keys))


def values(name: str, **given: Any) -> list[Any]:
    return [point[name] for point in points(axes={name: given})]


def test_zipped_axes_advance_together_and_cross_with_the_product() -> None:
    made = points(
        axes={"momentum": [0, 0.9]}, zip={"batch_size": [1, 2, 3], "learning_rate": [0.1, 0.2, 0.3]}
    )
    pairs = [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert [(p["momentum"], p["batch_size"], p["learning_rate"]) for p in made] == [
        (momentum, *pair) for momentum in (0, 0.9) for pair in pairs
    ]


def test_listed_points_cross_with_axes_and_zip_and_change_fastest() -> None:
    listed = [{"cost": "quadratic", "epochs": 5}, {"epochs": 9, "cost": "cross_entropy"}]
    made = points(axes={"momentum": [0, 0.9]}, zip={"batch_size": [1, 2]}, points=listed)
    assert [(p["momentum"], p["batch_size"], p["epochs"]) for p in made] == [
        (momentum, size, epochs) for momentum in (0, 0.9) for size in (1, 2) for epochs in (5, 9)
    ]


def test_points_alone_are_the_sweep() -> None:
    listed = [{"batch_size": 10}, {"batch_size": 20}]
    assert points(points=listed) == listed


def test_axes_are_named_in_one_order_however_the_points_spell_them() -> None:
    listed = [{"cost": "quadratic", "epochs": 5}, {"epochs": 9, "cost": "cross_entropy"}]
    question = asked(axes={"momentum": [0]}, zip={"batch_size": [1]}, points=listed)
    assert list(axes_of(question)) == ["momentum", "batch_size", "cost", "epochs"]
    assert all(list(point) == list(axes_of(question)) for point in points_of(question))


def test_without_axes_there_is_one_point() -> None:
    assert points() == [{}]


def test_excluded_are_all_points_that_agree_with_a_partial_one() -> None:
    axes = {"batch_size": [1, 10], "momentum": [0.0, 0.5, 0.9], "classes": [[0, 1], None]}
    excluded = [{"batch_size": 1, "momentum": 0.9}, {"classes": (0, 1)}, {"momentum": 0.5, "classes": None}]
    left = [(p["batch_size"], p["momentum"], p["classes"]) for p in points(axes=axes, exclude=excluded)]
    assert left == [(1, 0.0, None), (10, 0.0, None), (10, 0.9, None)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"low": 0.1, "high": 0.5, "step": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ({"low": 0.1, "high": 0.7, "count": 7}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        ({"low": 0.001, "high": 10, "count": 5, "scale": "log"}, [0.001, 0.01, 0.1, 1.0, 10.0]),
        ({"low": 1e-300, "high": 1e300, "count": 3, "scale": "log"}, [1e-300, 1.0, 1e300]),
        ({"low": 1, "high": 2, "count": 3, "scale": "linear"}, [1.0, 1.5, 2.0]),
        ({"low": 1 / 3, "high": 2 / 3, "count": 2}, [1 / 3, 2 / 3]),
    ],
)
def test_a_range_includes_both_ends_and_gives_the_numbers_that_were_meant(given: Any, expected: Any) -> None:
    made = values("learning_rate", **given)
    assert made == expected
    assert all(type(value) is float for value in made)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"low": 10, "high": 100, "step": 30}, [10, 40, 70, 100]),
        ({"low": 10, "high": 100, "count": 4}, [10, 40, 70, 100]),
        ({"low": 1, "high": 1000, "count": 4, "scale": "log"}, [1, 10, 100, 1000]),
        ({"low": 1, "high": 100, "count": 4, "scale": "log"}, [1, 5, 22, 100]),  # 100^(1/3) = 4.64
        ({"low": 1, "high": 4, "count": 3}, [1, 2, 4]),  # 2.5: half to even
    ],
)
@pytest.mark.parametrize("name", ["batch_size", "train_size"])
def test_a_range_of_a_whole_hyperparameter_holds_whole_numbers(name: str, given: Any, expected: Any) -> None:
    made = values(name, **given)
    assert made == expected
    assert all(type(value) is int for value in made)


@given(st.floats(1e-9, 1e9), st.floats(1.001, 1e9), st.integers(2, 50), st.sampled_from(["linear", "log"]))
def test_a_range_is_evenly_spaced_on_its_scale(low: float, ratio: float, count: int, scale: str) -> None:
    made = values("learning_rate", low=low, high=low * ratio, count=count, scale=scale)
    assert (made[0], made[-1], len(made)) == (low, low * ratio, count)
    told = [math.log(value) for value in made] if scale == "log" else made
    step = (told[-1] - told[0]) / (count - 1)
    off = 1e-11 * max(abs(told[0]), abs(told[-1]), 1 if scale == "log" else 0)
    assert all(abs(value - (told[0] + k * step)) <= off for k, value in enumerate(told))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"low": 1, "hihg": 2, "count": 3},
            "unknown key in sweep.axes.momentum: 'hihg'; did you mean 'high'?",
        ),
        ({"low": 1, "high": 2}, "must be a list or a range {low, high, count}, {low, high, count, scale} or"),
        (
            {"low": 1, "high": 2, "count": 3, "step": 1},
            "{low, high, step}, got {'low': 1, 'high': 2, 'count'",
        ),
        ({"low": 1, "high": 2, "step": 1, "scale": "log"}, "{low, high, step}, got"),
        ({"low": 2, "high": 1, "count": 3}, "sweep.axes.momentum must have low < high, got low=2 high=1"),
        ({"low": "1", "high": 1, "count": 3}, "sweep.axes.momentum.low must be a number, got '1'"),
        ({"low": True, "high": 2, "count": 3}, "sweep.axes.momentum.low must be a number, got True"),
        ({"low": 1, "high": math.inf, "count": 3}, "momentum.high must be a number within ±1e+300, got inf"),
        ({"low": math.nan, "high": 1, "count": 3}, "momentum.low must be a number within ±1e+300, got nan"),
        (
            {"low": 0, "high": 1, "count": 1},
            "momentum.count must be a whole number of values from 2 to 100000",
        ),
        ({"low": 0, "high": 1, "count": 2.5}, "got 2.5"),
        ({"low": 0, "high": 1, "count": 10**9}, "got 1000000000"),
        ({"low": 0, "high": 1, "count": 3, "scale": "log"}, "low must be > 0 on a log scale, got 0"),
        (
            {"low": 1, "high": 2, "count": 3, "scale": "lin"},
            "unknown sweep.axes.momentum.scale 'lin'; did you",
        ),
        ({"low": 0, "high": 1, "step": 0}, "sweep.axes.momentum.step must be > 0, got 0"),
        (
            {"low": 0, "high": 1, "step": 0.3},
            "must be low plus a whole number of steps, got low=0 high=1 step",
        ),
        ({"low": 0, "high": 1, "step": 2}, "must be low plus a whole number of steps"),
        ({"low": 0, "high": 1, "step": 1e-320}, "must have at most 100000 values"),
    ],
)
def test_a_mistake_in_a_range_is_told_in_one_line(given: Any, message: str) -> None:
    refused({"axes": {"momentum": given}}, message)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"axes": {"batch_size": {"low": 1, "high": 3, "count": 9, "scale": "log"}}},
            "sweep.axes.batch_size must give different whole numbers, but 1 and 1.1472 are both 1",
        ),
        ({"axes": {"batch_size": {"low": 1.5, "high": 3, "step": 1}}}, "low must be a whole number, got 1.5"),
        ({"axes": {"cost": {"low": 1, "high": 3, "step": 1}}}, "for cost is no number, got {'low': 1"),
        ({"zip": {"cost": {"low": 1, "high": 3, "step": 1}}}, "sweep.zip.cost must be a list of values, for"),
        ({"axes": {"batch_siz": [1]}}, "unknown axis 'batch_siz'; did you mean 'batch_size'?"),
        ({"zip": {"batch_siz": [1]}}, "unknown axis 'batch_siz'; did you mean 'batch_size'?"),
        ({"points": [{"batch_siz": 1}]}, "unknown axis 'batch_siz'; did you mean 'batch_size'?"),
        ({"points": [{"seed": 1}]}, "seed is not an axis: every point gets the same seeds, set sweep.seeds"),
        (
            {"axes": {"batch_size": 10}},
            "sweep.axes.batch_size must be a list of values or a range {low, high",
        ),
        ({"zip": {"batch_size": []}}, "sweep.zip.batch_size must have at least one value, got []"),
        (
            {"zip": {"batch_size": [1, 2], "momentum": [0, 0.5, 0.9]}},
            "sweep.zip must have as many values of each axis, got 2 of batch_size, 3 of momentum",
        ),
        ({"axes": [1]}, "sweep.axes must be a mapping of axes, got [1]"),
        ({"zip": [1]}, "sweep.zip must be a mapping of axes, got [1]"),
        ({"points": {"batch_size": 1}}, "sweep.points must be a list of points, got {'batch_size': 1}"),
        ({"points": [1]}, "sweep.points must hold mappings of axes to values, got 1 (no. 1)"),
        ({"points": [{}]}, "sweep.points must hold mappings of axes to values, got {} (no. 1)"),
        (
            {"points": [{"batch_size": 1}, {"epochs": 2}]},
            "sweep.points must all name the same axes (batch_size), got {'epochs': 2} (no. 2)",
        ),
        (
            {"axes": {"batch_size": [1]}, "zip": {"batch_size": [2]}},
            "batch_size must stand in one place, got sweep.axes and sweep.zip",
        ),
        (
            {"zip": {"batch_size": [1]}, "points": [{"batch_size": 2}]},
            "batch_size must stand in one place, got sweep.zip and sweep.points",
        ),
        ({"exclude": {"batch_size": 1}}, "sweep.exclude must be a list of points"),
        (
            {"axes": {"batch_size": [1, 2]}, "exclude": [{"batch_size": 3}]},
            "sweep.exclude must be a point of the sweep, or a part of one, got {'batch_size': 3}",
        ),
        ({"axes": {"batch_size": [1, 2]}, "exclude": [{"batch_size": True}]}, "got {'batch_size': True}"),
        ({"axes": {"batch_size": [1, 2]}, "exclude": [{"batch_siz": 1}]}, "did you mean 'batch_size'?"),
        ({"axes": {"batch_size": [1, 2]}, "exclude": [{}]}, "sweep.exclude must give values of axes"),
        ({"axes": {"batch_size": [1, 2]}, "exclude": ["batch_size=1"]}, "got 'batch_size=1'"),
        (
            {"axes": {"batch_size": [1, 2]}, "exclude": [{"batch_size": 1}, {"batch_size": 2}]},
            "sweep.exclude must leave at least one point, got all 2 excluded",
        ),
        (
            {"axes": {"momentum": [0] * 1000, "dropout": [0] * 1000}},
            f"a sweep must have at most {MOST} points, got 1000000",
        ),
    ],
)
def test_a_mistake_in_the_points_is_told_in_one_line(keys: Any, message: str) -> None:
    refused(keys, message)


def refused(keys: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        points(**keys)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_setting_of_the_data_is_called_as_it_is_given() -> None:
    names = ("learning_rate", "train_size", "classes", "rotation", "scale", "data")
    keys = ["learning_rate", "train_size", "classes", "data.rotation", "data.scale", "data"]
    assert list(map(key_of, names)) == keys

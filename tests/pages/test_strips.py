"""Strips: effects that are drawn can be compared, and are told to those who do not see them."""

from itertools import pairwise

import pytest

from nnexp.pages.strips import EDGE, WIDTH, Strip, strips
from nnexp.report.answer import Effect, Verdict

NAN, INFINITE = float("nan"), float("inf")
POINTS = "accuracy difference"


def of(*effects: Effect) -> list[Strip]:
    """The strips of claims with these effects."""
    return list(
        strips([Verdict(str(k), "So.", "undecided", effect=e) for k, e in enumerate(effects)]).values()
    )


def test_an_interval_is_drawn_against_what_is_wanted() -> None:
    (strip,) = of(Effect(0.02, 0.01, 0.03, POINTS, ">", 0.005, 5))
    assert strip.interval
    assert (
        0 < strip.wanted[0] < strip.interval[0] < strip.value < strip.interval[1] < strip.wanted[1] == WIDTH
    )
    (below,) = of(Effect(0.02, 0.01, 0.03, POINTS, "<=", 0.025, 5))
    assert below.interval
    assert 0 == below.wanted[0] < below.value < below.wanted[1] < below.interval[1]
    (within,) = of(Effect(0.0, -0.001, 0.001, POINTS, "within", 0.0, 5, within=0.005))
    assert within.interval
    assert 0 < within.wanted[0] < within.interval[0] < within.interval[1] < within.wanted[1] < WIDTH
    (between,) = of(Effect(0.95, 0.92, 0.97, "accuracy", "between", 0.93, 5, threshold_high=0.96))
    assert between.interval
    ends = (between.interval[0], between.wanted[0], between.value, between.wanted[1], between.interval[1])
    assert list(ends) == sorted(set(ends))


def test_effects_in_points_have_one_scale_with_zero_on_it() -> None:
    """From 1 to 5.5 points with zero: steps of 2 from 0 to 6. Per cent have another, plain figures each."""
    small, large, accuracy, *plain = of(
        Effect(0.012, 0.01, 0.014, POINTS, ">", 0.01, 5),
        Effect(0.052, 0.05, 0.055, POINTS, ">", 0.01, 5),
        Effect(0.95, 0.94, 0.96, "accuracy", ">", 0.9, 5),
        Effect(3, 2, 4, "value", ">", 1, 5),
        Effect(300, 200, 400, "value", ">", 100, 5),
    )
    assert [label for _, label in small.ticks] == ["0", "+2", "+4", "+6 points"]
    assert small.neutral == large.neutral == small.ticks[0][0] == EDGE
    assert small.ticks == large.ticks != accuracy.ticks
    assert large.value == pytest.approx(EDGE + (WIDTH - 2 * EDGE) * 5.2 / 6, abs=0.01)
    assert accuracy.neutral is None
    assert plain[0].ticks != plain[1].ticks


def test_ratios_have_one_scale_by_factors_on_which_small_ones_are_seen() -> None:
    small, large = of(
        Effect(0.111, 0.105, 0.117, "ratio", "<", 1.0, 3), Effect(7.3, 4.1, 13.0, "ratio", ">", 5.0, 5)
    )
    labels = ["0.1", "1", "10", "100 times"]
    assert [label for _, label in small.ticks] == [label for _, label in large.ticks] == labels
    assert small.interval
    assert small.interval[1] - small.interval[0] > 2
    places = [place for place, _ in small.ticks]
    assert small.neutral == places[1]
    assert [b - a for a, b in pairwise(places)] == pytest.approx([208 / 3] * 3, abs=0.02)
    (near,) = of(Effect(2.0, 0.8, 4.0, "ratio", ">", 1.0, 5))
    assert [label for _, label in near.ticks] == ["0.5", "1", "2", "5 times"]


def test_a_ratio_that_may_be_zero_reaches_the_end_of_its_strip() -> None:
    (strip,) = of(Effect(1.07, 0.0, 1.45, "ratio", "<", 3.0, 10))
    assert strip.interval
    assert (strip.interval[0], strip.wanted[0]) == (0.0, 0.0)
    (none,) = of(Effect(0.0, NAN, NAN, "ratio", "<", 3.0, 10))
    assert none.value == 0.0


def test_a_strip_is_told_in_words() -> None:
    (strip,) = of(Effect(1.2, 1.1, 1.3, "ratio", ">", 1.0, 5))
    words = "On a scale from 1 to 1.3 times: 1.2 times (1.1 to 1.3), wanted > 1, n = 5"
    assert strip.text == words
    assert strip.neutral == EDGE


def test_what_is_infinite_has_no_strip_and_what_has_no_interval_no_bar() -> None:
    assert of(Effect(INFINITE, 1.0, INFINITE, "value", ">", 0.5, 5)) == []
    (one,) = of(Effect(1.0, NAN, NAN, "value", ">", 0.5, 5))
    assert one.interval is None
    (exact,) = of(Effect(1.0, NAN, NAN, "value", "=", 1.0, 5))
    assert exact.wanted[0] < exact.value < exact.wanted[1]
    assert of(Effect(2.0, 1.0, INFINITE, "value", ">", 0.5, 5))[0].interval

"""Floors follow from earlier runs by the rule of the pruner, worked by hand."""

import pytest

from nnexp.sweep.question.pruners import LEAST, PRUNERS, floors

CURVES = [
    {1: 0.5, 2: 0.4, 3: 0.9},  # its best so far: 0.5, 0.5, 0.9
    {1: 0.6, 2: 0.7, 3: 0.8},
    {1: 0.1},  # ended after one epoch
    {1: 0.3, 2: 0.8, 3: 0.7},
    {},  # failed
]


def test_the_median_is_over_all_earlier_runs_by_their_best_so_far() -> None:
    assert floors("median", CURVES, 4) == pytest.approx({1: 0.4, 2: 0.6, 3: 0.8})


def test_the_median_ends_nothing_in_the_first_fifth() -> None:
    curves = [{epoch: 0.01 * epoch + k / 10 for epoch in range(1, 21)} for k in range(5)]
    found = floors("median", curves, 20)
    assert list(found) == list(range(4, 20))
    assert found[10] == pytest.approx(0.3)


def test_asha_lets_the_best_third_pass_each_rung() -> None:
    curves = [{epoch: (k + epoch) / 100 for epoch in range(1, 10 if k > 2 else 2)} for k in range(9)]
    # 9 runs at epoch 1: the third best has k = 6. Six of them, k = 3..8, come to epoch 3: the second, k = 7.
    assert floors("asha", curves, 9) == pytest.approx({1: 0.07, 3: 0.10})
    assert list(floors("asha", curves, 10)) == [1, 3, 9]


@pytest.mark.parametrize("pruner", PRUNERS)
def test_few_runs_end_nothing(pruner: str) -> None:
    assert floors(pruner, [{1: 0.5, 2: 0.6}] * (LEAST - 1), 3) == {}
    assert bool(floors(pruner, [{1: 0.5, 2: 0.6}] * LEAST, 3)) is (pruner != "none")

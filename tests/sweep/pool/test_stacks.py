"""Runs are stacked when they may be, every run is in one stack, and the largest work comes first."""

import pytest

from nnexp.sweep.pool.stacks import LARGEST, MEMORY, Stack, make_stacks, makespan, work
from nnexp.sweep.question.plan import Plan
from tests.sweep.samples import plan


def stacked(made: Plan, workers: int = 1) -> list[Stack]:
    return make_stacks(made.runs, range(len(made.runs)), workers)


def test_every_run_is_in_exactly_one_stack_under_its_number() -> None:
    made = plan({"batch_size": [5, 10], "lambda_l2": [0, 1, 2]}, seeds=range(4))
    rows = [row for stack in stacked(made, workers=2) for row in stack.rows]
    assert sorted(rows) == list(range(24))
    assert all(made.runs[row] is run for s in stacked(made) for run, row in zip(s.runs, s.rows, strict=True))


def test_runs_stack_when_only_what_broadcasts_differs() -> None:
    axes = {"learning_rate": [0.1, 1], "lambda_l2": [0, 1], "initializer": ["lecun_normal", "he_normal"]}
    assert max(len(stack.runs) for stack in stacked(plan(axes, seeds=range(10)))) == LARGEST
    assert all(
        len({run.hyperparameters.batch_size for run in stack.runs}) == 1
        for stack in stacked(plan({"batch_size": [1, 10, 100]}, seeds=range(10)))
    )


def test_runs_on_other_data_do_not_stack() -> None:
    made = plan({"train_size": [100, 200]}, seeds=range(8))
    assert all(len({run.data for run in stack.runs}) == 1 for stack in stacked(made))


def test_runs_of_one_seed_stand_together() -> None:
    stacks = stacked(plan({"learning_rate": [0.1 * k for k in range(1, 33)]}, seeds=[0, 1]))
    for stack in stacks:
        seeds = [run.hyperparameters.seed for run in stack.runs]
        assert seeds == sorted(seeds)


@pytest.mark.parametrize(("values", "seeds"), [(7, 5), (1, 16), (2, 50), (13, 1)])
@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_no_stack_takes_all_the_time_that_a_worker_trains(values: int, seeds: int, workers: int) -> None:
    made = plan({"learning_rate": [0.1 * k for k in range(1, values + 1)]}, seeds=range(seeds))
    costs = [work(stack.runs[0], len(stack.runs)) for stack in stacked(made, workers)]
    assert max(costs) <= 0.75 * sum(costs) / workers


def test_nothing_to_train_is_no_stack() -> None:
    assert make_stacks(plan({}).runs, [], workers=2) == []


def test_workers_end_together_where_runs_are_alike() -> None:
    made = plan({"learning_rate": [0.1 * k for k in range(1, 8)]}, seeds=range(5))  # 35 runs
    shares = [0, 0]
    for stack in stacked(made, workers=2):
        shares[shares.index(min(shares))] += len(stack.runs)
    assert max(shares) <= 19


def test_mini_batches_of_one_example_stack_too() -> None:
    """Their overhead is what stacking saves most of."""
    made = plan({"batch_size": [1, 5, 10, 20, 50, 100, 300]}, seeds=range(5), hidden_size=30)
    sizes = [len(s.runs) for s in stacked(made, 2) if s.runs[0].hyperparameters.batch_size == 1]
    assert sorted(sizes) == [2, 3]


def test_timing_makes_every_run_a_stack_of_its_own_largest_first() -> None:
    made = plan({"hidden_size": [5, 500, 50]})
    stacks = make_stacks(made.runs, range(6), workers=2, timing=True)
    assert [len(stack.runs) for stack in stacks] == [1] * 6
    sizes = [stack.runs[0].hyperparameters.hidden_size for stack in stacks]
    assert sizes == sorted(sizes, reverse=True)


def test_stacks_of_large_networks_hold_few_runs() -> None:
    axes = {"learning_rate": [0.1 * k for k in range(1, 33)]}
    for stack in stacked(plan(axes, hidden_size=2000, hidden_layers=3)):
        weights = 4 * (64 * 2000 + 2 * 2000**2)
        assert len(stack.runs) * weights <= MEMORY


def test_every_next_stack_goes_to_the_first_free_worker() -> None:
    assert makespan([4, 3, 2, 2], workers=2) == 6  # 4 + 2 and 3 + 2
    assert makespan([5, 1], workers=4) == 5
    assert makespan([], workers=2) == 0


def test_the_largest_work_comes_first() -> None:
    sizes = [
        stack.runs[0].hyperparameters.hidden_size for stack in stacked(plan({"hidden_size": [5, 500, 50]}))
    ]
    assert sizes[0] == 500
    assert sizes[-1] == 5


def test_runs_that_are_done_are_left_out() -> None:
    made = plan({"learning_rate": [0.1, 0.2, 0.3]}, seeds=[0])
    stacks = make_stacks(made.runs, [2, 0], workers=1)
    assert sorted((row, run.run_id) for s in stacks for row, run in zip(s.rows, s.runs, strict=True)) == [
        (0, made.runs[0].run_id),
        (2, made.runs[2].run_id),
    ]

"""Runs are stacked when they may be, every run is in one stack, and the largest work comes first."""

from dataclasses import replace

import numpy as np
import pytest

from nnexp.data import Dataset, DataSpec, load
from nnexp.sweep.pool.cut import PROCESSOR, make_stacks, work_by_row
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.estimate import makespan, work
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.question.plan import Plan
from tests.sweep.samples import plan

DATA = Datasets()


def stacked(made: Plan, workers: int = 1) -> list[Stack]:
    return make_stacks(made.runs, range(len(made.runs)), workers, DATA.load)


def test_every_run_is_in_exactly_one_stack_under_its_number() -> None:
    made = plan({"batch_size": [5, 10], "lambda_l2": [0, 1, 2]}, seeds=range(4))
    rows = [row for stack in stacked(made, workers=2) for row in stack.rows]
    assert sorted(rows) == list(range(24))
    assert all(made.runs[row] is run for s in stacked(made) for run, row in zip(s.runs, s.rows, strict=True))


def test_runs_stack_when_only_what_broadcasts_differs() -> None:
    axes = {"learning_rate": [0.1, 1], "lambda_l2": [0, 1], "initializer": ["lecun_normal", "he_normal"]}
    assert max(len(stack.runs) for stack in stacked(plan(axes, seeds=range(10)))) == PROCESSOR.runs
    assert all(
        len({run.hyperparameters.batch_size for run in stack.runs}) == 1
        for stack in stacked(plan({"batch_size": [1, 10, 100]}, seeds=range(10)))
    )


def test_runs_on_other_data_do_not_stack() -> None:
    made = plan({"train_size": [100, 200]}, seeds=range(8))
    assert all(len({run.data for run in stack.runs}) == 1 for stack in stacked(made))


def test_runs_on_distorted_images_stack_with_those_of_their_seed() -> None:
    """Every seed has its own copy of all images."""
    rates = {"learning_rate": [0.1, 0.2, 0.3]}
    stacks = stacked(plan(rates, seeds=range(4), data=DataSpec(name="synthetic", augment="rotate")))
    assert all(len({run.hyperparameters.seed for run in stack.runs}) == 1 for stack in stacks)
    assert max(len(stack.runs) for stack in stacks) > 1


def test_runs_of_one_seed_stand_together() -> None:
    stacks = stacked(plan({"learning_rate": [0.1 * k for k in range(1, 33)]}, seeds=[0, 1]))
    for stack in stacks:
        seeds = [run.hyperparameters.seed for run in stack.runs]
        assert seeds == sorted(seeds)


def test_runs_of_one_order_stand_together_whatever_their_seeds() -> None:
    made = plan({"seed_order": [3, 4], "learning_rate": [0.1, 0.2, 0.3, 0.4]}, seeds=range(5))
    for stack in stacked(made):
        orders = [run.hyperparameters.seed_order for run in stack.runs]
        assert orders == sorted(orders)
    distorted = plan(
        {"seed_augmentation": [3, 4]}, range(4), data=DataSpec(name="synthetic", augment="rotate")
    )
    stacks = stacked(distorted)
    assert all(len({run.hyperparameters.seed_augmentation for run in stack.runs}) == 1 for stack in stacks)
    assert max(len(stack.runs) for stack in stacks) > 1, "of several seeds"


def test_nothing_to_train_is_no_stack() -> None:
    assert make_stacks(plan({}).runs, [], 2, DATA.load) == []


@pytest.mark.parametrize(("workers", "most"), [(1, 35), (2, 19), (4, 9), (16, 3)])
def test_workers_end_together_where_runs_are_alike(workers: int, most: int) -> None:
    made = plan({"learning_rate": [0.1 * k for k in range(1, 8)]}, seeds=range(5))  # 35 runs
    shares = [0] * workers
    for stack in stacked(made, workers):
        shares[shares.index(min(shares))] += len(stack.runs)
    assert max(shares) <= most


@pytest.mark.parametrize(
    "axes", [{"batch_size": [1, 5, 10, 20, 50, 100, 300]}, {"hidden_size": [5, 50, 500]}]
)
@pytest.mark.parametrize("workers", [2, 4, 16])
def test_workers_end_together_where_runs_differ(axes: dict[str, list[int]], workers: int) -> None:
    """Within one run of the time that all would take in the largest stacks, equally shared."""
    made = plan(axes, seeds=range(20))
    costs = [work(stack.runs, DATA.load(stack.data).data) for stack in stacked(made, workers)]
    whole = sum(work(stack.runs, DATA.load(stack.data).data) for stack in stacked(made, 1))
    longest = max(work([run], DATA.load(run.data).data) for run in made.runs)
    assert makespan(costs, workers) <= whole / workers + longest


def test_mini_batches_of_one_example_stack_too() -> None:
    """Their overhead is what stacking saves most of."""
    made = plan({"batch_size": [1, 5, 10, 20, 50, 100, 300]}, seeds=range(5), hidden_size=30)
    sizes = [len(s.runs) for s in stacked(made, 2) if s.runs[0].hyperparameters.batch_size == 1]
    assert sizes == [5]


def test_timing_makes_every_run_a_stack_of_its_own_largest_first() -> None:
    made = plan({"hidden_size": [5, 500, 50]})
    stacks = make_stacks(made.runs, range(6), 2, DATA.load, timing=True)
    assert [len(stack.runs) for stack in stacks] == [1] * 6
    sizes = [stack.runs[0].hyperparameters.hidden_size for stack in stacks]
    assert sizes == sorted(sizes, reverse=True)


def test_stacks_of_large_networks_hold_few_runs() -> None:
    axes = {"learning_rate": [0.1 * k for k in range(1, 33)]}
    for stack in stacked(plan(axes, hidden_size=2000, hidden_layers=3)):
        weights = 4 * (64 * 2000 + 2 * 2000**2)
        assert len(stack.runs) * weights <= PROCESSOR.memory


def test_stacks_of_networks_with_many_inputs_hold_few_runs() -> None:
    """200,000 x 100 weights are more than a stack may hold."""
    made = plan({"learning_rate": [0.1, 0.2, 0.3, 0.4]}, seeds=range(4), hidden_size=100)

    def wide(spec: DataSpec) -> Dataset:
        dataset = load(spec)
        data = dataset.data
        inputs = np.broadcast_to(np.float32(0), (len(data.training.labels), 200_000))
        return replace(dataset, data=data._replace(training=data.training._replace(inputs=inputs)))

    stacks = make_stacks(made.runs, range(16), 1, wide)
    assert [len(stack.runs) for stack in stacks] == [1] * 16
    assert max(len(stack.runs) for stack in stacked(made)) > 1


def test_the_work_of_a_stack_is_shared_among_its_runs() -> None:
    stacks = stacked(plan({"batch_size": [1, 10]}, seeds=range(4)))
    shares = work_by_row(stacks, DATA.load)
    assert sorted(shares) == list(range(8))
    for stack in stacks:
        assert sum(shares[row] for row in stack.rows) == pytest.approx(
            work(stack.runs, DATA.load(stack.data).data)
        )


def test_the_largest_work_comes_first() -> None:
    sizes = [
        stack.runs[0].hyperparameters.hidden_size for stack in stacked(plan({"hidden_size": [5, 500, 50]}))
    ]
    assert sizes[0] == 500
    assert sizes[-1] == 5


def test_runs_that_are_done_are_left_out() -> None:
    made = plan({"learning_rate": [0.1, 0.2, 0.3]}, seeds=[0])
    stacks = make_stacks(made.runs, [2, 0], 1, DATA.load)
    assert sorted((row, run.run_id) for s in stacks for row, run in zip(s.rows, s.runs, strict=True)) == [
        (0, made.runs[0].run_id),
        (2, made.runs[2].run_id),
    ]

"""Runs are stacked when they may be, every run is in one stack, and the largest work comes first."""

from nnexp.sweep.plan import Plan
from nnexp.sweep.stacks import LARGEST, Stack, make_stacks
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


def test_the_work_is_cut_fine_enough_for_all_workers() -> None:
    assert len(stacked(plan({"learning_rate": [0.1, 0.2]}, seeds=range(8)), workers=4)) >= 16


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

"""The estimated time is near the time that training took where it was measured, and trains nothing."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from nnexp.data import Dataset, DataSpec, load
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters
from nnexp.nn.examples import Data, Examples
from nnexp.sweep.pool.estimate import COMPILATION, RECORD, START, estimate_seconds, makespan, parameters, work
from nnexp.sweep.question.plan import Plan, Run
from tests.sweep.samples import plan


def data_of(n: int, n_validation: int, inputs: int, classes: int) -> Data:
    """Examples that take no memory."""
    parts = [
        Examples(np.broadcast_to(np.float32(0), (size, inputs)), np.broadcast_to(0, size))
        for size in (n, n_validation, 1)
    ]
    return Data(parts[0], parts[1], parts[2], classes)


MNIST, DIGITS = data_of(5000, 1000, 784, 10), data_of(1200, 300, 64, 10)
# CPU seconds of one epoch of a stack of K runs, evaluation included, with OpenBLAS on one core (AVX-512).
MEASURED: list[tuple[Data, int, dict[str, Any], float]] = [
    (MNIST, 1, {}, 0.0314),
    (MNIST, 16, {}, 0.373),
    (MNIST, 1, {"batch_size": 1}, 0.102),
    (MNIST, 16, {"batch_size": 1}, 1.00),
    (MNIST, 1, {"batch_size": 100}, 0.0215),
    (MNIST, 1, {"batch_size": 1000}, 0.0211),
    (MNIST, 8, {"batch_size": 100}, 0.145),
    (MNIST, 1, {"hidden_size": 100}, 0.0609),
    (MNIST, 16, {"hidden_size": 100}, 0.928),
    (MNIST, 1, {"hidden_size": 500, "hidden_layers": 2}, 0.456),
    (MNIST, 1, {"hidden_layers": 0}, 0.0156),
    (MNIST, 8, {"hidden_layers": 4}, 0.233),
    (MNIST, 1, {"hidden_size": 100, "dropout": 0.5}, 0.0643),
    (MNIST, 1, {"optimizer": "adam", "learning_rate": 0.001}, 0.0447),
    (MNIST, 8, {"hidden_size": 100, "optimizer": "adam", "learning_rate": 0.001}, 0.821),
    (MNIST, 1, {"optimizer": "newton_cg", "learning_rate": 1.0, "batch_size": 1000}, 0.0409),
    (MNIST, 1, {"optimizer": "newton_cg", "learning_rate": 1.0}, 0.187),
    (DIGITS, 8, {"optimizer": "newton_cg", "learning_rate": 1.0, "batch_size": 300}, 0.0232),
    (MNIST, 1, {"dtype": "float64"}, 0.0571),
    (MNIST, 1, {"output": "softmax", "cost": "log_likelihood"}, 0.0343),
    (DIGITS, 1, {}, 0.00245),
    (DIGITS, 16, {}, 0.0125),
    (DIGITS, 5, {"batch_size": 1}, 0.0238),
    (DIGITS, 1, {"batch_size": 100}, 0.00104),
    (DIGITS, 5, {"hidden_size": 100, "hidden_layers": 3}, 0.0289),
]


def run(seed: int = 0, data: DataSpec | None = None, **values: Any) -> Run:
    return Run("r", Hyperparameters(seed=seed, **{"epochs": 1} | values), data or DataSpec(), 0)


@pytest.mark.parametrize(("data", "K", "values", "seconds"), MEASURED)
def test_the_estimate_is_within_a_factor_of_two_of_what_was_measured(
    data: Data, K: int, values: dict[str, Any], seconds: float
) -> None:
    assert seconds / 2 < work([run(seed, **values) for seed in range(K)], data) < 2 * seconds


@pytest.mark.parametrize(("name", "inputs", "seconds"), [("rotate", 784, 0.0825), ("elastic", 64, 0.00211)])
def test_distorted_images_count_once_per_seed(name: str, inputs: int, seconds: float) -> None:
    """Measured: seconds of CPU to distort 5,000 and 1,200 images."""
    data = {784: MNIST, 64: DIGITS}[inputs]
    spec = DataSpec(augment=name)
    plain = work([run(), run()], data)
    assert seconds / 2 < work([run(data=spec), run(data=spec)], data) - plain < 2 * seconds
    two = work([run(data=spec), run(1, data=spec)], data)
    assert seconds < two - plain < 4 * seconds
    assert work([run(data=spec), run(seed_augmentation=1, data=spec)], data) == two


def test_twice_the_epochs_take_twice_the_time() -> None:
    assert work([run(epochs=20)], MNIST) == pytest.approx(2 * work([run(epochs=10)], MNIST))


def test_evaluation_counts_as_often_as_it_happens() -> None:
    never, often = (work([run(epochs=100, evaluate_every=k)], MNIST) for k in (0, 1))
    forward = (5000 + 1000) / (3 * 5000)  # of the time that training takes on the examples
    assert 1 + 0.4 * forward < often / never < 1 + forward


def test_the_parameters_are_those_of_the_network() -> None:
    h = Hyperparameters
    assert parameters(h(hidden_layers=0), MNIST) == 784 * 10
    assert parameters(h(hidden_size=30), MNIST) == 784 * 30 + 30 * 10
    assert parameters(h(hidden_size=20, hidden_layers=3), DIGITS) == 64 * 20 + 2 * 20 * 20 + 20 * 10
    assert parameters(h(hidden_size=[100, 30]), MNIST) == 784 * 100 + 100 * 30 + 30 * 10


def test_equal_sizes_in_a_list_take_the_same_time() -> None:
    assert work([run(hidden_size=[20, 20])], MNIST) == work([run(hidden_size=20, hidden_layers=2)], MNIST)


def stacks_of(made: Plan) -> list[list[Run]]:
    return [[one] for one in made.runs]


def test_nothing_to_train_takes_no_time() -> None:
    assert estimate_seconds([], 2, load) == 0


def test_a_machine_that_was_three_times_as_slow_stays_so() -> None:
    made = plan({"batch_size": [5, 10]}, epochs=100)
    parents = RECORD * len(made.runs)
    fast, slow = (estimate_seconds(stacks_of(made), 1, load, {"numpy": slowness}) for slowness in (1.0, 3.0))
    assert slow - parents == pytest.approx(3 * (fast - parents))


def test_compiled_runs_take_as_long_in_a_stack_as_alone_and_are_compiled_first() -> None:
    """On a processor, where each is trained by calls of its own."""
    one = run(engine="jax")
    assert work([one] * 4, DIGITS) == pytest.approx(4 * work([one], DIGITS))
    assert work([one], DIGITS) == work([run()], DIGITS)
    compiled, plain = (estimate_seconds([[each]], 1, load) for each in (one, run()))
    assert compiled - plain == pytest.approx(COMPILATION)


def test_two_workers_take_half_the_time_after_their_start() -> None:
    made = plan({}, seeds=range(4), epochs=100)
    parents = RECORD * len(made.runs)
    one, two = (estimate_seconds(stacks_of(made), workers, load) for workers in (1, 2))
    assert two - parents - START == pytest.approx((one - parents) / 2)


def test_every_next_stack_goes_to_the_first_free_worker() -> None:
    assert makespan([4, 3, 2, 2], workers=2) == 6  # 4 + 2 and 3 + 2
    assert makespan([5, 1], workers=4) == 5
    assert makespan([], workers=2) == 0


def test_a_network_that_fills_the_memory_is_estimated_without_it() -> None:
    """400,000 units would be 1.3 GB of weights."""
    made = plan({"hidden_size": [30, 400_000]}, seeds=[0])
    tracemalloc.start()
    try:
        estimate_seconds(stacks_of(made), 1, load)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_data_that_cannot_be_loaded_are_an_error_for_people() -> None:
    def nothing(spec: DataSpec) -> Dataset:
        raise UserError("no such data")

    with pytest.raises(UserError, match="no such data"):
        estimate_seconds(stacks_of(plan({})), 1, nothing)

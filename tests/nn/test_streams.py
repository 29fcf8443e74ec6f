"""Randomness: one independent stream per seed and purpose, so that points of a sweep compare in pairs."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from nnexp.nn import Data, Examples, Hyperparameters, train
from nnexp.nn.streams import Purpose, follows_seed, stream
from tests.nn.driving import random_data, read_only

N, EPOCHS = 12, 3
DATA = random_data(np.random.default_rng(1), n=N, d=5, classes=3)
BASE = Hyperparameters(
    hidden_size=6, epochs=EPOCHS, learning_rate=0.3, dropout=0.5, input_dropout=0.2, batch_size=5
)


def orders_of(seed: int) -> np.ndarray:
    """The order of the N examples in each epoch (EPOCHS, N), read from the weights that they leave.

    Example i switches on input i alone, so it moves only the weights W_ji, at its own step and by some
    learning_rate; every later step shrinks them by a tenth. So the smallest was seen first.
    """
    part = Examples(read_only(np.eye(N)), read_only(np.zeros(N, int)))
    rate, decay = 1e-6, 0.9
    h = Hyperparameters(
        output="identity", cost="quadratic", learning_rate=rate, lambda_l2=(1 - decay) * N / rate,
        batch_size=1, dtype="float64", seed=seed, epochs=1,
    )  # fmt: skip
    initial, before, orders = [(np.zeros((1, 2, N)), np.zeros((1, 1, 2)))], np.zeros(N), []
    for epochs in range(1, EPOCHS + 1):
        [result] = train([replace(h, epochs=epochs)], Data(part, part, part, 2), initial=initial)
        after = result.weights[0][0]
        orders.append(np.argsort(after - before * decay**N))
        before = after
    return np.array(orders)


POINTS = [
    {"learning_rate": 0.01},
    {"batch_size": 1},
    {"batch_size": N},
    {"hidden_size": 3, "hidden_layers": 2},
    {"initializer": "standard_normal"},
    {"bias_initializer": "zeros"},
    {"activation": "relu", "dtype": "float64"},
    {"optimizer": "adam"},
    {"dropout": 0.0},
    {"input_dropout": 0.0},
    {"max_norm": 0.5},
    {"lambda_l1": 1.0, "momentum": 0.9},
    {"output": "softmax", "cost": "log_likelihood"},
    {"schedule": "cosine", "patience": 3},
]


@pytest.mark.parametrize("seed", [0, 5])
def test_each_seed_has_one_order_of_examples_at_every_point(seed):
    """Training with the order that was traced at one point is training, at every other point."""
    order = read_only(orders_of(seed))
    assert (np.sort(order) == np.arange(N)).all(), "every example is shown once in each epoch"
    assert len({tuple(epoch) for epoch in order}) == EPOCHS, "each epoch has an order of its own"
    for point in POINTS:
        run = replace(BASE, seed=seed, **point)
        [own_order], [with_order] = train([run], DATA), train([run], DATA, order=order)
        for W, V in zip(own_order.weights, with_order.weights, strict=True):
            assert W.tobytes() == V.tobytes(), point


def test_seeds_have_orders_of_their_own():
    assert len({orders_of(seed).tobytes() for seed in range(5)}) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"dropout": 0.0},
        {"input_dropout": 0.0},
        {"batch_size": 1},
        {"lambda_l2": 1.0},
        {"optimizer": "adam"},
        {"activation": "tanh"},
    ],
    ids=str,
)
def test_initial_weights_and_biases_do_not_move_with_other_choices(change):
    tiny = replace(BASE, learning_rate=1e-12, dtype="float64")
    [base], [other] = train([tiny], DATA), train([replace(tiny, **change)], DATA)
    for array, same in zip(base.weights + base.biases, other.weights + other.biases, strict=True):
        np.testing.assert_allclose(array, same, rtol=0, atol=1e-9)


def test_weights_and_biases_do_not_move_with_each_others_initializer():
    tiny = replace(BASE, learning_rate=1e-12, dtype="float64")
    changes = [{}, {"initializer": "standard_normal"}, {"bias_initializer": "zeros"}]
    base, large, zeros = (train([replace(tiny, **change)], DATA)[0] for change in changes)
    for layer, fan_in in enumerate([5, 6]):
        np.testing.assert_allclose(large.biases[layer], base.biases[layer], rtol=0, atol=1e-9)
        np.testing.assert_allclose(zeros.weights[layer], base.weights[layer], rtol=0, atol=1e-9)
        np.testing.assert_allclose(zeros.biases[layer], 0, atol=1e-9)
        scaled = base.weights[layer] * np.sqrt(fan_in)
        np.testing.assert_allclose(large.weights[layer], scaled, rtol=0, atol=1e-9)


def test_both_dtypes_start_from_the_same_draw():
    results = [
        train([replace(BASE, learning_rate=1e-30, dtype=dtype)], DATA)[0] for dtype in ("float32", "float64")
    ]
    for small, large in zip(results[0].weights, results[1].weights, strict=True):
        assert (small == large.astype(np.float32)).all()


def test_each_seed_has_one_stream_of_distortions_at_every_point():
    """One call per epoch and seed, on the whole training set, however many runs share the seed."""

    def draws_of(run: Hyperparameters, copies: int) -> list[float]:
        numbers = []

        def augment(rng, images):
            assert images.shape == DATA.training.inputs.shape
            numbers.append(rng.random())
            return images

        train([run] * copies, DATA, augment=augment)
        return numbers

    draws = [draws_of(replace(BASE, **point), copies=2) for point in POINTS]
    assert all(numbers == draws[0] for numbers in draws)
    assert len(set(draws[0])) == len(draws[0]) == EPOCHS
    assert draws_of(replace(BASE, seed=1), copies=1) != draws[0]


OWN_SEEDS = tuple(f"seed_{purpose}" for purpose in get_args(Purpose))


def noisy(rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    return images + rng.standard_normal(images.shape).astype(images.dtype)


def bits(*runs: Hyperparameters) -> list[bytes]:
    """All bits of the weights that each run leaves, trained together on distorted images."""
    return [b"".join(map(bytes, r.weights + r.biases)) for r in train(runs, DATA, augment=noisy)]


def test_the_seed_of_a_stream_changes_it_alone():
    """Each stream apart changes the run; all of them at one seed are the run of that seed, bit for bit."""
    ones = dict.fromkeys(OWN_SEEDS, 1)
    home, other, explicit, crossed = bits(
        BASE,
        replace(BASE, seed=1),
        replace(BASE, **dict.fromkeys(OWN_SEEDS, 0), seed=7),
        replace(BASE, **ones),
    )
    assert explicit == home
    assert crossed == other
    assert len({home, other, *bits(*(replace(BASE, **{name: 1}) for name in OWN_SEEDS))}) == 8


def test_weights_cross_with_orders():
    """The same first weights in two orders, and two in the same order: each stream is as it is alone."""
    tiny = replace(BASE, learning_rate=1e-12, dtype="float64", dropout=0.0)
    crossed = [
        replace(tiny, seed_weights=weights, seed_order=order) for weights in (3, 4) for order in (5, 6)
    ]
    first = [result.weights[0] for result in train(crossed, DATA)]
    for (one, same), seed in zip((first[:2], first[2:]), (3, 4), strict=True):
        [drawn] = train([replace(tiny, seed=seed)], DATA)
        np.testing.assert_allclose(one, same, rtol=0, atol=1e-9)
        np.testing.assert_allclose(one, drawn.weights[0], rtol=0, atol=1e-9)
    assert abs(first[0] - first[2]).max() > 0.1
    for order in (5, 6):
        told = read_only(orders_of(order))
        for weights in (3, 4):
            run = replace(BASE, dropout=0.0, seed_weights=weights, seed_order=order)
            [own], [with_order] = train([run], DATA), train([run], DATA, order=told)
            assert all(
                a.tobytes() == b.tobytes() for a, b in zip(own.weights, with_order.weights, strict=True)
            )


def test_distorted_images_are_made_once_per_seed_of_theirs():
    """Runs of other orders share them, and runs of one order need not."""
    made = []

    def augment(rng, images):
        made.append(rng.random())
        return images

    seeds = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]  # of order, of distortions
    train([replace(BASE, seed_order=o, seed_augmentation=a) for o, a in seeds], DATA, augment=augment)
    assert len(made) == len(set(made)) == 2 * EPOCHS


def test_a_run_follows_its_seed_unless_all_that_it_draws_has_another():
    fixed = replace(BASE, input_dropout=0.0, seed_weights=0, seed_biases=0, seed_order=0)
    assert follows_seed(fixed, distorted=False), "dropout does"
    assert not follows_seed(replace(fixed, dropout=0.0), distorted=False)
    assert follows_seed(replace(fixed, dropout=0.0), distorted=True)
    assert follows_seed(replace(fixed, dropout=0.0, input_dropout=0.2), distorted=False)
    assert not follows_seed(replace(fixed, seed_dropout=0), distorted=False)
    assert not follows_seed(replace(fixed, seed_dropout=0, seed_augmentation=0), distorted=True)
    silent = replace(
        BASE, dropout=0.0, input_dropout=0.0, initializer="zeros", bias_initializer="zeros", seed_order=1
    )
    assert not follows_seed(silent, distorted=False)


def test_streams_of_all_seeds_and_purposes_differ():
    """Also those of seed 0, which is a seed like any other, and of the greatest seed."""
    seeds = (0, 1, 2, 7, 2**63 - 1)
    draws = {stream(seed, purpose).random() for seed in seeds for purpose in get_args(Purpose)}
    assert len(draws) == 6 * len(seeds)


def test_seeds_differ_in_everything_that_is_drawn():
    results = [train([replace(BASE, seed=seed)], DATA)[0] for seed in (0, 1, 2, 2**63 - 1)]
    for name in ("weights", "biases"):
        assert len({b"".join(map(bytes, getattr(result, name))) for result in results}) == len(results)

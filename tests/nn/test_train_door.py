"""What does not fit together is refused at the door of `train`, in one line, before anything trains."""

from dataclasses import replace

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.nn import Examples, Hyperparameters, check_fit, train
from tests.nn.driving import random_data, same_bits

DATA = random_data(np.random.default_rng(0), n=8, d=3, classes=2)
H = Hyperparameters(epochs=2, batch_size=4)
W, B = np.zeros((1, 5, 3)), np.zeros((1, 1, 5))
LAST = (np.zeros((1, 2, 5)), np.zeros((1, 1, 2)))


def assert_refused(message: str, *runs: Hyperparameters, data=DATA, **options) -> None:
    with pytest.raises(UserError) as error:
        train(runs, data, **options)
    assert str(error.value) == message
    assert "\n" not in message


def test_runs_of_one_stack_agree_in_what_a_stack_shares():
    assert_refused("runs must hold at least one Hyperparameters, got none")
    assert_refused("runs of one stack must agree in epochs, got [2, 3]", H, replace(H, epochs=3))
    assert_refused(
        "runs of one stack must agree in activation, got [sigmoid, tanh]",
        H,
        replace(H, activation="tanh"),
    )
    assert_refused(
        "runs of one stack must agree in hidden_size, got [[20,10], 30]", replace(H, hidden_size=[20, 10]), H
    )


def test_a_batch_is_no_larger_than_the_training_set():
    assert_refused(
        "batch_size must be <= 8, the number of training examples, got 9", replace(H, batch_size=9)
    )
    train([replace(H, batch_size=8)], DATA)


@pytest.mark.parametrize("name", ["training", "validation", "test"])
@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (np.zeros((4, 3)), np.array([0, 1, 2, 0]), "labels must be integers in 0..1, got int64 0..2"),
        (np.zeros((4, 3)), np.array([0, 1, -1, 0]), "labels must be integers in 0..1, got int64 -1..1"),
        (np.zeros((4, 3)), np.zeros(4), "labels must be integers in 0..1, got float64 0.0..0.0"),
    ],
)
def test_examples_fit_the_data_set(name, inputs, labels, message):
    assert_refused(f"{name} {message}", H, data=DATA._replace(**{name: Examples(inputs, labels)}))


@pytest.mark.parametrize("name", ["training", "validation", "test"])
@pytest.mark.parametrize("shapes", [((4, 3), (5,)), ((0, 3), (0,)), ((4, 3), (4, 1))], ids=str)
def test_examples_have_one_label_each(name, shapes):
    inputs, labels = (np.zeros(shape, int) for shape in shapes)
    message = f"{name} must hold inputs (n, 3) and labels (n,), n >= 1, got {shapes[0]} and {shapes[1]}"
    assert_refused(message, H, data=DATA._replace(**{name: Examples(inputs, labels)}))


def test_held_out_inputs_are_as_wide_as_the_training_inputs():
    data = DATA._replace(test=Examples(np.zeros((4, 2)), np.zeros(4, int)))
    assert_refused("test must hold inputs (n, 3) and labels (n,), n >= 1, got (4, 2) and (4,)", H, data=data)


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ([], "initial must end with 2 output units, one per class, got 3"),
        ([(W, B)], "initial must end with 2 output units, one per class, got 5"),
        (
            [(W[:, :, :2], B), LAST],
            "initial layer 1 must be W (1, fan_out, 3) and b (1, 1, fan_out), got (1, 5, 2) and (1, 1, 5)",
        ),
        (
            [(W, B[:, :, :4]), LAST],
            "initial layer 1 must be W (1, fan_out, 3) and b (1, 1, fan_out), got (1, 5, 3) and (1, 1, 4)",
        ),
        (
            [(W, B), (LAST[0][0], LAST[1])],
            "initial layer 2 must be W (1, fan_out, 5) and b (1, 1, fan_out), got (2, 5) and (1, 1, 2)",
        ),
        (
            [(np.zeros((2, 5, 3)), np.zeros((2, 1, 5))), LAST],
            "initial layer 1 must be W (1, fan_out, 3) and b (1, 1, fan_out), got (2, 5, 3) and (2, 1, 5)",
        ),
    ],
)
def test_initial_parameters_fit_the_data_and_the_stack(initial, message):
    assert_refused(message, H, initial=initial)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (np.zeros((2, 8)), "order must hold integers (n,) or (1, n) per epoch, got float64 (8,)"),
        (np.zeros((2, 8), bool), "order must hold integers (n,) or (1, n) per epoch, got bool (8,)"),
        (np.zeros((3, 2, 8), int), "order must hold integers (n,) or (1, n) per epoch, got int64 (3, 8)"),
        (np.zeros((2, 0), int), "order must hold integers (n,) or (1, n) per epoch, got int64 (0,)"),
        (np.full((2, 8), 8), "order must name examples 0..7, got 8..8"),
        (np.full((2, 8), -1), "order must name examples 0..7, got -1..-1"),
        (np.zeros((1, 8), int), "order must hold 2 epochs, got 1"),
    ],
)
def test_an_order_names_examples_for_every_epoch(order, message):
    assert_refused(message, H, order=order)


def test_a_seed_of_distortions_needs_distortions():
    run = replace(H, seed_augmentation=3)
    assert_refused("seed_augmentation=3 has no effect: no image is distorted (data.augment)", H, run)
    assert train([H, run], DATA, augment=lambda rng, images: images)


def test_augment_keeps_the_shape():
    assert_refused(
        "augment must keep the shape (8, 3), got (8, 2)", H, augment=lambda rng, images: images[:, :2]
    )


def test_orders_may_come_one_epoch_at_a_time_or_for_each_run():
    rng = np.random.default_rng(1)
    order = np.array([[rng.permutation(8) for _ in range(2)] for _ in range(3)])
    runs = [replace(H, learning_rate=rate) for rate in (0.1, 0.5, 1.0)]
    together = train(runs, DATA, order=order)
    one_by_one = train(runs, DATA, order=(order[:, epoch] for epoch in range(2)))
    in_a_list = train(runs, DATA, order=[order[:, 0], order[:, 1]])
    alone = [train([run], DATA, order=list(order[k]))[0] for k, run in enumerate(runs)]
    for expected, *results in zip(together, one_by_one, in_a_list, alone, strict=True):
        assert all(same_bits(result.weights, expected.weights) for result in results)


def test_epochs_of_an_order_may_differ_in_length():
    """A last batch of one; and an epoch that shows some examples only."""
    short, whole = np.arange(5), np.arange(8)
    results = [train([H], DATA, order=order)[0] for order in ([short, whole], iter([short, whole]))]
    assert same_bits(results[0].weights, results[1].weights)
    assert results[0].status == "finished"


def test_unsigned_orders_and_labels_are_integers_too():
    order = np.zeros((2, 8), np.uint64)
    labels = DATA._replace(training=DATA.training._replace(labels=DATA.training.labels.astype(np.uint8)))
    expected = train([H, replace(H, seed=1)], DATA, order=order.astype(int))
    for augment in (None, lambda rng, images: images):
        for result, same in zip(
            train([H, replace(H, seed=1)], labels, order=order, augment=augment), expected, strict=True
        ):
            assert result.weights[0].tobytes() == same.weights[0].tobytes()


def test_check_fit_asks_without_training():
    check_fit([H], DATA)
    with pytest.raises(UserError, match="batch_size must be <= 8"):
        check_fit([replace(H, batch_size=9)], DATA)


def test_nothing_that_was_given_is_written_to():
    """All of it is locked here: inputs, labels, initial parameters, order, and what augment sees."""

    def augment(rng, images):
        assert not images.flags.writeable
        return images

    initial = [(W.copy(), B.copy()), (LAST[0].copy(), LAST[1].copy())]
    order = np.tile(np.arange(8), (2, 1))
    for array in [*initial[0], *initial[1], order]:
        array.setflags(write=False)
    for dtype in ("float64", "float32"):
        train([replace(H, dtype=dtype)], DATA, initial=initial, order=order, augment=None)
    train([replace(H, dtype="float64")], DATA, initial=initial, order=order, augment=augment)

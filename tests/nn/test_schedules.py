"""Learning rates over the epochs, read from what weight decay leaves of weights without other gradient; and
momentum that grows, against the slow loop."""

from dataclasses import replace
from math import cos, pi

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, plain, train
from nnexp.nn.runlog import Plateau
from tests.nn.driving import data_of, layers_of, random_data, random_layers, same_bits, stack_of

N = 4
BLANK = data_of(np.zeros((N, 2)), [0] * N, classes=2)  # without inputs, only biases have a gradient


def factors_of(bias: float = 5.0, **knobs) -> tuple[list[float], dict]:
    """The factor on the learning rate in each epoch, and history. `bias` favours class 0, which is right."""
    h = Hyperparameters(
        dtype="float64", batch_size=N, lambda_l2=N / 2, learning_rate=0.5, monitor=("weight_norm",), **knobs
    )
    network = [(np.ones((2, 2)), np.array([bias, 0.0]))]
    [result] = train([h], BLANK, initial=stack_of([network]))
    norms = np.array(result.history["weight_norm_1"])
    decay = norms[1:] / norms[:-1]  # 1 - learning_rate x factor x lambda/n
    return list((1 - decay) / (0.5 * 0.5)), result.history


CLOSED_FORMS = {
    "constant": lambda done: 1,
    "step": lambda done: [1, 1, 1, 0.8, 0.8, 0.8, 0.64, 0.64][done],
    "exponential": lambda done: 0.8 ** (done / 3),
    "cosine": lambda done: (1 + cos(pi * done / 8)) / 2,
}


@pytest.mark.parametrize("schedule", CLOSED_FORMS)
def test_the_learning_rate_follows_its_closed_form(schedule):
    factors, _ = factors_of(schedule=schedule, schedule_epochs=3, schedule_factor=0.8, epochs=8)
    assert factors == pytest.approx([CLOSED_FORMS[schedule](done) for done in range(8)], rel=1e-9)


def test_the_book_s_rule_halves_and_stops_at_a_hundred_and_twenty_eighth():
    """Validation accuracy is best after epoch 1: a half after each 10 epochs more, 7 times."""
    factors, history = factors_of(schedule="plateau", epochs=200)
    expected = [1.0] * 11 + [0.5**drops for drops in range(1, 7) for _ in range(10)]
    assert history["validation_accuracy"] == [1.0] * (len(expected) + 1)
    assert factors == pytest.approx(expected, rel=1e-9)


def test_the_rule_stops_at_the_last_share_with_any_factor():
    factors, _ = factors_of(schedule="plateau", schedule_epochs=2, schedule_factor=0.1, epochs=50)
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01, 0.01], rel=1e-9)


def test_an_improvement_starts_the_waiting_anew():
    """The bias is wrong at first, so accuracy rises from 0 to 1 at epoch 4, after one halving."""
    factors, history = factors_of(bias=-1.9, schedule="plateau", schedule_epochs=2, epochs=8)
    assert history["validation_accuracy"] == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert factors == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25], rel=1e-9)


def test_a_run_of_a_stack_follows_its_own_validation_accuracy():
    """Two runs of one stack: one never improves, the other does at epoch 4."""
    h = Hyperparameters(
        dtype="float64", batch_size=N, lambda_l2=N / 2, learning_rate=0.5, monitor=("weight_norm",),
        schedule="plateau", schedule_epochs=2, epochs=8,
    )  # fmt: skip
    networks = [[(np.ones((2, 2)), np.array([bias, 0.0]))] for bias in (5.0, -1.9)]
    results = train([h, h], BLANK, initial=stack_of(networks))
    for bias, result in zip((5.0, -1.9), results, strict=True):
        _, alone = factors_of(bias=bias, schedule="plateau", schedule_epochs=2, epochs=8)
        assert result.history["weight_norm_1"] == alone["weight_norm_1"]


def test_a_plateau_drops_after_its_epochs_without_improvement():
    """And waits anew after a drop and after an improvement; epochs that were not measured only pass time."""
    plateau = Plateau(3)
    drops = []
    for epoch, improved in [(1, True), (2, False), (4, False), (5, False), (6, True), (8, False), (9, False)]:
        plateau.add(epoch, improved)
        drops.append(plateau.drops)
    assert drops == [0, 0, 1, 1, 1, 1, 2]


def test_the_rule_counts_only_epochs_whose_accuracy_was_measured():
    """With a row every 20 epochs, nothing falls before two rows were seen."""
    _, history = factors_of(schedule="plateau", schedule_epochs=2, epochs=60, evaluate_every=20)
    assert history["epoch"][:3] == [0, 20, 40]
    norms = history["weight_norm_1"]
    assert norms[1] / norms[0] == pytest.approx(0.75**20, rel=1e-9)
    assert norms[2] / norms[1] == pytest.approx(0.75**20, rel=1e-9)


RAMP = {"momentum_start": 0.3, "momentum": 0.9, "momentum_ramp_epochs": 4}
MOMENTA = [0.3, 0.45, 0.6, 0.75, 0.9, 0.9, 0.9]  # of seven epochs


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_momentum_grows_along_a_line_as_in_the_slow_loop(schedule):
    """The book's own updates, with the momentum of each epoch; velocity goes on from one to the next."""
    rng = np.random.default_rng(0)
    data, network = random_data(rng, n=7, d=3, classes=2), random_layers(rng, [3, 4, 2])
    order = np.array([rng.permutation(7) for _ in MOMENTA])
    h = Hyperparameters(**RAMP, epochs=7, batch_size=3, dtype="float64", schedule=schedule, lambda_l2=0.2)
    [result] = train([h], data, initial=stack_of([network]), order=order)
    examples = list(zip(data.training.inputs, np.eye(2)[data.training.labels], strict=True))
    velocity = [(0 * W, 0 * b) for W, b in network]
    for done, momentum in enumerate(MOMENTA):
        rate = h.learning_rate * (1 if schedule == "constant" else (1 + cos(pi * done / 7)) / 2)
        now = Hyperparameters(learning_rate=rate, momentum=momentum, lambda_l2=0.2)
        for start in range(0, 7, 3):
            batch = [examples[i] for i in order[done, start : start + 3]]
            network, velocity = plain.update(network, velocity, batch, 7, now, plain.Units())
    for (W, b), (expected_W, expected_b) in zip(layers_of(result), network, strict=True):
        np.testing.assert_allclose(W, expected_W, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(b, expected_b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov"])
def test_momentum_begins_at_its_start(optimizer):
    """One epoch of a ramp is an epoch at its start. A ramp that hardly grows is a constant."""
    data = random_data(np.random.default_rng(0), n=20, d=3, classes=2)
    constant = Hyperparameters(optimizer=optimizer, momentum=0.3, epochs=3, batch_size=5, dtype="float64")
    first = replace(constant, epochs=1)
    [ramp], [start] = train([replace(first, **RAMP)], data), train([first], data)
    assert same_bits([*ramp.weights, *ramp.biases], [*start.weights, *start.biases])
    [slow], [usual] = (
        train([replace(constant, **RAMP | {"momentum_ramp_epochs": 10**12})], data),
        train([constant], data),
    )
    for W, expected in zip(slow.weights, usual.weights, strict=True):
        np.testing.assert_allclose(W, expected, rtol=0, atol=1e-10)


def test_runs_of_one_stack_may_grow_their_momentum_each_in_its_own_way():
    data = random_data(np.random.default_rng(0), n=20, d=3, classes=2)
    base = Hyperparameters(momentum=0.9, epochs=5, batch_size=5)
    ways = [{}, RAMP, {"momentum_ramp_epochs": 2}, {"momentum": 0.0}]
    runs = [replace(base, **way) for way in ways]
    together = train(runs, data)
    assert len({result.weights[0].tobytes() for result in together}) == 4
    for run, result in zip(runs, together, strict=True):
        [alone] = train([run], data)
        assert same_bits(result.weights, alone.weights)

"""Monitors show what a direct computation finds, one example at a time, from the weights at hand."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from nnexp.nn import MONITORS, Data, Examples, Hyperparameters, train
from nnexp.nn.runlog import HISTORY_METRICS, RunLog
from tests import reference
from tests.nn.driving import data_of, layers_of, norm, random_data, random_layers, read_only, stack_of

DATA = random_data(np.random.default_rng(0), n=30, d=4, classes=5, held_out=9)
NETWORK = random_layers(np.random.default_rng(1), [4, 6, 7, 5])
EVERY = tuple(name for name in MONITORS if name != "test")
BASE = Hyperparameters(
    hidden_layers=2, epochs=2, learning_rate=2.0, dtype="float64", monitor=EVERY, lambda_l2=3.0, dropout=0.3
)


def short_run(network: reference.Layers = NETWORK, data: Data = DATA, **knobs):
    """The history of a short run, and the networks before and after it."""
    [result] = train([replace(BASE, **knobs)], data, initial=stack_of([network]))
    return result.history, {0: network, -1: layers_of(result)}


@pytest.mark.parametrize(("output", "cost"), [*reference.PAIRS, reference.PERCEPTRON])
def test_gradient_norms_are_those_of_the_mean_data_cost(output, cost):
    """Per layer, before training and after: no penalty in them, and nothing dropped."""
    knobs = {"output": output, "cost": cost, "learning_rate": 0.1}
    if output == "step":
        knobs["hidden_layers"] = 0
    network = NETWORK if output != "step" else random_layers(np.random.default_rng(1), [4, 5])
    history, networks = short_run(network, **knobs)
    for row, network in networks.items():
        mean = [(0 * W, 0 * b) for W, b in network]
        for x, label in zip(*DATA.training, strict=True):
            one = reference.gradient(network, x, label, replace(BASE, **knobs))
            mean = [(W + V / 30, b + c / 30) for (W, b), (V, c) in zip(mean, one, strict=True)]
        for layer, (W, b) in enumerate(mean, start=1):
            assert history[f"gradient_norm_weight_{layer}"][row] == pytest.approx(
                np.sqrt((W**2).sum()), rel=1e-9
            )
            assert history[f"gradient_norm_bias_{layer}"][row] == pytest.approx(
                np.sqrt((b**2).sum()), rel=1e-9
            )


SATURATED = {
    "sigmoid": lambda z: abs(z) > 4,  # where the slope is below 7.1 % of its maximum
    "tanh": lambda z: abs(z) > 2,
    "relu": lambda z: z <= 0,
    "softplus": lambda z: 1 / (1 + np.exp(-z)) < 0.0707,
    "elu": lambda z: np.exp(z) < 0.0707,
    "arcsinh": lambda z: 1 / np.sqrt(1 + z * z) < 0.0707,
    "leaky_relu": lambda z: z <= 0,
    "silu": lambda z: abs(reference.ACTIVATIONS["silu"][1](z)) < 0.0707 * 1.09984,
    "gelu": lambda z: abs(reference.ACTIVATIONS["gelu"][1](z)) < 0.0707 * 1.129,
    "identity": lambda z: z != z,
}


@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_saturated_share_counts_units_on_the_flat_part(activation):
    """Over hidden units x training examples, layer by layer; large weights put many units there."""
    wide = [(8 * W, b) for W, b in NETWORK]
    history, _ = short_run(wide, activation=activation, learning_rate=1e-9)
    h = replace(BASE, activation=activation)
    zs = [reference.forward(wide, x, h)[0] for x in DATA.training.inputs]
    for layer in (1, 2):
        share = np.mean([SATURATED[activation](z[layer - 1]) for z in zs])
        assert history[f"saturated_share_{layer}"][0] == pytest.approx(share, abs=1e-12)
        assert (share > 0) == (activation != "identity")
    assert "saturated_share_3" not in history, "the output layer is not a hidden one"


def test_weight_norms_are_euclidean_and_leave_biases_out():
    history, networks = short_run()
    for row, network in networks.items():
        for layer, (W, b) in enumerate(network, start=1):
            expected = norm([(W, 0 * b)])
            assert history[f"weight_norm_{layer}"][row] == pytest.approx(expected, rel=1e-12)


def test_small_weights_are_within_a_hundredth_of_the_root_mean_square_of_their_layer():
    """Counted one by one; the same whatever a layer's weights are multiplied by, and 1 where all are 0."""
    rng = np.random.default_rng(3)
    first = rng.standard_normal((6, 4)) * rng.choice([1e-3, 1.0], (6, 4))
    network = [
        (first, NETWORK[0][1]),
        (100 * NETWORK[1][0], NETWORK[1][1]),
        (0 * NETWORK[2][0], NETWORK[2][1]),
    ]
    history, networks = short_run(network, learning_rate=0.1)
    for row, layers in networks.items():
        for layer, (W, _) in enumerate(layers, start=1):
            weights = W.ravel().tolist()
            scale = (sum(w * w for w in weights) / len(weights)) ** 0.5
            share = sum(abs(w) <= scale / 100 for w in weights) / len(weights)
            assert history[f"small_weights_{layer}"][row] == pytest.approx(share, abs=1e-12)
    assert 0 < history["small_weights_1"][0] < 1
    assert history["small_weights_3"][0] == 1
    scaled = [(8 * W, b) for W, b in network]
    assert short_run(scaled)[0]["small_weights_1"][0] == history["small_weights_1"][0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_normal_weights_eight_in_a_thousand_are_small_whatever_their_variance(dtype):
    data = random_data(np.random.default_rng(4), n=10, d=500, classes=3)
    for initializer in ("standard_normal", "lecun_normal"):
        h = replace(BASE, hidden_layers=1, hidden_size=400, initializer=initializer, dtype=dtype, epochs=1)
        [result] = train([h], data)
        assert result.history["small_weights_1"][0] == pytest.approx(0.00798, abs=4 * 0.0002)  # 4 sd


@pytest.mark.parametrize("weight", [1e160, 1e200])
def test_a_share_of_small_weights_whose_squares_overflow_is_missing(weight):
    huge = [(weight * W, b) for W, b in NETWORK]
    history, _ = short_run(huge, lambda_l2=0.0, learning_rate=1e-9, dropout=0.0)
    assert history["small_weights_1"][0] is None


def test_norms_of_updates_are_those_of_the_change_of_weights_over_an_epoch():
    """Against the weights that runs of 0, 1, 2 and 3 epochs leave behind; biases are left out."""
    for knobs in ({}, {"optimizer": "adam", "learning_rate": 0.01, "lambda_l1": 0.5}):
        networks = [NETWORK, *(short_run(epochs=epochs, **knobs)[1][-1] for epochs in (1, 2, 3))]
        history = short_run(epochs=3, **knobs)[0]
        assert history["epoch"] == [0, 1, 2, 3]
        for layer in (1, 2, 3):
            norms = history[f"update_norm_{layer}"]
            assert norms[0] == 0
            for norm_of_epoch, (before, after) in zip(norms[1:], pairwise(networks), strict=True):
                change = (after[layer - 1][0] - before[layer - 1][0]).ravel().tolist()
                assert norm_of_epoch == pytest.approx(sum(c * c for c in change) ** 0.5, rel=1e-9)


def test_a_norm_of_updates_is_of_one_epoch_where_not_each_is_evaluated():
    every, third = (short_run(epochs=6, evaluate_every=k)[0] for k in (1, 3))
    assert third["epoch"] == [0, 3, 6]
    assert third["update_norm_2"] == every["update_norm_2"][::3]


def test_norms_of_updates_survive_that_others_end():
    """Some runs of the stack diverge or stop early, and are cut out; the rest show what they show alone."""
    runs = [replace(BASE, epochs=5, seed=0, patience=patience) for patience in (0, 1, 0, 2)]
    runs[2] = replace(runs[2], learning_rate=1e200, lambda_l2=1e200)
    results = train(runs, DATA)
    assert len({result.epochs_done for result in results}) > 2
    for run, result in zip(runs, results, strict=True):
        [alone] = train([run], DATA)
        assert result.history["update_norm_1"] == alone.history["update_norm_1"]


def dead_by_hand(network: reference.Layers, data: Data) -> int:
    """The number of classes of which under a tenth of the validation examples are answered right."""
    dead = 0
    for label in set(data.validation.labels.tolist()):
        examples = [x for x, own in zip(*data.validation, strict=True) if own == label]
        answers = [int(reference.forward(network, x, BASE)[1][-1].argmax()) for x in examples]
        dead += 10 * answers.count(label) < len(examples)
    return dead


def test_a_class_is_dead_when_under_a_tenth_of_its_validation_examples_is_answered_right():
    data = random_data(np.random.default_rng(5), n=30, d=4, classes=5, held_out=200)
    counts = set()
    for seed in range(8):
        network = [(10 * W, b) for W, b in random_layers(np.random.default_rng(seed), [4, 6, 7, 5])]
        history, networks = short_run(network, data, output="softmax", cost="log_likelihood")
        for row, layers in networks.items():
            assert history["dead_classes"][row] == dead_by_hand(layers, data)
        counts |= set(history["dead_classes"])
    assert len(counts) > 2


@pytest.mark.parametrize(("right", "dead"), [(0, 1), (1, 1), (2, 0), (3, 0)])
def test_a_class_right_at_a_tenth_is_alive_and_one_without_examples_is_not_counted(right, dead):
    """Inputs 1 are answered 1 and inputs -1 are answered 0; 20 examples are ones, 4 zeros, none a two."""
    validation = data_of([[1.0]] * right + [[-1.0]] * (24 - right), [1] * 20 + [0] * 4, 3).validation
    data = data_of([[1.0], [-1.0]], [1, 0], 3)._replace(validation=validation)
    network = [(np.array([[-1.0], [1.0], [0.0]]), np.array([0.0, 0.0, -9.0]))]
    h = replace(BASE, hidden_layers=0, dropout=0.0, learning_rate=1e-9, epochs=1, batch_size=2)
    [result] = train([h], data, initial=stack_of([network]))
    assert result.history["dead_classes"] == [dead, dead]


def test_gradients_and_saturation_look_at_the_first_thousand_training_examples():
    rng = np.random.default_rng(2)
    inputs, labels = rng.standard_normal((1300, 4)), rng.integers(0, 5, 1300)
    inputs[1000:] *= 50  # would be seen in both
    more, first = (
        DATA._replace(training=Examples(read_only(inputs[:n]), read_only(labels[:n]))) for n in (1300, 1000)
    )
    history, expected = short_run(data=more)[0], short_run(data=first)[0]
    names = [name for name in history if name.startswith(("gradient_norm", "saturated_share"))]
    assert len(names) == 8
    assert all(history[name][0] == expected[name][0] for name in names)


def test_each_monitor_adds_its_own_columns_only():
    columns = {
        "gradient_norm": [
            f"gradient_norm_{kind}_{layer}" for kind in ("bias", "weight") for layer in (1, 2, 3)
        ],
        "saturated_share": ["saturated_share_1", "saturated_share_2"],
        "weight_norm": ["weight_norm_1", "weight_norm_2", "weight_norm_3"],
        "small_weights": ["small_weights_1", "small_weights_2", "small_weights_3"],
        "update_norm": ["update_norm_1", "update_norm_2", "update_norm_3"],
        "dead_classes": ["dead_classes"],
    }
    bare = list(short_run(monitor=())[0])
    for monitor, names in columns.items():
        assert list(short_run(monitor=(monitor,))[0]) == bare + names
    assert list(short_run()[0]) == bare + sorted(name for names in columns.values() for name in names)


def test_a_monitor_that_overflows_is_missing_and_ends_no_run():
    log = RunLog(0, Hyperparameters(monitor=("gradient_norm",)), np.zeros(3))
    metrics = dict.fromkeys([*HISTORY_METRICS, "penalty"], 0.5)
    log.add(1, np.zeros(3), metrics | {"gradient_norm_weight_1": np.inf})
    assert not log.ended
    assert log.history["gradient_norm_weight_1"] == [None]
    log.add(2, np.zeros(3), metrics | {"penalty": np.inf})
    assert log.status == "diverged"

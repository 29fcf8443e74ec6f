"""Monitors show what a direct computation finds, one example at a time, from the weights at hand."""

from dataclasses import replace

import numpy as np
import pytest

from nnexp.nn import Data, Examples, Hyperparameters, train
from nnexp.nn.runlog import HISTORY_METRICS, RunLog
from tests import reference
from tests.nn.driving import layers_of, norm, random_data, random_layers, read_only, stack_of

DATA = random_data(np.random.default_rng(0), n=30, d=4, classes=5, held_out=9)
NETWORK = random_layers(np.random.default_rng(1), [4, 6, 7, 5])
EVERY = ("gradient_norm", "saturated_share", "weight_norm", "dead_classes")
BASE = Hyperparameters(
    hidden_layers=2, epochs=2, learning_rate=2.0, dtype="float64", monitor=EVERY, lambda_l2=3.0, dropout=0.3
)


def short_run(network: reference.Layers = NETWORK, data: Data = DATA, **knobs):
    """The history of a short run, and the networks before and after it."""
    [result] = train([replace(BASE, **knobs)], data, initial=stack_of([network]))
    return result.history, {0: network, -1: layers_of(result)}


@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
def test_gradient_norms_are_those_of_the_mean_data_cost(output, cost):
    """Per layer, before training and after: no penalty in them, and nothing dropped."""
    history, networks = short_run(output=output, cost=cost, learning_rate=0.1)
    for row, network in networks.items():
        mean = [(0 * W, 0 * b) for W, b in network]
        for x, label in zip(*DATA.training, strict=True):
            one = reference.gradient(network, x, label, replace(BASE, output=output, cost=cost))
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


def test_dead_classes_are_output_units_that_win_no_validation_example():
    history, networks = short_run(output="softmax", cost="log_likelihood")
    for row, network in networks.items():
        winners = {int(reference.forward(network, x, BASE)[1][-1].argmax()) for x in DATA.validation.inputs}
        assert history["dead_classes"][row] == 5 - len(winners)
    one_winner = [*NETWORK[:-1], (0 * NETWORK[-1][0], np.array([0.0, 9, 0, 0, 0]))]
    assert short_run(one_winner)[0]["dead_classes"][0] == 4


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
    assert not log.diverged
    assert log.history["gradient_norm_weight_1"] == [None]
    log.add(2, np.zeros(3), metrics | {"penalty": np.inf})
    assert log.diverged

"""`predict` is the network's own forward pass."""

from itertools import product

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.nn import Hyperparameters, Model, outputs_of, predict, train
from tests import reference
from tests.nn.driving import layers_of, random_data

DATA = random_data(np.random.default_rng(0), n=20, d=3, classes=4)


@pytest.mark.parametrize(("output", "cost"), reference.PAIRS)
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_predict_is_the_network_s_own_forward_pass(activation, output, cost):
    """One example at a time; and its winners give the accuracy that training saw."""
    h = Hyperparameters(
        activation=activation, output=output, cost=cost, epochs=1, hidden_layers=2, hidden_size=4,
        learning_rate=0.01, dtype="float64",
    )  # fmt: skip
    [result] = train([h], DATA)
    outputs = predict(result.weights, result.biases, DATA.test.inputs, activation=activation, output=output)
    expected = [reference.forward(layers_of(result), x, h)[1][-1] for x in DATA.test.inputs]
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-14)
    assert (outputs.argmax(axis=1) == DATA.test.labels).mean() == result.test_accuracy
    said = outputs_of(Model(result.weights, result.biases, h), DATA.test.inputs)
    assert said.tobytes() == outputs.tobytes()


def test_a_layer_of_perceptrons_answers_with_its_strongest_weighted_input():
    """Where several fire, or none, the first class would win all ties of 0s and 1s."""
    h = Hyperparameters(output="step", cost="perceptron", hidden_layers=0, epochs=1, dtype="float64")
    data = random_data(np.random.default_rng(0), n=20, d=3, classes=4, held_out=100)
    [result] = train([h], data)
    model = Model(result.weights, result.biases, h)
    z = np.array([result.weights[0] @ x + result.biases[0] for x in data.test.inputs])
    np.testing.assert_allclose(outputs_of(model, data.test.inputs), z, rtol=1e-12)
    fired = predict(*model[:2], data.test.inputs, output="step")
    np.testing.assert_array_equal(fired, z > 0)
    assert {0, 2} < set(fired.sum(axis=1)), "there must be ties of both kinds"
    assert (z.argmax(axis=1) == data.test.labels).mean() == result.test_accuracy
    assert (fired.argmax(axis=1) == data.test.labels).mean() != result.test_accuracy


def test_predict_computes_in_the_dtype_of_the_weights_and_leaves_its_inputs_alone():
    network = [np.ones((2, 3), np.float32)], [np.ones(2, np.float32)]
    assert predict(*network, DATA.test.inputs).dtype == np.float32  # inputs are read-only


@pytest.mark.parametrize("kind", ["activation", "output"])
def test_predict_refuses_an_unknown_name(kind):
    network = [np.ones((2, 3))], [np.ones(2)]
    with pytest.raises(UserError, match=f"unknown {kind} 'sigmoidd'; did you mean 'sigmoid'"):
        predict(*network, DATA.test.inputs, **{kind: "sigmoidd"})


def test_a_perceptron_computes_nand():
    """The book's: weights -2, -2, bias 3 (ch. 1); a step neuron that gets exactly 0 does not fire (eq. 2)."""
    rows = np.array(list(product([0, 1], repeat=2)), float)
    nand = predict([np.array([[-2.0, -2.0]])], [np.array([3.0])], rows, output="step")
    assert nand.ravel().tolist() == [1, 1, 1, 0]
    assert predict([np.array([[1.0]])], [np.array([0.0])], np.array([[0.0]]), output="step").item() == 0

"""The book's own model files: what network2.py writes is read, and what it reads is written."""

import json

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.nn import Hyperparameters, Model, read_book_model, write_book_model
from tests.nn.driving import random_layers, same_bits


def network(**knobs) -> Model:
    """A 3-5-4 network."""
    weights, biases = zip(*random_layers(np.random.default_rng(0), [3, 5, 4]), strict=True)
    return Model(list(weights), list(biases), Hyperparameters(hidden_size=5, dtype="float64", **knobs))


# 2-3-2: the book's network2.py writes columns for biases.
BOOK = """{"sizes": [2, 3, 2],
 "weights": [[[1, 2], [3, 4], [5, -6.5]], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]],
 "biases": [[[1], [2], [-3]], [[0.25], [-0.25]]], "cost": "CrossEntropyCost"}"""


def test_the_book_s_file_is_read(tmp_path):
    (tmp_path / "net.json").write_text(BOOK)
    model = read_book_model(tmp_path / "net.json")
    assert [W.tolist() for W in model.weights] == [
        [[1, 2], [3, 4], [5, -6.5]],
        [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]],
    ]
    assert [b.tolist() for b in model.biases] == [[1, 2, -3], [0.25, -0.25]]
    assert {array.dtype for array in model.weights + model.biases} == {np.dtype("float64")}
    h = model.hyperparameters
    assert (h.hidden_layers, h.hidden_size, h.activation, h.output) == (1, 3, "sigmoid", "sigmoid")
    assert (h.cost, h.dtype) == ("cross_entropy", "float64")
    (tmp_path / "net.json").write_text(BOOK.replace("CrossEntropyCost", "QuadraticCost"))
    assert read_book_model(tmp_path / "net.json").hyperparameters.cost == "quadratic"


@pytest.mark.parametrize(
    ("cost", "name"), [("cross_entropy", "CrossEntropyCost"), ("quadratic", "QuadraticCost")]
)
def test_the_book_s_file_is_written(tmp_path, cost, name):
    model = network(cost=cost)
    write_book_model(tmp_path / "net.json", model)
    content = json.loads((tmp_path / "net.json").read_text())
    assert (content["sizes"], content["cost"]) == ([3, 5, 4], name)
    assert np.array(content["biases"][0]).shape == (5, 1)
    assert same_bits([np.array(W) for W in content["weights"]], model.weights)
    again = read_book_model(tmp_path / "net.json")
    assert same_bits(again.weights + again.biases, model.weights + model.biases)


@pytest.mark.parametrize(
    "knobs", [{"activation": "tanh"}, {"output": "softmax", "cost": "log_likelihood"}], ids=str
)
def test_the_book_s_file_holds_sigmoid_networks_only(tmp_path, knobs):
    with pytest.raises(UserError, match="the book's file holds sigmoid networks only, got activation="):
        write_book_model(tmp_path / "net.json", network(**knobs))
    assert not (tmp_path / "net.json").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"cost": "CrossEntropyCost"', '"cost": "HingeCost"'),
        ('"sizes": [2, 3, 2]', '"size": [2, 3, 2]'),
        ('"sizes": [2, 3, 2]', '"sizes": 3'),
        ('"sizes": [2, 3, 2]', '"sizes": [2, 4, 2]'),
        ("[1, 2], [3, 4]", "[1, 2], [3]"),
        ("[[1], [2], [-3]]", "[1, 2, -3]"),
        ("[[1], [2], [-3]]", "[[1], [2]]"),
        ("}", ""),
        (BOOK, "[]"),
    ],
)
def test_a_file_that_is_not_the_book_s_is_refused_by_name(tmp_path, old, new):
    path = tmp_path / "net.json"
    path.write_text(BOOK.replace(old, new))
    with pytest.raises(UserError) as error:
        read_book_model(path)
    assert str(error.value).startswith(f"{path} must ")
    assert "\n" not in str(error.value)

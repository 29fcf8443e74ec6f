"""Replay of the book: its scripts' recorded figures come out again, digit for digit.

The book's weights (NumPy's legacy generator) and its shuffles (Python 2.7's) go in through `initial` and
`order`; the core does the rest, or the compiled one, in float64. Recorded figures: `book_curves.json`, which
names their source.
A miniature on the first 100 training and test images, `mnist_100.npz`, is replayed with the everyday tests.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nnexp.data import DataSpec, load
from nnexp.nn import Data, Examples, History, Hyperparameters, train
from tests.nn.driving import read_only

MNIST = Path(os.environ.get("NNEXP_DATA", "")) / "mnist"
HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "book_curves.json").read_text(encoding="utf-8"))
SIZES = (784, 30, 10)
SEED = 12345678  # of every seeded script of the book
Layers = list[tuple[np.ndarray, np.ndarray]]


def on_all_images(test: Callable) -> Callable:
    """Takes minutes, and MNIST."""
    there = "NNEXP_DATA" in os.environ and MNIST.is_dir()
    reason = "the replay needs MNIST: set NNEXP_DATA to the folder that holds mnist/"
    return pytest.mark.slow(pytest.mark.skipif(not there, reason=reason)(test))


@pytest.fixture(scope="module")
def mnist() -> Data:
    return load(DataSpec(name="mnist")).data


class Script:
    """The two generators of a script of the book, from its first lines on."""

    def __init__(self) -> None:
        self.numpy, self.python = np.random.RandomState(SEED), random.Random(SEED)

    def weights(self, *, large: bool) -> Layers:
        """network2.py: all biases, then all weights; the default divides these by the root of fan_in."""
        biases = [self.numpy.randn(fan_out, 1) for fan_out in SIZES[1:]]
        weights = [self.numpy.randn(fan_out, fan_in) for fan_in, fan_out in pairwise(SIZES)]
        if not large:
            weights = [W / np.sqrt(W.shape[1]) for W in weights]
        return [(W[np.newaxis], b.reshape(1, 1, -1)) for W, b in zip(weights, biases, strict=True)]

    def orders(self, index: list[int], epochs: int) -> Iterator[list[int]]:
        """random.shuffle of Python 2.7, in place, once per epoch."""
        for _ in range(epochs):
            for i in range(len(index) - 1, 0, -1):
                j = int(self.python.random() * (i + 1))
                index[i], index[j] = index[j], index[i]
            yield list(index)


def first(data: Data, n: int) -> Data:
    return data._replace(training=Examples(data.training.inputs[:n], data.training.labels[:n]))


def correct(history: History, part: str, n: int) -> list[int]:
    return [round(accuracy * n) for accuracy in history[f"{part}_accuracy"]]


def costs(history: History, part: str, n: int, evaluated: int) -> np.ndarray:
    """The book divides the penalty of the cost that it records by the number of examples evaluated."""
    return np.array(history[f"{part}_cost"]) + np.array(history["penalty"]) * n / evaluated


@pytest.fixture(params=["numpy", "jax"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "jax":
        pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")
    return request.param


def replay_overfitting(mnist: Data, n: int, epochs: int, lambda_l2: float, engine: str) -> History:
    """overfitting.py: 784-30-10, large weights (the default ones are drawn before and thrown away)."""
    script = Script()
    script.weights(large=False)
    common = {"dtype": "float64", "monitor": ("test",), "engine": engine}
    h = Hyperparameters(epochs=epochs, lambda_l2=lambda_l2, **common)
    initial, orders = script.weights(large=True), script.orders(list(range(n)), epochs)
    data = first(mnist, n)._replace(validation=Examples(mnist.test.inputs[:1], mnist.test.labels[:1]))
    [result] = train([h], data, initial=initial, order=orders)
    return result.history


@pytest.fixture(scope="module")
def first_images() -> Data:
    with np.load(HERE / "mnist_100.npz", allow_pickle=False) as file:
        training, test = (
            Examples(read_only(file[f"{part}_images"] / 256), file[f"{part}_labels"])
            for part in ("training", "test")
        )
    return Data(training, test, test, n_classes=10)


@pytest.mark.parametrize(
    ("name", "large", "knobs"),
    [
        ("overfitting", True, {}),
        ("regularized", False, {"lambda_l2": 0.1}),
        ("quadratic", True, {"cost": "quadratic"}),
    ],
)
def test_the_miniature(first_images, name, large, knobs, engine):
    """Ten epochs on 100 images: every accuracy is equal, every cost to 1e-12."""
    recorded, script = RECORDED["mnist_100"][name], Script()
    initial = script.weights(large=False)
    if large:
        initial = script.weights(large=True)
    h = Hyperparameters(epochs=10, dtype="float64", monitor=("test",), engine=engine, **knobs)
    [result] = train([h], first_images, initial=initial, order=script.orders(list(range(100)), 10))
    for part in ("test", "training"):
        assert correct(result.history, part, 100) == recorded[f"{part}_accuracy"]
        values = costs(result.history, part, 100, 100)
        np.testing.assert_allclose(values, recorded[f"{part}_cost"], rtol=0, atol=1e-12)


@on_all_images
def test_overfitting(mnist, engine):
    """400 epochs on 1,000 images: every accuracy is equal, every cost to 1e-12."""
    recorded = RECORDED["overfitting"]
    history = replay_overfitting(mnist, 1000, 400, 0.0, engine)
    assert correct(history, "test", 10_000) == recorded["test_accuracy"]
    assert correct(history, "training", 1000) == recorded["train_accuracy"]
    np.testing.assert_allclose(history["test_cost"], recorded["test_cost"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(history["training_cost"], recorded["train_cost"], rtol=0, atol=1e-12)


@on_all_images
def test_overfitting_full(mnist, engine):
    """Two epochs on all images: after them, rounding decides which way the weights go."""
    recorded = RECORDED["overfitting_full"]
    history = replay_overfitting(mnist, 50_000, 2, 0.0, engine)
    assert correct(history, "test", 10_000) == recorded["test_accuracy"]
    assert correct(history, "training", 50_000) == recorded["train_accuracy"]
    np.testing.assert_allclose(history["test_cost"], recorded["test_cost"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(history["training_cost"], recorded["train_cost"], rtol=0, atol=1e-9)


@on_all_images
def test_regularized_full(mnist, engine):
    """30 epochs on all images with lambda 5: NumPy has every test accuracy, and all else to rounding.

    Rounding grows on the way from 1e-13 of a cost to some 1e-5, so that an image at the border may change
    sides: where the first weights differ in their last bit alone, NumPy, too, misses one more in epoch 26.
    """
    recorded, n = RECORDED["regularized_full"], 50_000
    history = replay_overfitting(mnist, n, 30, 5.0, engine)
    images, cost = {"numpy": (0, 1e-5), "jax": (1, 5e-5)}[engine]
    for part, size, name, apart in (("test", 10_000, "test", images), ("training", n, "train", 1)):
        counts = correct(history, part, size)
        np.testing.assert_allclose(counts, recorded[f"{name}_accuracy"], rtol=0, atol=apart)
        values = costs(history, part, n, size)
        np.testing.assert_allclose(values, recorded[f"{name}_cost"], rtol=0, atol=cost)


@on_all_images
def test_weight_initialization_30(mnist, engine):
    """weight_initialization.py: default, then large weights; the images stay shuffled in between."""
    script, index = Script(), list(range(50_000))
    nets = [script.weights(large=large) for large in (False, True)]
    initial = [
        tuple(np.concatenate(arrays) for arrays in zip(*layer, strict=True))
        for layer in zip(*nets, strict=True)
    ]
    order = np.array([list(script.orders(index, 30)) for _ in nets])
    h = Hyperparameters(learning_rate=0.1, lambda_l2=5.0, dtype="float64", engine=engine)
    for name, result in zip(
        ("default", "large"), train([h, h], mnist, initial=initial, order=order), strict=True
    ):
        assert correct(result.history, "validation", 10_000) == RECORDED["weight_initialization_30"][name]


@on_all_images
def test_more_data(mnist, engine):
    """more_data.py: large weights anew for each size, 150,000 updates each, lambda = n / 10,000."""
    script, recorded = Script(), RECORDED["more_data"]
    script.weights(large=False)
    accuracies = []
    for n in recorded["size"]:
        epochs = 1_500_000 // n
        common = {"dtype": "float64", "evaluate_every": 0, "engine": engine}
        h = Hyperparameters(epochs=epochs, lambda_l2=n * 0.0001, **common)
        initial, orders = script.weights(large=True), script.orders(list(range(n)), epochs)
        [result] = train([h], first(mnist, n), initial=initial, order=orders)
        accuracies += [count / 100 for count in correct(result.history, "validation", 10_000)]
    assert accuracies == recorded["val_acc"]

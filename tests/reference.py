"""A slow, obvious oracle: the book's algorithm (`nnexp.nn.plain`) with every function from its definition.

Independent of the fast core on purpose: slopes f' are written in z, and the output error comes from BP1 in
full: the Jacobian of the output layer times dC/da, with nothing cancelled by hand. `h` is anything with the
names of the hyperparameters.
"""

from collections.abc import Callable, Iterable
from math import pi
from typing import Any

import numpy as np

from nnexp.nn import plain
from nnexp.nn.plain import Layers


def sigma(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum()


def gelu(z: np.ndarray) -> np.ndarray:
    return z / 2 * (1 + np.tanh(np.sqrt(2 / pi) * (z + 0.044715 * z**3)))


def gelu_slope(z: np.ndarray) -> np.ndarray:
    u = np.sqrt(2 / pi) * (z + 0.044715 * z**3)
    return (1 + np.tanh(u)) / 2 + z / 2 * (1 - np.tanh(u) ** 2) * np.sqrt(2 / pi) * (1 + 3 * 0.044715 * z**2)


# name -> f(z), f'(z)
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (sigma, lambda z: sigma(z) * (1 - sigma(z))),
    "tanh": (lambda z: 2 * sigma(2 * z) - 1, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1, 0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, z / 100), lambda z: np.where(z > 0, 1, 0.01)),
    "softplus": (lambda z: np.log(1 + np.exp(z)), sigma),
    "elu": (lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z: np.where(z > 0, 1, np.exp(z))),
    "arcsinh": (lambda z: np.log(z + np.sqrt(z * z + 1)), lambda z: 1 / np.sqrt(z * z + 1)),
    "silu": (lambda z: z / (1 + np.exp(-z)), lambda z: sigma(z) + z * sigma(z) * sigma(-z)),
    "gelu": (gelu, gelu_slope),
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
}
# name -> a(z), da/dz (C, C) written in a
OUTPUTS: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (sigma, lambda a: np.diag(a * (1 - a))),
    "softmax": (softmax, lambda a: np.diag(a) - np.outer(a, a)),
    "identity": (lambda z: z, lambda a: np.eye(len(a))),
    "step": (lambda z: z, lambda a: np.eye(len(a))),  # the perceptron's cost is written in z, and z decides
}
# name -> C(a, y), dC/da
COSTS: dict[str, tuple[Callable, Callable]] = {
    "quadratic": (lambda a, y: ((a - y) ** 2).sum() / 2, lambda a, y: a - y),
    "cross_entropy": (
        lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(),
        lambda a, y: (1 - y) / (1 - a) - y / a,
    ),
    "log_likelihood": (lambda a, y: -np.log(a[y == 1]).sum(), lambda a, y: -y / a),
    "perceptron": (
        lambda z, y: sum(abs(z_j) for z_j, y_j in zip(z, y, strict=True) if (z_j > 0) != (y_j == 1)),
        lambda z, y: np.where(z > 0, 1.0, 0.0) - y,
    ),
}
PAIRS = (
    ("sigmoid", "cross_entropy"),
    ("sigmoid", "quadratic"),
    ("softmax", "log_likelihood"),
    ("identity", "quadratic"),
)
PERCEPTRON = ("step", "perceptron")  # in a single layer only


def one_hot(label: int, classes: int) -> np.ndarray:
    return np.array([1.0 if j == label else 0.0 for j in range(classes)])


def units(h: Any) -> plain.Units:
    """What the units of a network with these hyperparameters compute."""
    (f, f_prime), (output, jacobian) = ACTIVATIONS[h.activation], OUTPUTS[h.output]
    cost_slope = COSTS[h.cost][1]
    return plain.Units(f, f_prime, output, lambda a, y: jacobian(a).T @ cost_slope(a, y))


def forward(layers: Layers, x: np.ndarray, h: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Every z, and every layer's input followed by the output a^L."""
    return plain.feedforward(layers, x, units(h))


def gradient(layers: Layers, x: np.ndarray, label: int, h: Any) -> Layers:
    """dC/dW and dC/db for one example."""
    return plain.backprop(layers, x, one_hot(label, len(layers[-1][1])), units(h))


def cost(layers: Layers, inputs: np.ndarray, labels: np.ndarray, h: Any) -> float:
    """Mean data cost over the examples."""
    total = 0.0
    for x, label in zip(inputs, labels, strict=True):
        a = forward(layers, x, h)[1][-1]
        total += COSTS[h.cost][0](a, one_hot(label, len(a)))
    return total / len(labels)


def accuracy(layers: Layers, inputs: np.ndarray, labels: np.ndarray, h: Any) -> float:
    right = [forward(layers, x, h)[1][-1].argmax() == label for x, label in zip(inputs, labels, strict=True)]
    return sum(right) / len(right)


def penalty(layers: Layers, h: Any, n: int) -> float:
    squares = sum((W**2).sum() for W, _ in layers)
    sizes = sum(np.abs(W).sum() for W, _ in layers)
    return h.lambda_l2 / (2 * n) * squares + h.lambda_l1 / n * sizes


def train(
    layers: Layers, inputs: np.ndarray, labels: np.ndarray, orders: Iterable[Any], h: Any
) -> list[Layers]:
    """The network after each epoch of `orders (epochs, n)`."""
    examples = [(x, one_hot(label, len(layers[-1][1]))) for x, label in zip(inputs, labels, strict=True)]
    return list(plain.train(layers, examples, orders, h, units(h)))

"""A slow, obvious oracle: the book's algorithm, one example and one equation at a time.

Independent of the core on purpose. A network is a list of layers `(W (fan_out, fan_in), b (fan_out,))`; the
slope f' is written in z, and the output error comes from BP1 in full: the Jacobian of the output layer times
dC/da, with nothing cancelled by hand. `h` is anything with the names of the hyperparameters.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Layers = list[tuple[np.ndarray, np.ndarray]]


def sigma(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum()


# name -> f(z), f'(z)
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (sigma, lambda z: sigma(z) * (1 - sigma(z))),
    "tanh": (lambda z: 2 * sigma(2 * z) - 1, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1, 0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, z / 100), lambda z: np.where(z > 0, 1, 0.01)),
    "softplus": (lambda z: np.log(1 + np.exp(z)), sigma),
    "elu": (lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z: np.where(z > 0, 1, np.exp(z))),
    "arcsinh": (lambda z: np.log(z + np.sqrt(z * z + 1)), lambda z: 1 / np.sqrt(z * z + 1)),
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
}
# name -> a(z), da/dz (C, C) written in a
OUTPUTS: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (sigma, lambda a: np.diag(a * (1 - a))),
    "softmax": (softmax, lambda a: np.diag(a) - np.outer(a, a)),
    "identity": (lambda z: z, lambda a: np.eye(len(a))),
}
# name -> C(a, y), dC/da
COSTS: dict[str, tuple[Callable, Callable]] = {
    "quadratic": (lambda a, y: ((a - y) ** 2).sum() / 2, lambda a, y: a - y),
    "cross_entropy": (
        lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(),
        lambda a, y: (1 - y) / (1 - a) - y / a,
    ),
    "log_likelihood": (lambda a, y: -np.log(a[y == 1]).sum(), lambda a, y: -y / a),
}
PAIRS = (
    ("sigmoid", "cross_entropy"),
    ("sigmoid", "quadratic"),
    ("softmax", "log_likelihood"),
    ("identity", "quadratic"),
)


def one_hot(label: int, classes: int) -> np.ndarray:
    return np.array([1.0 if j == label else 0.0 for j in range(classes)])


def forward(
    layers: Layers, x: np.ndarray, h: Any, masks: Sequence[np.ndarray] | None = None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Every z, and every layer's input followed by the output a^L; `masks` multiply hidden activations."""
    zs, activations = [], [x]
    for layer, (W, b) in enumerate(layers):
        z = W @ activations[-1] + b
        if layer == len(layers) - 1:
            a = OUTPUTS[h.output][0](z)
        else:
            a = ACTIVATIONS[h.activation][0](z) * (masks[layer] if masks else 1)
        zs.append(z)
        activations.append(a)
    return zs, activations


def gradient(layers: Layers, x: np.ndarray, label: int, h: Any, masks: Any = None) -> Layers:
    """dC/dW and dC/db for one example: BP1 to BP4."""
    zs, activations = forward(layers, x, h, masks)
    a = activations[-1]
    y = one_hot(label, len(a))
    delta = OUTPUTS[h.output][1](a).T @ COSTS[h.cost][1](a, y)
    grads = [(np.outer(delta, activations[-2]), delta)]
    for layer in range(len(layers) - 2, -1, -1):
        slope = ACTIVATIONS[h.activation][1](zs[layer]) * (masks[layer] if masks else 1)
        delta = (layers[layer + 1][0].T @ delta) * slope
        grads.insert(0, (np.outer(delta, activations[layer]), delta))
    return grads


def cost(layers: Layers, inputs: np.ndarray, labels: np.ndarray, h: Any, masks: Any = None) -> float:
    """Mean data cost over the examples; with `masks`, all examples pass through the same ones."""
    total = 0.0
    for x, label in zip(inputs, labels, strict=True):
        a = forward(layers, x, h, masks)[1][-1]
        total += COSTS[h.cost][0](a, one_hot(label, len(a)))
    return total / len(labels)


def accuracy(layers: Layers, inputs: np.ndarray, labels: np.ndarray, h: Any) -> float:
    right = [forward(layers, x, h)[1][-1].argmax() == label for x, label in zip(inputs, labels, strict=True)]
    return sum(right) / len(right)


def penalty(layers: Layers, h: Any, n: int) -> float:
    squares = sum((W**2).sum() for W, _ in layers)
    sizes = sum(np.abs(W).sum() for W, _ in layers)
    return h.lambda_l2 / (2 * n) * squares + h.lambda_l1 / n * sizes


def sgd_step(
    layers: Layers, velocities: Layers, inputs: np.ndarray, labels: np.ndarray, h: Any, n: int
) -> tuple[Layers, Layers]:
    """One step of the book's SGD: v -> mu v - eta grad J, w -> w + v; n is the size of the training set."""
    total = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
    for x, label in zip(inputs, labels, strict=True):
        for (sum_W, sum_b), (gW, gb) in zip(total, gradient(layers, x, label, h), strict=True):
            sum_W += gW
            sum_b += gb
    m, moved, kept = len(labels), [], []
    for (W, b), (vW, vb), (gW, gb) in zip(layers, velocities, total, strict=True):
        gJ = gW / m + h.lambda_l2 / n * W + h.lambda_l1 / n * np.sign(W)
        vW, vb = h.momentum * vW - h.learning_rate * gJ, h.momentum * vb - h.learning_rate * gb / m
        moved.append((W + vW, b + vb))
        kept.append((vW, vb))
    return moved, kept


def train(layers: Layers, inputs: np.ndarray, labels: np.ndarray, order: np.ndarray, h: Any) -> list[Layers]:
    """The network after each epoch of `order (epochs, n)`."""
    velocities = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
    after = []
    for epoch in order:
        for start in range(0, len(epoch), h.batch_size):
            batch = epoch[start : start + h.batch_size]
            layers, velocities = sgd_step(layers, velocities, inputs[batch], labels[batch], h, len(epoch))
        after.append(layers)
    return after

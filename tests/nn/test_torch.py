"""PyTorch agrees: autograd on every gradient and cost, torch.optim on every optimizer."""

from functools import partial

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, predict, train
from tests.nn.driving import gradient, hessian_product, one_step, random_data, random_layers, stack_of
from tests.reference import PAIRS, Layers

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e .[oracle]")
F = torch.nn.functional

TOLERANCE = 1e-10
ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "softplus": F.softplus,
    "elu": F.elu,
    "arcsinh": torch.asinh,
    "silu": F.silu,
    "gelu": partial(F.gelu, approximate="tanh"),
    "identity": lambda z: z,
}
OUTPUTS = {"sigmoid": torch.sigmoid, "softmax": partial(torch.softmax, dim=1), "identity": lambda z: z}


def half_square(a, y):
    return F.mse_loss(a, y, reduction="sum") / (2 * len(a))


COSTS = {  # mean over the examples, from logits
    ("sigmoid", "cross_entropy"): lambda z, y: F.binary_cross_entropy_with_logits(z, y) * z.shape[1],
    ("sigmoid", "quadratic"): lambda z, y: half_square(torch.sigmoid(z), y),
    ("softmax", "log_likelihood"): lambda z, y: F.cross_entropy(z, y.argmax(dim=1)),
    ("identity", "quadratic"): half_square,
}
# torch's momentum, v' = mu v + grad and w -= eta v', is the book's with v / -eta: equal while eta is fixed.
OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "nesterov": partial(torch.optim.SGD, nesterov=True),
    "rmsprop": partial(torch.optim.RMSprop, alpha=0.9, eps=1e-8),
    "adam": partial(torch.optim.Adam, betas=(0.9, 0.999), eps=1e-8),
    "adamw": partial(torch.optim.AdamW, betas=(0.9, 0.999), eps=1e-8),
}


def tensors(network: Layers) -> list:
    """[W1, b1, W2, b2, ...] as leaves that collect gradients."""
    return [torch.tensor(array, requires_grad=True) for layer in network for array in layer]


def logits(parameters: list, inputs: torch.Tensor, activation: str) -> torch.Tensor:
    a = inputs
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        a = ACTIVATIONS[activation](F.linear(a, W, b))
    return F.linear(a, *parameters[-2:])


def data_cost(parameters: list, part, classes: int, h: Hyperparameters) -> torch.Tensor:
    y = F.one_hot(torch.tensor(part.labels), classes).double()
    return COSTS[h.output, h.cost](logits(parameters, torch.tensor(part.inputs), h.activation), y)


def penalty(parameters: list, h: Hyperparameters, n: int) -> torch.Tensor:
    weights = parameters[::2]
    l2 = h.lambda_l2 / (2 * n) * sum((W**2).sum() for W in weights)
    return l2 + h.lambda_l1 / n * sum(W.abs().sum() for W in weights)


def assert_close(arrays, expected) -> None:
    for array, tensor in zip(arrays, expected, strict=True):
        np.testing.assert_allclose(array, tensor.detach().numpy(), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize(("output", "cost"), PAIRS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_autograd_finds_the_same_costs_gradients_and_outputs(activation, output, cost, depth):
    knobs = {"activation": activation, "output": output, "cost": cost, "lambda_l2": 0.3, "lambda_l1": 0.2}
    h, rng = Hyperparameters(**knobs), np.random.default_rng(depth)
    data, network = random_data(rng, n=6, d=4, classes=3), random_layers(rng, [4, *[5] * depth, 3])
    [result] = one_step([network], data, **knobs)
    parameters = tensors(network)
    C, R = data_cost(parameters, data.training, 3, h), penalty(parameters, h, 6)
    (C + R).backward()
    assert_close(
        [array for layer in gradient(network, result) for array in layer], [p.grad for p in parameters]
    )
    assert_close([result.history["training_cost"][0], result.history["penalty"][0]], [C, R])
    assert_close([result.history["validation_cost"][0]], [data_cost(parameters, data.validation, 3, h)])
    inputs = torch.tensor(data.test.inputs)
    outputs = predict(*zip(*network, strict=True), data.test.inputs, activation=activation, output=output)
    assert_close([outputs], [OUTPUTS[output](logits(parameters, inputs, activation))])


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize(("output", "cost"), PAIRS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_autograd_finds_the_same_products_with_the_hessian(activation, output, cost, depth):
    h = Hyperparameters(activation=activation, output=output, cost=cost)
    rng = np.random.default_rng(depth)
    data = random_data(rng, n=6, d=4, classes=3)
    network, way = (random_layers(rng, [4, *[5] * depth, 3]) for _ in range(2))
    _, expected = torch.autograd.functional.hvp(
        lambda *parameters: data_cost(parameters, data.training, 3, h),
        *map(tuple, map(tensors, (network, way))),
    )
    product = hessian_product(network, way, data.training, 3, h)
    for array, tensor in zip([array for layer in product for array in layer], expected, strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("lambda_l1", [0.0, 0.2])
@pytest.mark.parametrize("lambda_l2", [0.0, 0.5])
@pytest.mark.parametrize(
    ("optimizer", "memory", "in_torch"),
    [
        ("sgd", {}, {}),
        ("sgd", {"momentum": 0.7}, {"momentum": 0.7}),
        ("nesterov", {"momentum": 0.7}, {"momentum": 0.7}),
        ("rmsprop", {}, {}),
        ("rmsprop", {"rmsprop_rho": 0.6}, {"alpha": 0.6}),
        ("rmsprop", {"rmsprop_rho": 0.0}, {"alpha": 0.0}),
        ("adam", {}, {}),
        ("adam", {"adam_beta1": 0.5, "adam_beta2": 0.8}, {"betas": (0.5, 0.8)}),
        ("adam", {"adam_beta1": 0.0}, {"betas": (0.0, 0.999)}),
        ("adamw", {}, {}),
        ("adamw", {"adam_beta1": 0.0, "adam_beta2": 0.95}, {"betas": (0.0, 0.95)}),
    ],
    ids=str,
)
def test_torch_optim_walks_the_same_way(optimizer, memory, in_torch, lambda_l2, lambda_l1):
    """Four epochs of ten examples in batches of four. L2 is torch's weight_decay = lambda/n on weights."""
    knobs = {"optimizer": optimizer, "lambda_l2": lambda_l2, "lambda_l1": lambda_l1} | memory
    h = Hyperparameters(
        activation="tanh", learning_rate=0.01, batch_size=4, epochs=4, dtype="float64", **knobs
    )
    rng = np.random.default_rng(0)
    data, network = random_data(rng, n=10, d=4, classes=3), random_layers(rng, [4, 6, 2, 3])
    order = np.array([rng.permutation(10) for _ in range(h.epochs)])
    [result] = train([h], data, initial=stack_of([network]), order=order)

    parameters = tensors(network)
    groups = [{"params": parameters[::2], "weight_decay": lambda_l2 / 10}, {"params": parameters[1::2]}]
    steps = OPTIMIZERS[optimizer](groups, **{"lr": h.learning_rate, "weight_decay": 0.0} | in_torch)
    without_l2 = Hyperparameters(lambda_l1=lambda_l1)
    for epoch in order:
        for start in range(0, 10, 4):
            batch = epoch[start : start + 4]
            part = type(data.training)(data.training.inputs[batch], data.training.labels[batch])
            steps.zero_grad()
            (data_cost(parameters, part, 3, h) + penalty(parameters, without_l2, 10)).backward()
            steps.step()
    assert_close(result.weights, parameters[::2])
    assert_close(result.biases, parameters[1::2])

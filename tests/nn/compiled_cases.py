"""Stacks that train in the core and compiled, and how far apart they end."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from nnexp.nn import Data, Hyperparameters, Result, compiled, train
from tests.nn.driving import random_data
from tests.reference import ACTIVATIONS, PAIRS, PERCEPTRON

OPTIMIZERS = {
    "sgd": {"learning_rate": 0.1},
    "momentum": {"learning_rate": 0.05, "momentum": 0.6},
    "nesterov": {"learning_rate": 0.05, "momentum": 0.6},
    "rmsprop": {"learning_rate": 0.005, "rmsprop_rho": 0.8},
    "adam": {"learning_rate": 0.01, "adam_beta1": 0.8},
    "adamw": {"learning_rate": 0.01, "adam_beta2": 0.99},
}
REGULARISERS: tuple[dict[str, float], ...] = (
    {},
    {"lambda_l2": 0.5},
    {"lambda_l1": 0.1},
    {"lambda_l2": 0.3, "lambda_l1": 0.05, "max_norm": 1.0},
    {"max_norm": 0.7, "seed": 1},
)
# 50 examples in mini-batches of 7: eight steps in an epoch, the last with a single example; 200 in all.
COMMON = {"hidden_size": [5, 4], "batch_size": 7, "epochs": 25}


class Case(NamedTuple):
    """Activation, output with its cost, optimizer: a stack of all regularisers."""

    activation: str
    output: tuple[str, str]
    optimizer: str

    def runs(self, dtype: str) -> list[Hyperparameters]:
        """The stack; the first has no regulariser."""
        output, cost = self.output
        name = "sgd" if self.optimizer == "momentum" else self.optimizer
        common: dict[str, Any] = COMMON | OPTIMIZERS[self.optimizer] | {"optimizer": name, "dtype": dtype}
        common |= {"activation": self.activation, "output": output, "cost": cost}
        kinds: Sequence[dict[str, float]] = REGULARISERS
        if (self.activation, output) == ("identity", "identity"):
            common["learning_rate"] /= 2  # linear throughout: sgd would diverge
        if output == "step":
            common |= {"hidden_size": 30, "hidden_layers": 0}
            kinds = [{k: v for k, v in kind.items() if k != "max_norm"} for kind in REGULARISERS]
        return [Hyperparameters(**(common | kind)) for kind in kinds]


class Difference(NamedTuple):
    """The greatest ones between two lists of results: of parameters, and of metrics."""

    parameters: float
    metrics: float


def all_cases() -> Iterator[Case]:
    """Every activation x output x optimizer; and perceptrons."""
    for case in product(ACTIVATIONS, PAIRS, OPTIMIZERS):
        yield Case(*case)
    for optimizer in OPTIMIZERS:
        yield Case("sigmoid", PERCEPTRON, optimizer)


def few_cases() -> list[Case]:
    """Every activation, every output and every optimizer, once or more; perceptrons have no hidden units."""
    activations, outputs, optimizers = list(ACTIVATIONS), [*PAIRS, PERCEPTRON], list(OPTIMIZERS)
    cases = []
    for i, activation in enumerate(activations):
        output = outputs[i % len(outputs)]
        cases.append(Case(activation, output, optimizers[i % len(optimizers)]))
    return cases


def small_data() -> Data:
    return random_data(np.random.default_rng(0), n=50, d=6, classes=3, held_out=30)


def difference_of(case: Case, dtype: str, *, alone: bool = False) -> Difference:
    """Between the core and the compiled stack, all at once; or only the first run, without regulariser,
    `alone`."""
    runs, data = case.runs(dtype), small_data()
    runs = runs[:1] if alone else runs
    with np.errstate(all="ignore"):
        return difference(train(runs, data), compiled.train(runs, data, at_once=len(runs)))


def difference(first: Sequence[Result], second: Sequence[Result]) -> Difference:
    """Statuses and epochs must be equal."""
    parameters, metrics = [0.0], [0.0]
    for one, other in zip(first, second, strict=True):
        assert (one.status, one.epochs_done, one.kept_epoch) == (
            other.status,
            other.epochs_done,
            other.kept_epoch,
        )
        arrays = zip(one.weights + one.biases, other.weights + other.biases, strict=True)
        parameters += [float(np.abs(a - b).max()) for a, b in arrays]
        assert list(one.history) == list(other.history)
        for name in set(one.history) - {"seconds"}:
            pairs = zip(one.history[name], other.history[name], strict=True)
            metrics += [abs(a - b) for a, b in pairs if (a, b) != (None, None)]
        metrics += [abs(one.test_cost - other.test_cost), abs(one.test_accuracy - other.test_accuracy)]
    return Difference(max(parameters), max(metrics))

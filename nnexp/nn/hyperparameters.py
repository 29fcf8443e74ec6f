"""Hyperparameters: declared once, here; YAML, command line, MLflow and CSV use these names."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

from nnexp.errors import UserError, unknown
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.costs import COSTS_OF_OUTPUT
from nnexp.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from nnexp.nn.optimizers import OPTIMIZERS
from nnexp.nn.schedules import SCHEDULES

# Runs that differ only in these train together, in one stack.
PER_RUN = frozenset(
    {
        *("learning_rate", "lambda_l2", "lambda_l1", "momentum", "dropout"),
        *("initializer", "bias_initializer", "patience", "seed"),
    }
)
MONITORS = ("test", "gradient_norm", "saturated_share", "weight_norm", "dead_classes")

_CHOICES: dict[str, Iterable[str]] = {
    "activation": ACTIVATIONS,
    "output": COSTS_OF_OUTPUT,
    "cost": {cost for costs in COSTS_OF_OUTPUT.values() for cost in costs},
    "initializer": INITIALIZERS,
    "bias_initializer": BIAS_INITIALIZERS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "dtype": ("float32", "float64"),
    "keep": ("final", "best"),
}
_RANGES: dict[str, tuple[str, Callable[[float], bool]]] = {
    "hidden_size": (">= 1", lambda v: v >= 1),
    "hidden_layers": (">= 0", lambda v: v >= 0),
    "learning_rate": ("> 0", lambda v: v > 0),
    "batch_size": (">= 1", lambda v: v >= 1),
    "lambda_l2": (">= 0", lambda v: v >= 0),
    "lambda_l1": (">= 0", lambda v: v >= 0),
    "momentum": (">= 0 and < 1", lambda v: 0 <= v < 1),
    "dropout": (">= 0 and < 1", lambda v: 0 <= v < 1),
    "schedule_epochs": (">= 1", lambda v: v >= 1),
    "schedule_factor": ("> 0 and < 1", lambda v: 0 < v < 1),
    "patience": (">= 0", lambda v: v >= 0),
    "epochs": (">= 1", lambda v: v >= 1),
    "seed": (">= 0 and < 2^63", lambda v: 0 <= v < 2**63),
    "evaluate_every": (">= 0", lambda v: v >= 0),
}


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Everything about one run but its data. Values are checked, and numbers made exact, at construction.

    `schedule_epochs`, `schedule_factor`: `step` and `exponential` multiply the learning rate by the factor
    per so many epochs; `plateau` (the book's rule) when validation accuracy has not improved in so many,
    and ends the run at 1/128. `patience`: end the run, best weights kept, after so many epochs without a
    better validation accuracy (0: never). `evaluate_every`: epochs per row of history (0: only the last).
    Raises `UserError` with the rule, the value received and the choices.
    """

    hidden_size: int = 30
    hidden_layers: int = 1
    activation: str = "sigmoid"
    output: str = "sigmoid"
    cost: str = "cross_entropy"
    initializer: str = "lecun_normal"
    bias_initializer: str = "standard_normal"
    learning_rate: float = 0.5
    batch_size: int = 10
    lambda_l2: float = 0.0
    lambda_l1: float = 0.0
    optimizer: str = "sgd"
    momentum: float = 0.0
    dropout: float = 0.0
    schedule: str = "constant"
    schedule_epochs: int = 10
    schedule_factor: float = 0.5
    patience: int = 0
    epochs: int = 30
    seed: int = 0
    dtype: str = "float32"
    evaluate_every: int = 1
    keep: str = "final"
    monitor: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = _checked(field.name, field.type, getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        self._check_combinations()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Hyperparameters":
        """From a mapping of names to values; an unknown name is refused, naming the close match."""
        names = {field.name for field in fields(cls)}
        for name in values:
            if name not in names:
                raise unknown("hyperparameter", name, names)
        return cls(**values)

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best validation accuracy are kept, not the last ones."""
        return self.keep == "best" or self.patience > 0

    def _check_combinations(self) -> None:
        if self.cost not in COSTS_OF_OUTPUT[self.output]:
            fitting = " or ".join(COSTS_OF_OUTPUT[self.output])
            raise UserError(f"cost={self.cost} does not fit output={self.output}; it takes {fitting}")
        if not ACTIVATIONS[self.activation].steepest:
            raise UserError(
                f"activation={self.activation} cannot be trained: its slope is zero, so no gradient passes"
            )
        if self.momentum and not OPTIMIZERS[self.optimizer].momentum:
            raise UserError(
                f"momentum={self.momentum} does not fit optimizer={self.optimizer}; sgd, nesterov take it"
            )
        watches = {"patience": self.patience > 0, "keep=best": self.keep == "best"}
        watches["schedule=plateau"] = self.schedule == "plateau"
        for what, asked in watches.items():
            if asked and not self.evaluate_every:
                raise UserError(f"{what} follows validation accuracy: evaluate_every must be >= 1, got 0")


def _checked(name: str, kind: Any, value: Any) -> Any:
    """The value in its exact type, or a UserError."""
    if name == "monitor":
        return _monitors(value)
    if kind is str:
        if not isinstance(value, str) or value not in _CHOICES[name]:
            raise unknown(name, value, _CHOICES[name])
        return str(value)
    value = _whole(name, value) if kind is int else _number(name, value)
    rule, holds = _RANGES[name]
    if not holds(value):
        raise UserError(f"{name} must be {rule}, got {value!r}")
    return value


def _whole(name: str, value: Any) -> int:
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise UserError(f"{name} must be a whole number, got {value!r}")


def _number(name: str, value: Any) -> float:
    try:
        if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            return float(value) + 0.0  # -0.0 becomes 0.0, so that they are one value
    except OverflowError:  # an integer that no float can hold
        pass
    raise UserError(f"{name} must be a finite number, got {value!r}")


def _monitors(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):  # monitor: {test: true}
        value = [name for name, asked in value.items() if asked]
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise UserError(f"monitor must be a list of names, got {value!r} (choices: {', '.join(MONITORS)})")
    names = list(value)
    for name in names:
        if name not in MONITORS:
            raise unknown("monitor", name, MONITORS)
    return tuple(sorted(set(names)))

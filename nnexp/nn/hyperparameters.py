"""Hyperparameters: declared once, here; YAML, command line, MLflow and CSV use these names."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from nnexp.errors import UserError, unknown
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.costs import COSTS_OF_OUTPUT
from nnexp.nn.knobs import KNOBS
from nnexp.text import spelled

# Runs that differ only in these train together, in one stack.
PER_RUN = frozenset(
    {
        *("learning_rate", "lambda_l2", "lambda_l1", "dropout", "input_dropout", "max_norm"),
        *("momentum", "momentum_start", "momentum_ramp_epochs", "rmsprop_rho", "adam_beta1", "adam_beta2"),
        "damping",
        *("initializer", "bias_initializer", "patience", "seed"),
        *("seed_weights", "seed_biases", "seed_order", "seed_dropout", "seed_input_dropout"),
        "seed_augmentation",
    }
)


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Everything about one run but its data. Values are checked, and numbers made exact, at construction.

    `knobs.py` says what each one means. Where `hidden_size` is a list, `hidden_layers` becomes its length.
    Raises `UserError` with the rule, the value received and the choices.
    """

    hidden_size: int | tuple[int, ...] = 30
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
    momentum_start: float = 0.0
    momentum_ramp_epochs: int = 0
    rmsprop_rho: float = 0.9
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    damping: float = 1.0
    cg_steps: int = 10
    dropout: float = 0.0
    input_dropout: float = 0.0
    max_norm: float = 0.0
    schedule: str = "constant"
    schedule_epochs: int = 10
    schedule_factor: float = 0.5
    patience: int = 0
    epochs: int = 30
    seed: int = 0
    seed_weights: int | None = None
    seed_biases: int | None = None
    seed_order: int | None = None
    seed_dropout: int | None = None
    seed_input_dropout: int | None = None
    seed_augmentation: int | None = None
    dtype: str = "float32"
    engine: str = "numpy"
    evaluate_every: int = 1
    keep: str = "final"
    monitor: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = KNOBS[field.name].check(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        self._check_depth()
        if isinstance(self.hidden_size, tuple):
            object.__setattr__(self, "hidden_layers", len(self.hidden_size))
        self._check_combinations()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Hyperparameters":
        """From a mapping of names to values; an unknown name is refused, naming the close match."""
        names = {field.name for field in fields(cls)}
        for name in values:
            if name not in names:
                raise unknown("hyperparameter", name, names)
        return cls(**values)

    def layer_sizes(self, inputs: int, outputs: int) -> tuple[int, ...]:
        """How many units each layer has, from the inputs to the outputs."""
        sizes = self.hidden_size
        return inputs, *(sizes if isinstance(sizes, tuple) else [sizes] * self.hidden_layers), outputs

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best validation accuracy are kept, not the last ones."""
        return self.keep == "best" or self.patience > 0

    @property
    def silent_streams(self) -> dict[str, str]:
        """The streams from which nothing is drawn, whatever the data, and why."""
        reasons = {
            "weights": self.initializer == "zeros" and "initializer=zeros",
            "biases": self.bias_initializer == "zeros" and "bias_initializer=zeros",
            "dropout": not self.dropout and "dropout=0",
            "input_dropout": not self.input_dropout and "input_dropout=0",
        }
        return {purpose: reason for purpose, reason in reasons.items() if reason}

    def _check_combinations(self) -> None:
        if self.cost not in COSTS_OF_OUTPUT[self.output]:
            fitting = " or ".join(COSTS_OF_OUTPUT[self.output])
            raise UserError(f"cost={self.cost} does not fit output={self.output}; it takes {fitting}")
        if not ACTIVATIONS[self.activation].steepest:
            raise UserError(
                f"activation={self.activation} cannot be trained: its slope is zero, so no gradient passes; "
                "a single layer of perceptrons is output=step cost=perceptron hidden_layers=0"
            )
        if self.output == "step" and self.hidden_layers:
            raise UserError(
                "output=step learns by the perceptron rule, which is for a single layer, as no gradient "
                f"passes a step to the layers below: hidden_layers must be 0, got {self.hidden_layers}"
            )
        self._check_optimizer()
        self._check_seeds()
        self._check_curvature()
        if self.max_norm and not self.hidden_layers:
            raise UserError(
                f"max_norm={self.max_norm:g} limits the weights of hidden units: "
                "hidden_layers must be >= 1, got 0"
            )
        follows_validation = {
            "patience": self.patience > 0,
            "keep=best": self.keep == "best",
            "schedule=plateau": self.schedule == "plateau",
        }
        for setting, is_set in follows_validation.items():
            if is_set and not self.evaluate_every:
                raise UserError(f"{setting} follows validation accuracy: evaluate_every must be >= 1, got 0")

    def _check_optimizer(self) -> None:
        """Raise where the optimizer does not take a value, or momentum would not grow."""
        for field in fields(self):
            value, takers = getattr(self, field.name), KNOBS[field.name].optimizers
            if takers and self.optimizer not in takers and value != field.default:
                take = f"{', '.join(takers)} take{'s' * (len(takers) == 1)} it"
                raise UserError(f"{field.name}={value} does not fit optimizer={self.optimizer}; {take}")
        if self.momentum_start and not self.momentum_ramp_epochs:
            raise UserError(
                f"momentum_start={self.momentum_start} has no effect without momentum_ramp_epochs, the "
                "epochs over which momentum grows"
            )
        if self.momentum_ramp_epochs and not self.momentum_start < self.momentum:
            raise UserError(
                f"momentum_ramp_epochs={self.momentum_ramp_epochs} lets momentum grow from momentum_start="
                f"{self.momentum_start}: momentum must be greater, got {self.momentum}"
            )

    def _check_depth(self) -> None:
        """Raise where a list of sizes stands beside another number of layers; the default says nothing."""
        if isinstance(self.hidden_size, tuple) and self.hidden_layers not in (1, len(self.hidden_size)):
            sizes = spelled(self.hidden_size)
            raise UserError(
                f"hidden_layers={self.hidden_layers} does not fit hidden_size={sizes}, which are "
                f"{len(self.hidden_size)} layers: leave hidden_layers out"
            )

    def _check_seeds(self) -> None:
        """Raise where a stream has a seed of its own, and nothing is drawn from it."""
        for purpose, reason in self.silent_streams.items():
            name = f"seed_{purpose}"
            if (seed := getattr(self, name)) is not None:
                raise UserError(f"{name}={seed} has no effect: {reason} draws nothing")

    def _check_curvature(self) -> None:
        """Raise where newton_cg would find none."""
        if self.optimizer == "newton_cg" and self.lambda_l1:
            raise UserError(
                f"lambda_l1={self.lambda_l1} does not fit optimizer=newton_cg: at a weight of zero it has a "
                "kink, and no second derivative; take lambda_l2"
            )
        if self.optimizer == "newton_cg" and self.output == "step":
            raise UserError(
                "output=step does not fit optimizer=newton_cg: the perceptron's cost is made of straight "
                "pieces, without curvature"
            )

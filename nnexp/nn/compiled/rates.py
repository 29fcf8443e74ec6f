"""Rates: the numbers that a step multiplies by, one for each run, (K, 1, 1)."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from nnexp.nn.arrays import PerRun
from nnexp.nn.compiled.units import Array
from nnexp.nn.hyperparameters import Hyperparameters


class Shares(NamedTuple):
    """What a running mean keeps at each step and what is new; `log` of what is kept, to correct the mean."""

    kept: Array
    new: Array
    log: Array


class Rates(NamedTuple):
    """One epoch's. None where it is zero for every run, so that nothing is compiled for it.

    `l2` = lambda_l2/n and `l1` = lambda_l1/n, n the examples of an epoch; `mean` and `square`: of the
    gradient and of its square, where the optimizer keeps them; `cg_steps`: the most of newton_cg.
    """

    learning_rate: Array
    momentum: Array | None
    l2: Array | None
    l1: Array | None
    dropout: Array | None
    input_dropout: Array | None
    max_norm: Array | None
    mean: Shares | None
    square: Shares | None
    cg_steps: Array | None

    @classmethod
    def of(
        cls,
        runs: Sequence[Hyperparameters],
        learning_rate: Sequence[float],
        momentum: Sequence[float],
        n: int,
    ) -> "Rates":
        """Those of an epoch with n examples, in which the runs have these learning rates and momenta."""
        dtype, optimizer = runs[0].dtype, runs[0].optimizer
        squares = {"rmsprop": "rmsprop_rho", "adam": "adam_beta2", "adamw": "adam_beta2"}

        def column(values: PerRun) -> Array:
            return jnp.asarray(values.astype(dtype).reshape(-1, 1, 1))

        def named(name: str) -> PerRun:
            return np.array([getattr(run, name) for run in runs], np.float64)

        def some(values: PerRun) -> Array | None:
            return column(values) if values.any() else None

        def shares(name: str) -> Shares:
            kept = named(name)
            with np.errstate(divide="ignore"):  # nothing is kept
                return Shares(column(kept), column(1 - kept), column(np.log(kept)))

        return cls(
            learning_rate=column(np.asarray(learning_rate)),
            momentum=column(np.asarray(momentum)) if named("momentum").any() else None,
            l2=some(named("lambda_l2") / n),
            l1=some(named("lambda_l1") / n),
            dropout=some(named("dropout")),
            input_dropout=some(named("input_dropout")),
            max_norm=some(named("max_norm")),
            mean=shares("adam_beta1") if optimizer in ("adam", "adamw") else None,
            square=shares(squares[optimizer]) if optimizer in squares else None,
            cg_steps=column(named("cg_steps")) if optimizer == "newton_cg" else None,
        )

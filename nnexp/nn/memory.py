"""What optimizers remember from step to step: arrays with a leading run axis; so a run can be cut out."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.arrays import Array
from nnexp.nn.network import Parameters

Column = Callable[[str], Array]  # the runs' values (K, 1) of a hyperparameter


class Choices(Protocol):
    """The hyperparameters that are read here; all runs of a stack have them in common."""

    @property
    def activation(self) -> str: ...
    @property
    def output(self) -> str: ...
    @property
    def cost(self) -> str: ...
    @property
    def cg_steps(self) -> int: ...


class Memory:
    """What an optimizer remembers: arrays with a leading run axis. `velocity`: one of them, as parameters.

    `common`: what the runs have in common.
    """

    def __init__(self, sizes: Sequence[int], arrays: dict[str, Array], common: Choices) -> None:
        self.sizes, self.arrays, self.common = sizes, arrays, common
        self.velocity = Parameters(sizes, arrays["velocity"]) if "velocity" in arrays else None

    def of_runs(self, rows: Sequence[int]) -> "Memory":
        """A copy of some runs' memory."""
        return Memory(self.sizes, {name: array[rows] for name, array in self.arrays.items()}, self.common)


def velocity_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """v = 0, or nothing where no run has momentum."""
    return {"velocity": np.zeros_like(flat)} if column("momentum").any() else {}


def square_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """Mean squared gradient = 0."""
    return {"square": np.zeros_like(flat), "square_shares": shares_of(column("rmsprop_rho"), flat.dtype)}


def moment_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """Both moments 0; beta1^t and beta2^t = 1."""
    beta1, beta2 = column("adam_beta1"), column("adam_beta2")
    return {
        "mean": np.zeros_like(flat),
        "mean_shares": shares_of(beta1, flat.dtype),
        "square": np.zeros_like(flat),
        "square_shares": shares_of(beta2, flat.dtype),
        "betas": np.hstack([beta1, beta2]),
        "powers": np.ones((len(flat), 2)),
    }


def shares_of(kept: Array, dtype: DTypeLike) -> Array:
    """What is kept of a running mean at each step, and what is new, (K, 2)."""
    return np.hstack([kept, 1 - kept]).astype(dtype)


def damping_arrays(flat: Array, column: Column) -> dict[str, Array]:
    """The damping, in float64."""
    return {"damping": column("damping")}

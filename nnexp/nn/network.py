"""The network: what the networks of a stack have in common, their parameters in one array, and mini-batches.

`plain.py` computes with one run and one example, `layers` and `backprop` with K runs and a mini-batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.activations import Activation
from nnexp.nn.arrays import Array, aligned, round_up
from nnexp.nn.blas import transposes
from nnexp.nn.costs import Output


class Network(NamedTuple):
    """What the networks of a stack have in common. `sizes`: units per layer, inputs first."""

    sizes: tuple[int, ...]
    activation: Activation
    output: Output


@dataclass(frozen=True, eq=False)
class Batch:
    """Room for a mini-batch: `X (S, B, d)`, the inputs of S orders, and `Y (K or 1, B, C)`, one-hot.

    `places`: which of the S each run sees; `X_columns`: each run's inputs, (d, B).
    """

    X: Array
    Y: Array
    places: Sequence[int]
    X_columns: Sequence[Array] = field(init=False)

    def __post_init__(self) -> None:
        columns = transposes(self.X)
        object.__setattr__(self, "X_columns", [columns[place] for place in self.places])


class Parameters:
    """Weights and biases of K networks: views of one array `flat (K, P)`, all weights first.

    `weights[l] (K, fan_out, fan_in)`, `biases[l] (K, 1, fan_out)`;
    `penalised (K, P_w)`: all weights, the part that L2 and L1 act on. `W_T[l]`, `b_T[l]`: each run's, as BLAS
    reads them: (fan_in, fan_out) and (fan_out, 1).
    """

    def __init__(self, sizes: Sequence[int], flat: Array) -> None:
        K, end = len(flat), 0
        self.sizes, self.flat = tuple(sizes), flat
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for fan_in, fan_out in pairwise(sizes):
            start, end = end, end + fan_out * fan_in
            self.weights.append(flat[:, start:end].reshape(K, fan_out, fan_in))
        self.penalised = flat[:, :end]
        for fan_out in sizes[1:]:
            start, end = end, end + fan_out
            self.biases.append(flat[:, start:end].reshape(K, 1, fan_out))
        self.W_T, self.b_T = [*map(transposes, self.weights)], [*map(transposes, self.biases)]

    @classmethod
    def zeros(cls, sizes: Sequence[int], K: int, dtype: DTypeLike) -> "Parameters":
        """All zero. P is rounded up to whole cache lines; the few numbers at the end stay zero."""
        P = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))
        return cls(sizes, aligned((K, round_up(P, 16)), dtype))

    @cached_property
    def grads(self) -> "Parameters":
        """Room for gradients, for those who need them as such."""
        return Parameters(self.sizes, np.zeros_like(self.flat))

    def of_runs(self, rows: Sequence[int]) -> "Parameters":
        """A copy of some runs' parameters."""
        copy = Parameters.zeros(self.sizes, len(rows), self.flat.dtype)
        copy.flat[:] = self.flat[rows]
        return copy

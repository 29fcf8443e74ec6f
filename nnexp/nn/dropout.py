"""Dropout on hidden layers and on inputs (book, ch. 3; Srivastava et al. 2014).

A unit or input is left out with a probability p; while training, the others are scaled by 1 / (1 - p).
The book multiplies the weights by 1 - p afterwards instead (halves them): the same function.
Each run draws from a stream of its own, so that its masks do not depend on the stack.
"""

from collections.abc import Sequence

import numpy as np

from nnexp.nn.arrays import Array, aligned
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Batch
from nnexp.nn.streams import seed_of, stream


class Dropout:
    """Masks for the hidden layers of K runs; p = `dropout`."""

    def __init__(self, runs: Sequence[Hyperparameters]) -> None:
        self.sources = [(run.dropout, stream(seed_of(run, "dropout"), "dropout")) for run in runs]

    def draw(self, masks: Sequence[Array]) -> None:
        """Fill the masks (K, B, H) of the hidden layers: 0 for a dropped unit, 1 / (1 - p) for the others."""
        for k, (p, rng) in enumerate(self.sources):
            for mask in masks:
                mask[k] = (rng.random(mask[k].shape) >= p) / (1 - p) if p else 1.0

    def cut(self, remaining: Sequence[int]) -> bool:
        """Keep these runs only. Returns whether any of them has dropout."""
        self.sources = [self.sources[k] for k in remaining]
        return any(p for p, _ in self.sources)


class InputDropout:
    """The inputs of K runs without those that are left out; p = `input_dropout`."""

    def __init__(self, runs: Sequence[Hyperparameters]) -> None:
        self.sources = [
            (run.input_dropout, stream(seed_of(run, "input_dropout"), "input_dropout")) for run in runs
        ]
        self.rooms: dict[int, Array] = {}  # by size of mini-batch: the usual one, and the last

    def room(self, batch: Batch) -> Batch:
        """Room for the mini-batch as each run sees it, `X (K, B, d)`; those of one size share it."""
        _, B, d = batch.X.shape
        if B not in self.rooms:
            self.rooms[B] = aligned((len(self.sources), B, d), batch.X.dtype)
        return Batch(self.rooms[B], batch.Y, range(len(self.sources)))

    def thin(self, batch: Batch, thinned: Array) -> None:
        """Fill `thinned (K, B, d)` from the mini-batch's inputs.

        Draws are float32 whatever the dtype: 784 inputs make them the dearest part of a small step.
        """
        for k, (p, rng) in enumerate(self.sources):
            x, out = batch.X[batch.places[k]], thinned[k]
            if p:
                np.multiply(x, rng.random(x.shape, np.float32) >= p, out)
                np.multiply(out, 1 / (1 - p), out)
            else:
                np.copyto(out, x)

    def cut(self, remaining: Sequence[int]) -> bool:
        """Keep these runs only. Returns whether any of them has dropout of its inputs."""
        self.sources, self.rooms = [self.sources[k] for k in remaining], {}
        return any(p for p, _ in self.sources)

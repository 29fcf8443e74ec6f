"""Dropout on hidden layers (book, ch. 3; Srivastava et al. 2014)."""

from collections.abc import Sequence

from nnexp.nn.arrays import Array
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.streams import seed_of, stream


class Dropout:
    """Masks for K runs, each from its own stream, so that they do not depend on the stack.

    A unit is dropped with probability p = `dropout`; while training, the others are scaled by 1 / (1 - p).
    The book multiplies the weights by 1 - p afterwards instead (halves them): the same function.
    """

    def __init__(self, runs: Sequence[Hyperparameters]) -> None:
        self.sources = [(run.dropout, stream(seed_of(run, "dropout"), "dropout")) for run in runs]

    def draw(self, masks: Sequence[Array]) -> None:
        """Fill the masks (K, B, H) of the hidden layers: 0 for a dropped unit, 1 / (1 - p) for the others."""
        for k, (p, rng) in enumerate(self.sources):
            for mask in masks:
                mask[k] = (rng.random(mask[k].shape) >= p) / (1 - p) if p else 1.0

    def cut(self, remaining: Sequence[int]) -> None:
        """Keep these runs only."""
        self.sources = [self.sources[k] for k in remaining]

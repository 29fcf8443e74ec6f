"""Dropout on hidden layers (book, ch. 3; Srivastava et al. 2014)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.activations import Array
from nnexp.nn.streams import stream


class Dropout:
    """Masks for K runs, each from its own stream, so that a run's masks do not depend on its stack.

    A unit is dropped with probability `rate`, the others are scaled by 1 / (1 - rate) while training. The
    book leaves them and multiplies the outgoing weights by 1 - rate (halves them) afterwards: the same function.
    """

    def __init__(self, seeds: Sequence[int], rates: Sequence[float], dtype: DTypeLike) -> None:
        self.streams = [stream(seed, "dropout") for seed in seeds]
        self.rates = list(rates)
        self.dtype = np.dtype(dtype)

    def masks(self, hidden: Sequence[Array]) -> list[Array]:
        """One array like each of `hidden (K, B, H)`: 0 for a dropped unit, 1 / (1 - rate) for the others."""
        masks = [np.ones(a.shape, self.dtype) for a in hidden]
        for k, (rng, rate) in enumerate(zip(self.streams, self.rates, strict=True)):
            for mask in masks if rate else ():
                kept = rng.random(mask[k].shape, np.float32) >= rate
                np.divide(kept, 1 - rate, out=mask[k])
        return masks

    def cut(self, rows: Sequence[int]) -> None:
        """Go on with these runs only."""
        self.streams = [self.streams[k] for k in rows]
        self.rates = [self.rates[k] for k in rows]

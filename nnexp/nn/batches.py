"""Mini-batches: which examples a stack sees, in which order, and their gathering."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnexp.errors import UserError
from nnexp.nn.arrays import Array, aligned
from nnexp.nn.examples import Examples
from nnexp.nn.streams import stream

Augment = Callable[[np.random.Generator, Array], Array]
Order = NDArray[np.integer[Any]]

BLOCK = 100  # examples gathered by one call: enough to hide the call, few enough for the cache


class Part(NamedTuple):
    """One part of the data, made ready: `inputs (n, d)`, `labels (n,)`, `targets (n, C)` one-hot."""

    inputs: Array
    labels: NDArray[np.integer[Any]]
    targets: Array

    @classmethod
    def of(cls, examples: Examples, n_classes: int, dtype: DTypeLike) -> "Part":
        """The same examples in `dtype`; inputs that have it already are not copied, and locked."""
        inputs = np.ascontiguousarray(examples.inputs, dtype=dtype).view()
        inputs.setflags(write=False)
        return cls(inputs, examples.labels, np.eye(n_classes, dtype=dtype)[examples.labels])


class Feed:
    """The training examples as a stack sees them: in a fresh order, and freshly distorted, each epoch."""

    def __init__(self, part: Part, seeds: Sequence[int], augment: Augment | None) -> None:
        self.part, self.augment = part, augment
        self.orders = {seed: stream(seed, "order") for seed in seeds}
        self.augmentations = {seed: stream(seed, "augmentation") for seed in seeds}

    def epoch(self, seeds: Sequence[int], given: Order | None) -> tuple[Part, Order]:
        """The examples, and their order (1, n) where all runs see the same, else (K, n), if none is `given`.

        Runs of one seed share their order and their distorted images.
        """
        distinct = list(dict.fromkeys(seeds))
        n = len(self.part.labels)
        rows = [0] if len(distinct) == 1 else [distinct.index(seed) for seed in seeds]
        order = given
        if order is None:
            order = np.stack([self.orders[seed].permutation(n) for seed in distinct])[rows]
        if self.augment is None:
            return self.part, order
        copies = [self._distorted(seed) for seed in distinct]
        inputs, labels, targets = (np.concatenate(arrays) for arrays in zip(*copies, strict=True))
        return Part(inputs, labels, targets), order + n * np.array(rows)[:, np.newaxis]

    def _distorted(self, seed: int) -> Part:
        assert self.augment is not None
        images = np.asarray(self.augment(self.augmentations[seed], self.part.inputs), self.part.inputs.dtype)
        if images.shape != self.part.inputs.shape:
            raise UserError(f"augment must keep the shape {self.part.inputs.shape}, got {images.shape}")
        return self.part._replace(inputs=images)


def mini_batches(part: Part, order: Order, batch_size: int) -> Iterator[tuple[Array, Array]]:
    """One epoch: `(X (S, B, d), Y (S, B, C))` for an order (S, n); the last, short mini-batch is kept."""
    (S, n), widths = order.shape, (part.inputs.shape[1], part.targets.shape[1])
    block = min(n, batch_size * max(1, BLOCK // (batch_size * S)))
    for start in range(0, n, block):
        indices = order[:, start : start + block]
        m = indices.shape[1]
        if start == 0 or m < block:
            X, Y = (aligned((S, m, width), part.inputs.dtype) for width in widths)
            views = [slice(first, first + batch_size) for first in range(0, m, batch_size)]
            batches = [(X[:, view], Y[:, view]) for view in views]
        np.take(part.inputs, indices, 0, X, mode="clip")  # the other modes copy once more
        np.take(part.targets, indices, 0, Y, mode="clip")
        yield from batches

"""Mini-batches: the order of examples, and their gathering."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnexp.nn.activations import Array
from nnexp.nn.errors import UserError
from nnexp.nn.examples import Examples
from nnexp.nn.streams import stream

Augment = Callable[[np.random.Generator, Array], Array]
Order = NDArray[np.integer[Any]]

BLOCK_ROWS = 1000  # examples gathered by one call: enough to hide the call, few enough for the cache


class Part(NamedTuple):
    """One part of the data, ready for the network: `inputs (n, d)`, `labels (n,)`, `targets (n, C)` one-hot."""

    inputs: Array
    labels: NDArray[np.integer[Any]]
    targets: Array

    @classmethod
    def of(cls, examples: Examples, n_classes: int, dtype: DTypeLike) -> "Part":
        """The same examples in `dtype`; arrays that fit are used as they are, and never written to."""
        inputs = np.ascontiguousarray(examples.inputs, dtype=dtype)
        return cls(inputs, examples.labels, np.eye(n_classes, dtype=dtype)[examples.labels])


def given_orders(order: Any, K: int, n: int) -> Iterator[Order]:
    """Checked orders, one epoch each, (1, m) or (K, m), from what the caller of `train` passed."""
    if isinstance(order, np.ndarray) and order.ndim == 3:
        order = order.swapaxes(0, 1)
    for epoch in order:
        indices = np.asarray(epoch)
        rows = indices[np.newaxis] if indices.ndim == 1 else indices
        if rows.ndim != 2 or rows.shape[0] not in (1, K) or not rows.size or rows.dtype.kind not in "iu":
            raise UserError(
                f"order must hold integers (n,) or ({K}, n) per epoch, got {indices.dtype} {indices.shape}"
            )
        if rows.min() < 0 or rows.max() >= n:
            raise UserError(f"order must name examples 0..{n - 1}, got {rows.min()}..{rows.max()}")
        yield rows


def drawn_orders(seeds: Sequence[int], n: int) -> Iterator[Order]:
    """A fresh permutation of the n examples per run and epoch: (1, n) where all seeds are one, else (K, n)."""
    distinct = list(dict.fromkeys(seeds))
    streams = [stream(seed, "order") for seed in distinct]
    rows = [0] if len(distinct) == 1 else [distinct.index(seed) for seed in seeds]
    while True:
        yield np.stack([rng.permutation(n) for rng in streams])[rows]


class Augmentation:
    """Fresh distorted copies of the training images for each epoch, one per seed."""

    def __init__(self, augment: Augment, seeds: Sequence[int]) -> None:
        self.augment = augment
        self.streams = {seed: stream(seed, "augmentation") for seed in seeds}

    def __call__(self, part: Part, order: Order, seeds: Sequence[int]) -> tuple[Part, Order]:
        """The distorted examples of all seeds in one part, and the order that finds each run's own."""
        distinct = list(dict.fromkeys(seeds))
        n, dtype = len(part.inputs), part.inputs.dtype
        images = [np.asarray(self.augment(self.streams[seed], part.inputs), dtype) for seed in distinct]
        for image in images:
            if image.shape != part.inputs.shape:
                raise UserError(f"augment must keep the shape {part.inputs.shape}, got {image.shape}")
        offsets = np.array([[n * distinct.index(seed)] for seed in seeds])
        repeats = len(distinct)
        copies = Part(
            np.concatenate(images), np.tile(part.labels, repeats), np.tile(part.targets, (repeats, 1))
        )
        return copies, order if repeats == 1 else order + offsets


def mini_batches(part: Part, order: Order, batch_size: int) -> Iterable[tuple[Array, Array]]:
    """One epoch: `(X (S, B, d), Y (S, B, C))` for an order (S, n); the last, short mini-batch is kept."""
    S, n = order.shape
    rows = batch_size * max(1, BLOCK_ROWS // (batch_size * S))
    X_block = np.empty((S, rows, part.inputs.shape[1]), part.inputs.dtype)
    Y_block = np.empty((S, rows, part.targets.shape[1]), part.targets.dtype)
    for start in range(0, n, rows):
        indices = order[:, start : start + rows]
        m = indices.shape[1]
        X, Y = (X_block, Y_block) if m == rows else (X_block[:, :m].copy(), Y_block[:, :m].copy())
        np.take(part.inputs, indices, axis=0, out=X, mode="clip")  # other modes copy once more
        np.take(part.targets, indices, axis=0, out=Y, mode="clip")
        for first in range(0, m, batch_size):
            yield X[:, first : first + batch_size], Y[:, first : first + batch_size]

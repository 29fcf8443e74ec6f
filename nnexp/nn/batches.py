"""Mini-batches: which examples a stack sees, and in which order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnexp.errors import UserError
from nnexp.nn.arrays import Array, aligned
from nnexp.nn.examples import Examples
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Batch
from nnexp.nn.streams import Purpose, seed_of, stream

Augment = Callable[[np.random.Generator, Array], Array]
Order = NDArray[np.integer[Any]]

EXAMPLES_PER_BLOCK = 100  # gathered by one call: so many hide its cost, and fit the cache


class ReadyPart(NamedTuple):
    """One part of the data, made ready: `inputs (n, d)`, `labels (n,)`, `targets (n, C)` one-hot."""

    inputs: Array
    labels: NDArray[np.integer[Any]]
    targets: Array

    @classmethod
    def of(cls, examples: Examples, n_classes: int, dtype: DTypeLike) -> "ReadyPart":
        """The same examples in `dtype`. Inputs that have this dtype are not copied; the view is read-only."""
        inputs = np.ascontiguousarray(examples.inputs, dtype=dtype).view()
        inputs.setflags(write=False)
        return cls(inputs, examples.labels, np.eye(n_classes, dtype=dtype)[examples.labels])


class Feed:
    """The training examples as a stack sees them: in a fresh order, and freshly distorted, each epoch."""

    def __init__(self, part: ReadyPart, runs: Sequence[Hyperparameters], augment: Augment | None) -> None:
        self.part, self.augment = part, augment
        self.blocks: dict[tuple[int, int], Block] = {}  # by orders and examples
        self.orders = {seed: stream(seed, "order") for seed in seeds_of(runs, "order")}
        seeds = seeds_of(runs, "augmentation")
        self.augmentations = {seed: stream(seed, "augmentation") for seed in seeds}

    def epoch(self, runs: Sequence[Hyperparameters], order: Order | None) -> tuple[ReadyPart, Order]:
        """The examples of an epoch and their order: (1, n) where all runs see the same, else (K, n).

        `runs`: those that still train. Runs of one order seed share their order, which is drawn unless the
        caller's `order` is there; those of one augmentation seed share their distorted images. Where there
        are several, the copies of the images stand in one array: copy k has the indices k n to (k+1) n - 1.
        """
        n = len(self.part.labels)
        if order is None:
            seeds, rows = shared(seeds_of(runs, "order"))
            order = np.stack([self.orders[seed].permutation(n) for seed in seeds])[rows]
        if self.augment is None:
            return self.part, order
        seeds, copies = shared(seeds_of(runs, "augmentation"))
        distorted = [self._distorted(seed) for seed in seeds]
        inputs, labels, targets = (np.concatenate(arrays) for arrays in zip(*distorted, strict=True))
        return ReadyPart(inputs, labels, targets), order + n * np.array(copies)[:, np.newaxis]

    def mini_batches(self, part: ReadyPart, order: Order, batch_size: int) -> Iterator[Batch]:
        """An epoch's mini-batches for an order (S, n), each in its room until the next one is asked for.

        The last, short one is kept. The rooms are the same in each epoch.
        """
        S, n = order.shape
        m = min(n, batch_size * max(1, EXAMPLES_PER_BLOCK // (batch_size * S)))
        for start in range(0, n, m):
            indices = order[:, start : start + m]
            room = S, indices.shape[1]
            if room not in self.blocks:
                self.blocks[room] = Block(part, *room, batch_size)
            block = self.blocks[room]
            block.gather(part, indices)
            yield from block.batches

    def streams(self, run: Hyperparameters) -> dict[str, np.random.Generator]:
        """The streams behind a run's examples, by purpose."""
        order, augmentation = seed_of(run, "order"), seed_of(run, "augmentation")
        return {"order": self.orders[order], "augmentation": self.augmentations[augmentation]}

    def _distorted(self, seed: int) -> ReadyPart:
        assert self.augment is not None
        images = np.asarray(self.augment(self.augmentations[seed], self.part.inputs), self.part.inputs.dtype)
        if images.shape != self.part.inputs.shape:
            raise UserError(f"augment must keep the shape {self.part.inputs.shape}, got {images.shape}")
        return self.part._replace(inputs=images)


def seeds_of(runs: Sequence[Hyperparameters], purpose: Purpose) -> list[int]:
    """Each run's seed for one purpose."""
    return [seed_of(run, purpose) for run in runs]


def shared(seeds: Sequence[int]) -> tuple[list[int], list[int]]:
    """The distinct seeds, and the place of each run's among them; one place for all if they are one."""
    distinct = list(dict.fromkeys(seeds))
    return distinct, [0] if len(distinct) == 1 else [distinct.index(seed) for seed in seeds]


class Block:
    """Room for m examples of each of S orders, and its mini-batches, which are views of it."""

    def __init__(self, part: ReadyPart, S: int, m: int, batch_size: int) -> None:
        self.X = aligned((S, m, part.inputs.shape[1]), part.inputs.dtype)
        self.Y = aligned((S, m, part.targets.shape[1]), part.inputs.dtype)
        views = [slice(first, first + batch_size) for first in range(0, m, batch_size)]
        self.batches = [Batch(self.X[:, view], self.Y[:, view]) for view in views]

    def gather(self, part: ReadyPart, indices: Order) -> None:
        """Copy the examples `indices (S, m)` here."""
        np.take(part.inputs, indices, 0, self.X, mode="clip")  # the other modes copy once more
        np.take(part.targets, indices, 0, self.Y, mode="clip")

"""Mini-batches: which examples a stack sees, and in which order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnexp.errors import UserError
from nnexp.nn import sizes
from nnexp.nn.arrays import Array, aligned
from nnexp.nn.examples import Examples
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Batch
from nnexp.nn.streams import Purpose, seed_of, stream

Augment = Callable[[np.random.Generator, Array], Array]
Order = NDArray[np.integer[Any]]
Key = TypeVar("Key")


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


class Epoch(NamedTuple):
    """The examples of an epoch, S orders of them (S, n), and which of these each run sees (K)."""

    part: ReadyPart
    order: Order
    places: Sequence[int]


class Feed:
    """The training examples as a stack sees them: in a fresh order, and freshly distorted, each epoch."""

    def __init__(self, part: ReadyPart, runs: Sequence[Hyperparameters], augment: Augment | None) -> None:
        self.part, self.augment = part, augment
        self.blocks: dict[tuple[int, int], Block] = {}  # by orders and examples
        self.orders = {seed: stream(seed, "order") for seed in seeds_of(runs, "order")}
        seeds = seeds_of(runs, "augmentation")
        self.augmentations = {seed: stream(seed, "augmentation") for seed in seeds}

    def epoch(self, runs: Sequence[Hyperparameters], order: Order | None) -> Epoch:
        """What the runs that still train see in an epoch, by the caller's `order` or one that is drawn.

        Runs of one order seed share their order, those of one augmentation seed their distorted images.
        """
        if order is None:
            seeds = seeds_of(runs, "order")
            n = len(self.part.labels)
            orders = {seed: self.orders[seed].permutation(n) for seed in dict.fromkeys(seeds)}
        else:
            seeds = [0] * len(runs) if len(order) == 1 else [*range(len(runs))]
            orders = dict(enumerate(order))
        part, copies = self._images(runs)
        pairs, places = group([*zip(seeds, copies, strict=True)])
        rows = [orders[seed] + copy * len(self.part.labels) for seed, copy in pairs]
        return Epoch(part, np.stack(rows), places)

    def mini_batches(self, epoch: Epoch, batch_size: int) -> Iterator[Batch]:
        """An epoch's mini-batches, each in its room until the next one is asked for.

        The last, short one is kept. The rooms are the same in each epoch.
        """
        S, n = epoch.order.shape
        m = min(n, batch_size * max(1, sizes.EXAMPLES_PER_BLOCK // (batch_size * S)))
        for start in range(0, n, m):
            indices = epoch.order[:, start : start + m]
            shape = S, indices.shape[1]
            if shape not in self.blocks:
                self.blocks[shape] = Block(epoch.part, *shape, batch_size, epoch.places)
            block = self.blocks[shape]
            block.gather(epoch.part, indices)
            yield from block.batches

    def _images(self, runs: Sequence[Hyperparameters]) -> tuple[ReadyPart, Sequence[int]]:
        """The examples of an epoch, and each run's copy of them.

        Distorted copies stand in one array: copy k has the indices k n to (k+1) n - 1.
        """
        if self.augment is None:
            return self.part, [0] * len(runs)
        seeds, copies = group(seeds_of(runs, "augmentation"))
        first, *others = [self._distorted(seed) for seed in seeds]
        if not others:
            return first, copies
        return ReadyPart(*(np.concatenate(arrays) for arrays in zip(first, *others, strict=True))), copies

    def _distorted(self, seed: int) -> ReadyPart:
        assert self.augment is not None
        images = np.asarray(self.augment(self.augmentations[seed], self.part.inputs), self.part.inputs.dtype)
        if images.shape != self.part.inputs.shape:
            raise UserError(f"augment must keep the shape {self.part.inputs.shape}, got {images.shape}")
        return self.part._replace(inputs=images)


def seeds_of(runs: Sequence[Hyperparameters], purpose: Purpose) -> list[int]:
    """Each run's seed for one purpose."""
    return [seed_of(run, purpose) for run in runs]


def group(keys: Sequence[Key]) -> tuple[list[Key], list[int]]:
    """The distinct keys, and the place of each run's among them."""
    distinct = list(dict.fromkeys(keys))
    return distinct, [distinct.index(key) for key in keys]


class Block:
    """Room for m examples of each of S orders, and its mini-batches, which are views of it.

    `places`: each run's order. Targets stand there once for each run, unless all see the same.
    """

    def __init__(self, part: ReadyPart, S: int, m: int, batch_size: int, places: Sequence[int]) -> None:
        self.rows = [0] if S == 1 else [*places]
        self.X = aligned((S, m, part.inputs.shape[1]), part.inputs.dtype)
        self.Y = aligned((len(self.rows), m, part.targets.shape[1]), part.inputs.dtype)
        views = [slice(first, first + batch_size) for first in range(0, m, batch_size)]
        self.batches = [Batch(self.X[:, view], self.Y[:, view], places) for view in views]

    def gather(self, part: ReadyPart, indices: Order) -> None:
        """Copy the examples `indices (S, m)` here."""
        np.take(part.inputs, indices, 0, self.X, mode="clip")  # the other modes copy once more
        np.take(part.targets, indices[self.rows], 0, self.Y, mode="clip")

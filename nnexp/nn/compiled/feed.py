"""What each epoch sees, drawn by the core's streams on the host while the device works."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from nnexp.errors import UserError
from nnexp.nn.arrays import Array
from nnexp.nn.batches import Augment, Order, seeds_of
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.state import RunState
from nnexp.nn.streams import Purpose, seed_of, stream

Places = Mapping[Purpose, Mapping[int, dict[str, Any]]]  # where streams stand, by purpose and seed


class Drawn(NamedTuple):
    """An epoch: its order, (1, n) for all runs or (K, n); distorted inputs (n, d) by the seed of that, none
    where they are as ever; and where each stream stood then. A caller's order has no stream."""

    order: Order
    images: Mapping[int, Array]
    places: Places


class Feed:
    """The epochs of K runs. `inputs (n, d)`: of the training examples; `orders`: the caller's, if they are
    not drawn; `resume`: a state of each run, from whose epoch on it draws."""

    def __init__(
        self,
        runs: Sequence[Hyperparameters],
        inputs: Array,
        augment: Augment | None = None,
        orders: Iterator[Order] | None = None,
        resume: Sequence[RunState] | None = None,
    ) -> None:
        self.runs, self.inputs, self.augment, self.orders = runs, inputs, augment, orders
        drawn: dict[Purpose, bool] = {"order": orders is None, "augmentation": augment is not None}
        purposes = [purpose for purpose, is_drawn in drawn.items() if is_drawn]
        self.streams = {p: {seed: stream(seed, p) for seed in seeds_of(runs, p)} for p in purposes}
        if resume and orders is not None:
            self.orders = islice(orders, resume[0].epoch, None)
        for run, state in zip(runs, resume, strict=True) if resume else ():
            for purpose, by_seed in self.streams.items():
                if purpose in state.streams:  # a run that has ended needs none
                    by_seed[seed_of(run, purpose)].bit_generator.state = state.streams[purpose]

    @property
    def places(self) -> Places:
        """Where each stream stands."""
        return {
            purpose: {seed: dict(rng.bit_generator.state) for seed, rng in by_seed.items()}
            for purpose, by_seed in self.streams.items()
        }

    def epochs(self, remaining: int) -> Iterator[Drawn]:
        """So many of them; the next one is drawn while the device works."""
        with ThreadPoolExecutor(1) as thread:
            drawn = thread.submit(self.draw) if remaining else None
            for left in reversed(range(remaining)):
                assert drawn is not None
                epoch = drawn.result()
                if left:
                    drawn = thread.submit(self.draw)
                yield epoch

    def draw(self) -> Drawn:
        """The next one."""
        order = self._drawn_order() if self.orders is None else next(self.orders)
        return Drawn(order, self._distorted_inputs(), self.places)

    def _drawn_order(self) -> Order:
        """Of one row where all runs have one seed for it."""
        streams, seeds = self.streams["order"], seeds_of(self.runs, "order")
        if len(streams) == 1:
            seeds = seeds[:1]
        order = np.empty((len(seeds), len(self.inputs)), np.int32)
        rows = {seed: [k for k, each in enumerate(seeds) if each == seed] for seed in streams}

        def draw(seed: int) -> None:
            order[rows[seed]] = streams[seed].permutation(len(self.inputs))

        if len(streams) == 1:
            draw(*streams)
        else:
            with ThreadPoolExecutor() as threads:
                list(threads.map(draw, streams))
        return order

    def _distorted_inputs(self) -> dict[int, Array]:
        """By seed; none where nothing is distorted."""
        if self.augment is None:
            return {}
        streams, found = self.streams["augmentation"], dict[int, Array]()
        for seed, rng in streams.items():
            # A copy: it is used while the next epoch's are made, perhaps in the same array.
            found[seed] = np.array(self.augment(rng, self.inputs), self.inputs.dtype)
            if found[seed].shape != self.inputs.shape:
                raise UserError(f"augment must keep the shape {self.inputs.shape}, got {found[seed].shape}")
        return found

"""Turns: one call of the device trains some of the runs for an epoch, and then the next ones.

On a processor each run has a turn of its own: a stack would be no faster there, and so a run's bits are the
same alone or in any stack. An accelerator trains all runs at once; those that have ended stay in the stack,
and nobody looks at them any more.
"""

import time
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from nnexp.nn.arrays import Array as HostArray
from nnexp.nn.arrays import PerRun
from nnexp.nn.batches import Order, group, seeds_of
from nnexp.nn.compiled import on_chip
from nnexp.nn.compiled.epoch import Part, Recipe, State, train_epoch
from nnexp.nn.compiled.evaluation import metrics_of, penalty, scores, weight_sums
from nnexp.nn.compiled.monitors import watch, weights_before
from nnexp.nn.compiled.network import Layers
from nnexp.nn.compiled.rates import Rates
from nnexp.nn.compiled.units import Array
from nnexp.nn.runlog import RunLog

PARTS = ("training", "validation", "test")


class Turn:
    """K runs that one call trains. `logs` and all arrays have the same order; `kept`: the layers that each
    run keeps so far."""

    def __init__(self, logs: Sequence[RunLog], state: State, kept: Layers, recipe: Recipe) -> None:
        self.logs, self.state, self.kept, self.recipe = logs, state, kept, recipe
        self.runs = [log.hyperparameters for log in logs]
        is_on_chip = on_chip.serves(self.runs, state.layers)
        self.pass_over = on_chip.train_epoch if is_on_chip else train_epoch

    @property
    def is_over(self) -> bool:
        """Whether all of its runs have ended."""
        return all(log.ended for log in self.logs)

    def epoch(
        self, epoch: int, order: Order, parts: Mapping[str, Part], images: Mapping[int, Array]
    ) -> dict[str, PerRun]:
        """Train one epoch (0: none), and evaluate if it is due. Returns metrics (K,) by name, NaN for runs
        that had ended before.

        `order`: (1, n), or a row for each of the caller's runs; `images`: distorted inputs by seed, if any.
        """
        remaining, n = [log for log in self.logs if not log.ended], order.shape[1]
        start = time.perf_counter()
        before = weights_before(self.runs[0], self.state.layers)
        if epoch:
            own = order if len(order) == 1 else order[[log.row for log in self.logs]]
            self.train_epoch(epoch, own, parts["training"], images)
            share_time(remaining, "seconds", start)
        start = time.perf_counter()
        columns, finite = self.evaluate(epoch, n, parts, before)
        share_time(remaining, "evaluation_seconds", start)
        took_part = np.array([not log.ended for log in self.logs])
        self._take_in(epoch, columns, finite)
        return {name: np.where(took_part, column, np.nan) for name, column in columns.items()}

    def train_epoch(self, epoch: int, order: Order, examples: Part, images: Mapping[int, Array]) -> None:
        """One pass over the examples, or over the runs' distorted images of them."""
        rates = epoch_rates(self.logs, epoch - 1, order.shape[1])
        if images:
            examples, order = distorted(examples, images, seeds_of(self.runs, "augmentation"), order)
        rows = jnp.asarray(order, jnp.int32)
        self.state = self.pass_over(self.state, examples, rows, rates, self.recipe)
        wait_for(self.state.layers)

    def evaluate(
        self, epoch: int, n: int, parts: Mapping[str, Part], before: Sequence[HostArray] | None
    ) -> tuple[dict[str, PerRun], NDArray[np.bool_]]:
        """Metrics (K,) by name, none if the epoch is not evaluated; and whether all parameters are finite.

        `n`: examples in an epoch; `before`: the weights before it, where a monitor asks for them.
        """
        common, layers = self.runs[0], self.state.layers
        every, weights = common.evaluate_every, weight_sums(layers)
        columns: dict[str, PerRun] = {}
        if epoch in (0, common.epochs) or (every and epoch % every == 0):
            names = PARTS if "test" in common.monitor else PARTS[:2]
            found = {name: scores(layers, parts[name], self.recipe.units) for name in names}
            for name in names:
                columns |= metrics_of(name, found[name], len(parts[name].labels))
            columns["penalty"] = penalty(self.runs, weights, n)
            shown = (parts["training"], parts["validation"], before)
            columns |= watch(common, self.recipe.units, layers, *shown)
        return columns, np.asarray(weights.finite)

    def _take_in(self, epoch: int, columns: Mapping[str, PerRun], finite: NDArray[np.bool_]) -> None:
        """Write the epoch into the logs of the runs that still train, and keep what they keep."""
        for k, log in enumerate(self.logs):
            if not log.ended:
                # In place of the parameters, which stay on the device: NaN if one is not finite.
                marker = np.array([0.0 if finite[k] else np.nan])
                log.add(epoch, marker, {name: float(column[k]) for name, column in columns.items()})
        keep = np.array([log.kept_epoch == epoch for log in self.logs])
        self.kept = chosen(keep, self.state.layers, self.kept)


def epoch_rates(logs: Sequence[RunLog], done: int, n: int) -> Rates:
    """The rates of the epoch that follows `done` passes, with n examples."""
    runs = [log.hyperparameters for log in logs]
    learning_rates = [log.learning_rate(done) for log in logs]
    return Rates.of(runs, learning_rates, [log.momentum(done) for log in logs], n)


def distorted(
    examples: Part, images: Mapping[int, Array], seeds: Sequence[int], order: Order
) -> tuple[Part, Order]:
    """The distorted copies of all examples that runs of these seeds see, and each run's order among them.

    Copy k has the indices k n to (k+1) n - 1.
    """
    distinct, copies = group(seeds)
    if len(distinct) == 1:
        return examples._replace(inputs=images[distinct[0]]), order
    several = [examples._replace(inputs=images[seed]) for seed in distinct]
    whole = Part(*(jnp.concatenate(arrays) for arrays in zip(*several, strict=True)))
    return whole, order + len(examples.labels) * np.array(copies)[:, np.newaxis]


@jax.jit
def chosen(rows: Array, layers: Layers, kept: Layers) -> Layers:
    """A copy of the layers in some rows, and of what was kept in the others."""

    def choose(new: Array, old: Array) -> Array:
        return jnp.where(rows[:, None, None], new, old)

    return jax.tree.map(choose, layers, kept)


def wait_for(layers: Layers) -> None:
    """Until the device has made them."""
    for W, b in layers:
        W.block_until_ready()
        b.block_until_ready()


def share_time(logs: Sequence[RunLog], clock: str, start: float) -> None:
    """Each run bears its part of the time since `start`."""
    share = (time.perf_counter() - start) / len(logs)
    for log in logs:
        setattr(log, clock, getattr(log, clock) + share)

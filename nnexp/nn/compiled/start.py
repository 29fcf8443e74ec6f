"""What goes onto the device before the first step, and the order of each epoch."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnexp.nn.batches import Order, seeds_of
from nnexp.nn.compiled.epoch import Part, State
from nnexp.nn.compiled.network import Layers
from nnexp.nn.compiled.optimizers import OPTIMIZERS
from nnexp.nn.compiled.units import Array
from nnexp.nn.examples import Examples
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Parameters
from nnexp.nn.state import RunState
from nnexp.nn.streams import Purpose, seed_of, stream

MASKS: tuple[Purpose, ...] = ("dropout", "input_dropout")


class Drawn(NamedTuple):
    """The order of an epoch, (1, n) for all runs or (K, n); and by seed, where its stream stood then. A
    caller's order has none."""

    order: Order
    streams: Mapping[int, dict[str, Any]] = {}


def first_state(runs: Sequence[Hyperparameters], parameters: Parameters) -> State:
    """The runs before their first step."""
    layers = layers_of(parameters)
    memory = {name: layers_of(zeros_like(parameters)) for name in remembered(runs)}
    masks = [name for name in MASKS if any(getattr(run, name) for run in runs)]
    keys: dict[str, Array] = {name: keys_of(runs, name) for name in masks}
    return State(layers, memory, jnp.zeros((), jnp.int32), keys)


def remembered(runs: Sequence[Hyperparameters]) -> list[str]:
    """What the optimizer remembers of such runs; without momentum there is no velocity."""
    has_velocity = any(run.momentum for run in runs)
    names = OPTIMIZERS[runs[0].optimizer].remembers
    return [name for name in names if name != "velocity" or has_velocity]


def layers_of(parameters: Parameters) -> Layers:
    """A copy on the device."""
    pairs = zip(parameters.weights, parameters.biases, strict=True)
    return [(jnp.array(W), jnp.array(b)) for W, b in pairs]


def zeros_like(parameters: Parameters) -> Parameters:
    """Of the same sizes, all zero."""
    return Parameters.zeros(parameters.sizes, len(parameters.flat), parameters.flat.dtype)


def keys_of(runs: Sequence[Hyperparameters], purpose: Purpose) -> Array:
    """The device's key of each run for one purpose (K,): the first draw from the run's own stream."""
    draws = [stream(seed_of(run, purpose), purpose).integers(2**32, size=2, dtype=np.uint32) for run in runs]
    keys: Array = jax.random.wrap_key_data(jnp.asarray(np.array(draws)), impl="threefry2x32")
    return keys


def part_of(examples: Examples, n_classes: int, dtype: str) -> Part:
    """The examples on the device."""
    targets = np.eye(n_classes, dtype=dtype)[examples.labels]
    inputs = jnp.asarray(np.asarray(examples.inputs, dtype))
    return Part(inputs, jnp.asarray(examples.labels.astype(np.int32)), jnp.asarray(targets))


def drawn_orders(
    runs: Sequence[Hyperparameters], n: int, resume: Sequence[RunState] | None = None
) -> Iterator[Drawn]:
    """Each epoch's order by the core's streams, of one row where all runs have one seed for it.

    `resume`: a state of each run, from whose epoch on orders are drawn.
    """
    seeds = seeds_of(runs, "order")
    streams = {seed: stream(seed, "order") for seed in seeds}
    for run, state in zip(runs, resume, strict=True) if resume else ():
        if "order" in state.streams:  # a run that has ended needs none
            streams[seed_of(run, "order")].bit_generator.state = state.streams["order"]
    if len(streams) == 1:
        seeds = seeds[:1]
    places = {seed: [k for k, each in enumerate(seeds) if each == seed] for seed in streams}
    with ThreadPoolExecutor() as threads:
        while True:
            order = np.empty((len(seeds), n), np.int32)

            def draw(seed: int, order: Order = order) -> None:
                order[places[seed]] = streams[seed].permutation(n)

            list(threads.map(draw, streams))
            yield Drawn(order, {seed: dict(rng.bit_generator.state) for seed, rng in streams.items()})


def drawn_ahead(orders: Iterator[Drawn], epochs: int) -> Iterator[Drawn]:
    """The orders of so many epochs; the next one is drawn while the device works."""
    with ThreadPoolExecutor(1) as thread:
        drawn = thread.submit(next, orders) if epochs else None
        for remaining in reversed(range(epochs)):
            assert drawn is not None
            order = drawn.result()
            if remaining:
                drawn = thread.submit(next, orders)
            yield order

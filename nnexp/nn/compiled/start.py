"""What goes onto the device before the first step, and the order of each epoch."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np

from nnexp.nn.batches import Order, seeds_of
from nnexp.nn.compiled.epoch import Part, State
from nnexp.nn.compiled.network import Layers
from nnexp.nn.compiled.optimizers import OPTIMIZERS
from nnexp.nn.compiled.units import Array
from nnexp.nn.examples import Data, Examples
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.start import first_parameters
from nnexp.nn.streams import Purpose, seed_of, stream
from nnexp.nn.validation import Initial

MASKS: tuple[Purpose, ...] = ("dropout", "input_dropout")


def first_state(runs: Sequence[Hyperparameters], data: Data, initial: Initial | None = None) -> State:
    """The runs before their first step."""
    parameters = first_parameters(runs, data, initial, None)
    pairs = zip(parameters.weights, parameters.biases, strict=True)
    layers: Layers = [(jnp.array(W), jnp.array(b)) for W, b in pairs]
    remembers = OPTIMIZERS[runs[0].optimizer].remembers
    if not any(run.momentum for run in runs):
        remembers = tuple(name for name in remembers if name != "velocity")
    memory = {name: jax.tree.map(jnp.zeros_like, layers) for name in remembers}
    return State(layers, memory, jnp.zeros((), jnp.int32), {name: keys_of(runs, name) for name in MASKS})


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


def drawn_orders(runs: Sequence[Hyperparameters], n: int) -> Iterator[Order]:
    """Each epoch's order, (1, n) where all runs have one seed for it, else (K, n), by the core's streams."""
    seeds = seeds_of(runs, "order")
    streams = {seed: stream(seed, "order") for seed in seeds}
    if len(streams) == 1:
        seeds = seeds[:1]
    places = {seed: [k for k, each in enumerate(seeds) if each == seed] for seed in streams}
    with ThreadPoolExecutor() as threads:
        while True:
            order = np.empty((len(seeds), n), np.int32)

            def draw(seed: int, order: Order = order) -> None:
                order[places[seed]] = streams[seed].permutation(n)

            list(threads.map(draw, streams))
            yield order

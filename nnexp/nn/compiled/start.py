"""What goes onto the device before the first step."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from nnexp.nn.arrays import aligned
from nnexp.nn.compiled.epoch import Part, State
from nnexp.nn.compiled.network import Layers
from nnexp.nn.compiled.optimizers import DAMPING, OPTIMIZERS, Memory
from nnexp.nn.compiled.units import Array
from nnexp.nn.examples import Examples
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Parameters
from nnexp.nn.streams import Purpose, seed_of, stream

MASKS: tuple[Purpose, ...] = ("dropout", "input_dropout")


def first_state(runs: Sequence[Hyperparameters], parameters: Parameters) -> State:
    """The runs before their first step."""
    layers = layers_of(parameters)
    memory: Memory = {name: layers_of(zeros_like(parameters)) for name in remembered(runs)}
    if runs[0].optimizer == "newton_cg":
        memory[DAMPING] = column_of([run.damping for run in runs], parameters)
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


def column_of(values: Sequence[float], parameters: Parameters) -> Array:
    """A number for each run, (K, 1, 1)."""
    return jnp.asarray(np.array(values, parameters.flat.dtype).reshape(-1, 1, 1))


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
    inputs = inputs_of(np.asarray(examples.inputs, dtype))
    return Part(inputs, jnp.asarray(examples.labels.astype(np.int32)), jnp.asarray(targets))


def inputs_of(images: NDArray[np.floating]) -> Array:
    """Images (n, d) on the device.

    A processor takes NumPy's own memory, if that begins on a cache line. Linux gives it in large pages, where
    the rows of a mini-batch, which lie anywhere, are found faster than in JAX's own.
    """
    if jax.default_backend() == "cpu":
        copy = aligned(images.shape, images.dtype)
        copy[...] = images
        return jax.device_put(copy, may_alias=True)
    return jnp.asarray(images)

"""An epoch as one compiled call: a scan over mini-batches, which are gathered inside it."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nnexp.nn.compiled.network import Layers, Masks, MiniBatch
from nnexp.nn.compiled.optimizers import OPTIMIZERS, Memory, limit_norms
from nnexp.nn.compiled.rates import Rates
from nnexp.nn.compiled.units import Array, Units


class State(NamedTuple):
    """K runs between two steps. `steps`: mini-batches so far; `keys (K,)`, by purpose, for the masks."""

    layers: Layers
    memory: Memory
    steps: Array
    keys: Mapping[str, Array]


class Part(NamedTuple):
    """Examples on the device: `inputs (n, d)`, `labels (n,)`, `targets (n, C)` one-hot."""

    inputs: Array
    labels: Array
    targets: Array


class Recipe(NamedTuple):
    """What is compiled: one function for each of these, and for each shape."""

    units: Units
    optimizer: str
    batch_size: int


@partial(jax.jit, static_argnames="recipe", donate_argnames="state")
def train_epoch(state: State, examples: Part, order: Array, rates: Rates, recipe: Recipe) -> State:
    """One pass over the examples in `order (K, n)`, or (1, n) for all runs. `state` is used up."""
    if len(order) == len(state.layers[0][0]) == 1:
        state, rates = without_axis(state), jax.tree.map(lambda array: array[0], rates)
    (S, n), B = order.shape, recipe.batch_size
    whole = n - n % B
    batches = order[:, :whole].reshape(S, -1, B).swapaxes(0, 1)

    def step(state: State, indices: Array) -> tuple[State, None]:
        return train_step(state, examples, indices, rates, recipe), None

    end, _ = jax.lax.scan(step, state, batches)
    if whole < n:  # the last mini-batch is short
        end = train_step(end, examples, order[:, whole:], rates, recipe)
    return end if end.layers[0][0].ndim == 3 else with_axis(end)


def without_axis(state: State) -> State:
    """One run without K in its arrays; the others have the same shapes as in a stack."""
    parts = {name: getattr(state, name) for name in ("layers", "memory", "keys")}
    return state._replace(**jax.tree.map(lambda array: array[0], parts))


def with_axis(state: State) -> State:
    """The same with it."""
    parts = {name: getattr(state, name) for name in ("layers", "memory", "keys")}
    return state._replace(**jax.tree.map(lambda array: array[None], parts))


def train_step(state: State, examples: Part, indices: Array, rates: Rates, recipe: Recipe) -> State:
    """One mini-batch: the examples `indices (K, B)`, or (1, B) for all runs."""
    rows = indices[0] if len(indices) == 1 else indices
    x, y = (jnp.take(array, rows, axis=0, mode="clip") for array in (examples.inputs, examples.targets))
    if rates.input_dropout is not None:
        x *= drawn_mask(state, "input_dropout", 0, x.shape[-2:], rates.input_dropout, x.dtype)
    masks: Masks = [None] * (len(state.layers) - 1)
    if rates.dropout is not None:
        shapes = [(x.shape[-2], W.shape[-2]) for W, _ in state.layers[:-1]]
        masks = [drawn_mask(state, "dropout", *each, rates.dropout, x.dtype) for each in enumerate(shapes)]
    batch = MiniBatch(x, y, recipe.units, masks)
    t, step = state.steps + 1, OPTIMIZERS[recipe.optimizer].step
    layers, memory = step(state.layers, batch, state.memory, rates, t)
    if rates.max_norm is not None:
        layers = limit_norms(layers, rates.max_norm)
    return State(layers, memory, t, state.keys)


def drawn_mask(
    state: State, purpose: str, layer: int, shape: tuple[int, ...], p: Array, dtype: jnp.dtype
) -> Array:
    """0 with the chance p, else 1 / (1 - p), (K, B, units): a run's masks do not depend on the stack."""

    def uniform(key: Array) -> Array:
        key = jax.random.fold_in(jax.random.fold_in(key, state.steps), layer)
        return jax.random.uniform(key, shape, jnp.float32)

    keys = state.keys[purpose]
    drawn = jax.vmap(uniform)(keys) if keys.ndim else uniform(keys)
    return (drawn >= p).astype(dtype) / (1 - p)
